/// A permission that a user may have within a company.
package struct Permission: Hashable, Sendable {
    package var key: PermissionKey
    package var name: String
    package var description: String

    package init(key: PermissionKey, name: String? = nil, description: String = "") {
        self.key = key
        self.name = name ?? key.rawValue
        self.description = description
    }
}

extension Permission: EntityValue {
    package init(_ reader: JSONReader) throws(GateError) {
        let members = try reader.members(["key", "name", "description"])
        self.init(
            key: try members.required("key").identifier(), name: try members["name"]?.text(longest: Company.longestName),
            description: try members["description"]?.text(longest: Flag.longestDescription) ?? "")
    }

    package var json: JSONValue { ["key": .string(key.rawValue), "name": .string(name), "description": .string(description)] }
}

/// A named set of permission keys.
package struct Role: Hashable, Sendable {
    package static let mostPermissions = 500

    package var name: RoleName
    package var description: String
    package private(set) var permissions: [PermissionKey]

    package init(name: RoleName, description: String = "", permissions: some Sequence<PermissionKey> = []) {
        self.name = name
        self.description = description
        self.permissions = Set(permissions).sorted()
    }
}

extension Role: EntityValue {
    package init(_ reader: JSONReader) throws(GateError) {
        let members = try reader.members(["name", "description", "permissions"])
        self.init(
            name: try members.required("name").identifier(), description: try members["description"]?.text(longest: Flag.longestDescription) ?? "",
            permissions: try members["permissions"]?.identifiers(atMost: Self.mostPermissions) ?? [])
    }

    package var json: JSONValue { ["name": .string(name.rawValue), "description": .string(description), "permissions": .strings(permissions)] }
}

/// What a user has within one company: explicit states of keys, and roles.
package struct User: Hashable, Sendable {
    package static let mostRoles = 50

    package var company: CompanyID
    package var id: UserID
    package var grants: Grants

    package init(company: CompanyID, id: UserID, grants: Grants = Grants()) {
        self.company = company
        self.id = id
        self.grants = grants
    }
}

/// Explicit states and roles, each a set: kept sorted.
package struct Grants: Hashable, Sendable {
    package struct State: Hashable, Sendable {
        package var key: PermissionKey
        package var enabled: Bool
    }

    package private(set) var states: [State]
    package private(set) var roles: [RoleName]

    package init(_ states: [PermissionKey: Bool] = [:], roles: some Sequence<RoleName> = []) {
        self.states = states.map { State(key: $0, enabled: $1) }.sorted { $0.key < $1.key }
        self.roles = Set(roles).sorted()
    }

    package var isEmpty: Bool { states.isEmpty && roles.isEmpty }

    /// The explicit state of a key; nil clears it.
    package subscript(key: PermissionKey) -> Bool? {
        get { states.first { $0.key == key }?.enabled }
        set {
            states.removeAll { $0.key == key }
            guard let newValue else { return }
            let place = states.firstIndex { key < $0.key } ?? states.endIndex
            states.insert(State(key: key, enabled: newValue), at: place)
        }
    }

    package mutating func set(_ role: RoleName, _ member: Bool) {
        roles.removeAll { $0 == role }
        guard member else { return }
        roles.insert(role, at: roles.firstIndex { role < $0 } ?? roles.endIndex)
    }
}

extension User: EntityValue {
    package init(_ reader: JSONReader) throws(GateError) {
        let members = try reader.members(["company_id", "user_id", "permissions", "roles"])
        var states: [PermissionKey: Bool] = [:]
        for (name, state) in try members["permissions"]?.members().all ?? [] {
            states[try PermissionKey(name, at: state.pointer)] = try state.bool()
        }
        guard states.count <= Role.mostPermissions else {
            throw GateError(
                .limitExceeded, "a user has at most \(Role.mostPermissions) explicit permission states", pointer: reader.pointer + "/permissions",
                limit: .init("permissions", provided: states.count, allowed: Role.mostPermissions))
        }
        self.init(
            company: try members.required("company_id").identifier(), id: try members.required("user_id").identifier(),
            grants: Grants(states, roles: try members["roles"]?.identifiers(atMost: Self.mostRoles) ?? []))
    }

    package var json: JSONValue {
        [
            "company_id": .string(company.rawValue), "user_id": .string(id.rawValue),
            "permissions": .object(JSONObject(grants.states.map { ($0.key.rawValue, .bool($0.enabled)) })), "roles": .strings(grants.roles),
        ]
    }
}
