/// The unit of rollout. `groups` (`qa`, `beta`, `enterprise` …) is a set: kept sorted.
package struct Company: Hashable, Sendable {
    package static let longestName = 200
    package static let mostGroups = 50

    package var id: CompanyID
    package var name: String
    package private(set) var groups: [GroupName]

    package init(id: CompanyID, name: String? = nil, groups: some Sequence<GroupName> = []) {
        self.id = id
        self.name = name ?? id.rawValue
        self.groups = Set(groups).sorted()
    }
}

extension Company: EntityValue {
    package init(_ reader: JSONReader) throws(GateError) {
        let members = try reader.members(["id", "name", "groups"])
        self.init(
            id: try members.required("id").identifier(), name: try members["name"]?.text(longest: Self.longestName),
            groups: try members["groups"]?.identifiers(atMost: Self.mostGroups) ?? [])
    }

    package var json: JSONValue { ["id": .string(id.rawValue), "name": .string(name), "groups": .strings(groups)] }
}
