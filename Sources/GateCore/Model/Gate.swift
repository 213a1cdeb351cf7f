/// One question over permissions and flags: allowed when all of them are true.
package struct Gate: Hashable, Sendable {
    package static let mostClauses = 32

    package var name: GateName
    package var description: String
    /// Asked first, in this order.
    package var permissions: [PermissionKey]
    /// Asked then, in this order.
    package var flags: [FlagCode]

    package init(name: GateName, description: String = "", permissions: [PermissionKey] = [], flags: [FlagCode] = []) {
        self.name = name
        self.description = description
        self.permissions = permissions
        self.flags = flags
    }
}

extension Gate: EntityValue {
    package init(_ reader: JSONReader) throws(GateError) {
        let members = try reader.members(["name", "description", "permissions", "flags"])
        self.init(
            name: try members.required("name").identifier(), description: try members["description"]?.text(longest: Flag.longestDescription) ?? "",
            permissions: try members["permissions"]?.identifiers(atMost: Self.mostClauses) ?? [],
            flags: try members["flags"]?.identifiers(atMost: Self.mostClauses) ?? [])
        guard !permissions.isEmpty || !flags.isEmpty else {
            throw GateError(.gateEmpty, "a gate needs at least one permission or flag", pointer: reader.pointer)
        }
    }

    package var json: JSONValue {
        ["name": .string(name.rawValue), "description": .string(description), "permissions": .strings(permissions), "flags": .strings(flags)]
    }
}
