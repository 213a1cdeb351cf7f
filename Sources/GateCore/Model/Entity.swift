/// A value that is stored, revisioned, put and deleted as a whole.
///
/// Its JSON is the one form it has everywhere: the API's body, the manifest's fields, the operation's bytes in the
/// change log, and what before and after are shown as.
package protocol EntityValue: Hashable, Sendable {
    /// - Throws: what is wrong, with a pointer; unknown members are refused.
    init(_ reader: JSONReader) throws(GateError)
    var json: JSONValue { get }
}

/// The kinds of entity. Each entity carries the revision that last changed it.
package enum EntityKind: String, Sendable, CaseIterable {
    case company
    case permission
    case role
    case flag
    case flagState = "flag_state"
    case hold
    case epoch
    case rollout
    case `guard`
    case gate
    case event
    case user
    case token
    case schedule
    case webhook
}

/// Which entity.
package enum EntityRef: Hashable, Sendable {
    case company(CompanyID)
    case permission(PermissionKey)
    case role(RoleName)
    case flag(FlagCode)
    case flagState(FlagCode, CompanyID)
    /// A flag-wide hold, or with a company that company's.
    case hold(FlagCode, CompanyID?)
    /// The time since a hold of the flag, or of the flag for a company, was last lifted.
    case epoch(FlagCode, CompanyID?)
    case rollout(FlagCode)
    case `guard`(FlagCode)
    case gate(GateName)
    case event(EventName)
    case user(CompanyID, UserID)
    case token(TokenID)
    case schedule(ScheduleID)
    case webhook(WebhookID)

    package var kind: EntityKind {
        switch self {
        case .company: .company
        case .permission: .permission
        case .role: .role
        case .flag: .flag
        case .flagState: .flagState
        case .hold: .hold
        case .epoch: .epoch
        case .rollout: .rollout
        case .guard: .guard
        case .gate: .gate
        case .event: .event
        case .user: .user
        case .token: .token
        case .schedule: .schedule
        case .webhook: .webhook
        }
    }

    /// The members that name the entity.
    package var identity: JSONObject {
        switch self {
        case .company(let id): ["id": .string(id.rawValue)]
        case .permission(let key): ["key": .string(key.rawValue)]
        case .role(let name): ["name": .string(name.rawValue)]
        case .flag(let code): ["code": .string(code.rawValue)]
        case .flagState(let flag, let company): ["flag": .string(flag.rawValue), "company_id": .string(company.rawValue)]
        case .hold(let flag, let company), .epoch(let flag, let company):
            ["flag": .string(flag.rawValue), "company_id": company.map { .string($0.rawValue) } ?? .null]
        case .rollout(let flag), .guard(let flag): ["flag": .string(flag.rawValue)]
        case .gate(let name): ["name": .string(name.rawValue)]
        case .event(let name): ["name": .string(name.rawValue)]
        case .user(let company, let user): ["company_id": .string(company.rawValue), "user_id": .string(user.rawValue)]
        case .token(let id): ["id": .string(id.rawValue)]
        case .schedule(let id): ["id": .string(id.rawValue)]
        case .webhook(let id): ["id": .string(id.rawValue)]
        }
    }

    /// `{"kind": …}` and the members that name it.
    package var json: JSONValue {
        .object(JSONObject([("kind", .string(kind.rawValue))] + identity.members.map { ($0.name, $0.value) }))
    }

    package init(_ reader: JSONReader) throws(GateError) {
        let members = try reader.members()
        switch try EntityKind(members.required("kind")) {
        case .company: self = .company(try members.required("id").identifier())
        case .permission: self = .permission(try members.required("key").identifier())
        case .role: self = .role(try members.required("name").identifier())
        case .flag: self = .flag(try members.required("code").identifier())
        case .flagState: self = .flagState(try members.required("flag").identifier(), try members.required("company_id").identifier())
        case .hold: self = .hold(try members.required("flag").identifier(), try members["company_id"]?.identifier())
        case .epoch: self = .epoch(try members.required("flag").identifier(), try members["company_id"]?.identifier())
        case .rollout: self = .rollout(try members.required("flag").identifier())
        case .guard: self = .guard(try members.required("flag").identifier())
        case .gate: self = .gate(try members.required("name").identifier())
        case .event: self = .event(try members.required("name").identifier())
        case .user: self = .user(try members.required("company_id").identifier(), try members.required("user_id").identifier())
        case .token: self = .token(try members.required("id").identifier())
        case .schedule: self = .schedule(try members.required("id").identifier())
        case .webhook: self = .webhook(try members.required("id").identifier())
        }
    }
}

extension EntityRef: CustomStringConvertible {
    package var description: String {
        switch self {
        case .company(let id): "company \(id)"
        case .permission(let key): "permission \(key)"
        case .role(let name): "role \(name)"
        case .flag(let code): "flag \(code)"
        case .flagState(let flag, let company): "flag \(flag) for company \(company)"
        case .hold(let flag, nil): "hold of flag \(flag)"
        case .hold(let flag, let company?): "hold of flag \(flag) for company \(company)"
        case .epoch(let flag, nil): "epoch of flag \(flag)"
        case .epoch(let flag, let company?): "epoch of flag \(flag) for company \(company)"
        case .rollout(let flag): "rollout of flag \(flag)"
        case .guard(let flag): "guard of flag \(flag)"
        case .gate(let name): "gate \(name)"
        case .event(let name): "event \(name)"
        case .user(let company, let user): "user \(user) of company \(company)"
        case .token(let id): "token \(id)"
        case .schedule(let id): "schedule \(id)"
        case .webhook(let id): "webhook \(id)"
        }
    }
}

extension EntityKind {
    package init(_ reader: JSONReader) throws(GateError) {
        guard let kind = EntityKind(rawValue: try reader.string()) else {
            throw GateError(.textInvalid, "\(reader.pointer) names no kind of entity", pointer: reader.pointer)
        }
        self = kind
    }
}

/// An entity with its value.
package indirect enum Entity: Hashable, Sendable {
    case company(Company)
    case permission(Permission)
    case role(Role)
    case flag(Flag)
    case flagState(FlagState)
    case hold(Hold)
    case epoch(Epoch)
    case rollout(Rollout)
    case `guard`(Guard)
    case gate(Gate)
    case event(EventDeclaration)
    case user(User)
    case token(Token)
    case schedule(Schedule)
    case webhook(Webhook)

    package var ref: EntityRef {
        switch self {
        case .company(let company): .company(company.id)
        case .permission(let permission): .permission(permission.key)
        case .role(let role): .role(role.name)
        case .flag(let flag): .flag(flag.code)
        case .flagState(let state): .flagState(state.flag, state.company)
        case .hold(let hold): .hold(hold.flag, hold.company)
        case .epoch(let epoch): .epoch(epoch.flag, epoch.company)
        case .rollout(let rollout): .rollout(rollout.flag)
        case .guard(let conditions): .guard(conditions.flag)
        case .gate(let gate): .gate(gate.name)
        case .event(let event): .event(event.name)
        case .user(let user): .user(user.company, user.id)
        case .token(let token): .token(token.id)
        case .schedule(let schedule): .schedule(schedule.id)
        case .webhook(let webhook): .webhook(webhook.id)
        }
    }

    private var value: any EntityValue {
        switch self {
        case .company(let value): value
        case .permission(let value): value
        case .role(let value): value
        case .flag(let value): value
        case .flagState(let value): value
        case .hold(let value): value
        case .epoch(let value): value
        case .rollout(let value): value
        case .guard(let value): value
        case .gate(let value): value
        case .event(let value): value
        case .user(let value): value
        case .token(let value): value
        case .schedule(let value): value
        case .webhook(let value): value
        }
    }

    package var json: JSONValue { value.json }

    /// What history shows: a token's digest stays out of it.
    package var shown: JSONValue {
        if case .schedule(let schedule) = self { return schedule.shown }
        guard case .token = self, case .object(var object) = json else { return json }
        object["digest"] = nil
        return .object(object)
    }

    package init(_ kind: EntityKind, _ reader: JSONReader) throws(GateError) {
        switch kind {
        case .company: self = .company(try Company(reader))
        case .permission: self = .permission(try Permission(reader))
        case .role: self = .role(try Role(reader))
        case .flag: self = .flag(try Flag(reader))
        case .flagState: self = .flagState(try FlagState(reader))
        case .hold: self = .hold(try Hold(reader))
        case .epoch: self = .epoch(try Epoch(reader))
        case .rollout: self = .rollout(try Rollout(reader))
        case .guard: self = .guard(try Guard(reader))
        case .gate: self = .gate(try Gate(reader))
        case .event: self = .event(try EventDeclaration(reader))
        case .user: self = .user(try User(reader))
        case .token: self = .token(try Token(reader))
        case .schedule: self = .schedule(try Schedule(reader))
        case .webhook: self = .webhook(try Webhook(reader))
        }
    }
}

/// What a change does to the state: the closed, self-contained enum that is stored, replayed and undone.
package enum Operation: Hashable, Sendable {
    case put(Entity)
    case delete(EntityRef)

    /// The version of the operations' form, stored with each change.
    package static let format: Int64 = 1

    package var ref: EntityRef {
        switch self {
        case .put(let entity): entity.ref
        case .delete(let ref): ref
        }
    }

    package var json: JSONValue {
        switch self {
        case .put(let entity): ["op": "put", "kind": .string(entity.ref.kind.rawValue), "value": entity.json]
        case .delete(let ref): ["op": "delete", "ref": ref.json]
        }
    }

    package init(_ reader: JSONReader) throws(GateError) {
        let members = try reader.members(["op", "kind", "value", "ref"])
        switch try members.required("op").string() {
        case "put": self = .put(try Entity(EntityKind(members.required("kind")), members.required("value")))
        case "delete": self = .delete(try EntityRef(members.required("ref")))
        default: throw GateError(.textInvalid, "\(reader.pointer)/op names no operation", pointer: reader.pointer + "/op")
        }
    }
}

extension EntityRef {
    /// The flag that it belongs to.
    package var flag: FlagCode? {
        switch self {
        case .flag(let code), .flagState(let code, _), .hold(let code, _), .epoch(let code, _), .rollout(let code), .guard(let code): code
        default: nil
        }
    }

    /// The company that it belongs to.
    package var company: CompanyID? {
        switch self {
        case .company(let id), .flagState(_, let id), .user(let id, _): id
        case .hold(_, let id), .epoch(_, let id): id
        default: nil
        }
    }
}
