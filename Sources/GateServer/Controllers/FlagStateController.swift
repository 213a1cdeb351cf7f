import GateCore
import HTTPTypes
import HashTreeCollections
import Hummingbird

/// A flag's states for companies, and its holds.
enum FlagStateController {
    private static let flag = "/v1/admin/flags/{code}"

    static let endpoints: [Endpoint] = [
        Endpoint(.get, "/v1/admin/groups", .read, "Every group of companies, with its size", answers: .list(of: "Group")) { call in
            var sizes: [GroupName: Int64] = [:]
            for record in call.snapshot.companies.values { for group in record.company.groups { sizes[group, default: 0] += 1 } }
            let groups = sizes.sorted { $0.key < $1.key }
            return Reply(["data": .array(groups.map { ["name": .string($0.key.rawValue), "companies": .integer($0.value)] })])
        },
        Endpoint(.get, "\(flag)/dependents", .read, "The flags and gates that refer to a flag", answers: .list(of: "EntityRef")) { call in
            let code = try existing(call)
            return Reply(["data": .array(call.snapshot.dependents(of: code).map(\.json))])
        },
        .list("\(flag)/companies", "A flag's state and value for every registered company", of: "CompanyState", parameters: ["state"]) { call in
            let code = try existing(call)
            let filter = try stateFilter(call.query["state"])
            let records = call.snapshot.companies.values.filter { filter(call.snapshot.cell(code, $0.company.id)?.enabled) }
            let items = records.map { (name: $0.company.id.rawValue, item: row(call.snapshot, code, $0)) }
            return .list(try Page(items.sorted { $0.name < $1.name }, call.query))
        },
        .write(
            .patch, "\(flag)/companies", .operate, "Sets or clears a flag for several companies or groups, as one change",
            takes: .patch("FlagStates"), isAboutOne: false
        ) { call in
            let (reader, body) = try await call.json()
            let members = try reader.members(["companies", "groups"])
            let command = Command.setStates(
                try call.parameter("code"), companies: try states(members, "companies", CompanyID.self),
                groups: try states(members, "groups", GroupName.self))
            return try await call.write(command, body: body)
        },
        Endpoint(
            .get, "\(flag)/companies/{company}", .read, "A flag's explicit state for a company", answers: "Enabled", manners: [.revisioned]
        ) { call in
            try call.entity(try state(call)) { ["enabled": $0["enabled"] ?? .null] }
        },
        .write(.put, "\(flag)/companies/{company}", .operate, "Sets a flag for a company", takes: "Enabled") { call in
            let (reader, body) = try await call.json()
            let ref = try state(call)
            _ = try reader.members(["enabled"])
            let entity = try Entity(.flagState, EntityController.naming(reader, ref))
            return try await call.write(.put(entity), about: ref, body: body)
        },
        .write(.delete, "\(flag)/companies/{company}", .operate, "Clears a flag's explicit state for a company") { call in
            let ref = try state(call)
            return try await call.write(.delete(ref), about: ref)
        },
        Endpoint(.get, "\(flag)/holds", .read, "The holds of a flag", answers: .list(of: "Hold")) { call in
            let code = try existing(call)
            let wide = call.snapshot.entity(.hold(code, nil)).entity
            let companies = call.snapshot.companies.keys.sorted().compactMap { call.snapshot.entity(.hold(code, $0)).entity }
            return Reply(["data": .array(([wide].compactMap { $0 } + companies).map(\.json))])
        },
        .write(
            .put, "\(flag)/holds", .operate, "Holds a flag: it is false for every company until it is resumed", takes: .optional("Nothing"),
            deferring: .later
        ) { call in
            try await hold(call, .hold(try call.parameter("code"), nil))
        },
        .write(.delete, "\(flag)/holds", .operate, "Resumes a flag", deferring: .never) { call in
            let ref = EntityRef.hold(try call.parameter("code"), nil)
            return try await call.write(.delete(ref), about: ref)
        },
        .write(.put, "\(flag)/holds/{company}", .operate, "Holds a flag for one company", takes: .optional("Nothing"), deferring: .later) { call in
            try await hold(call, .hold(try call.parameter("code"), try call.parameter("company")))
        },
        .write(.delete, "\(flag)/holds/{company}", .operate, "Resumes a flag for one company", deferring: .never) { call in
            let ref = EntityRef.hold(try call.parameter("code"), try call.parameter("company"))
            return try await call.write(.delete(ref), about: ref)
        },
    ]

    private static func existing(_ call: Call) throws(GateError) -> FlagCode {
        let code: FlagCode = try call.parameter("code")
        guard call.snapshot.flags[code] != nil else { throw Planner.unknown(.flag(code)) }
        return code
    }

    private static func state(_ call: Call) throws(GateError) -> EntityRef {
        .flagState(try call.parameter("code"), try call.parameter("company"))
    }

    private static func hold(_ call: Call, _ ref: EntityRef) async throws -> Reply {
        let (reader, body) = try await call.json(emptyIsObject: true)
        _ = try reader.members([])
        return try await call.write(.put(try Entity(.hold, EntityController.naming(reader, ref))), about: ref, body: body)
    }

    private static func stateFilter(_ text: String?) throws(GateError) -> (Bool?) -> Bool {
        switch text {
        case nil: { _ in true }
        case "on": { $0 == true }
        case "off": { $0 == false }
        case "none": { $0 == nil }
        default: throw GateError(.parameterInvalid, "the parameter state must be on, off or none")
        }
    }

    private static func row(_ state: Snapshot, _ code: FlagCode, _ record: CompanyRecord) -> JSONValue {
        let verdict = state.verdict(code, record)
        let cell = state.cell(code, record.company.id)
        return [
            "company_id": .string(record.company.id.rawValue), "enabled": cell?.enabled.map { .bool($0) } ?? .null,
            "held": .bool(cell.map { $0.heldAt != 0 } ?? false), "value": .bool(verdict.value), "reason": .string(verdict.reason.rawValue),
        ]
    }

    /// `{"acme": {"enabled": true}, "umbrella": null}`: null clears.
    private static func states<Name: Identifier>(_ members: JSONMembers, _ name: String, _ type: Name.Type) throws(GateError) -> [Name: Bool?] {
        var states: [Name: Bool?] = [:]
        for (key, reader) in try members[name]?.members().all ?? [] {
            let key = try Name(key, at: reader.pointer)
            states[key] = .some(reader.value == .null ? nil : try reader.members(["enabled"]).required("enabled").bool())
        }
        return states
    }
}
