/// What somebody asks to be changed. A command is planned, by a pure function of a snapshot, into operations.
package enum Command: Sendable {
    /// Replace or create an entity as a whole.
    case put(Entity)
    /// Change members of an entity: JSON merge patch (RFC 7396).
    case patch(EntityRef, JSONValue)
    /// Remove an entity: clear a state, lift a hold, revoke a token, delete a definition.
    case delete(EntityRef)
    /// Set (or with nil clear) the states of one flag for several companies, named or by group.
    case setStates(FlagCode, companies: [CompanyID: Bool?], groups: [GroupName: Bool?])
    /// Set (or with nil clear) one explicit permission state of a user.
    case setPermission(CompanyID, UserID, PermissionKey, Bool?)
    /// Give a user a role, or take it.
    case setRole(CompanyID, UserID, RoleName, Bool)
    /// Restore what a change replaced.
    case undo(Change, force: Bool)
    /// Make the state what manifests say.
    case apply([Entity], prune: Bool, force: Bool, expecting: String?)
    /// Put many entities at once.
    case load([Entity])
    /// Take a step of a flag's rollout.
    case rollout(FlagCode, RolloutStep)
    /// What a guard does: a hold, of the flag or of the flag for one company, unless one stands or the epoch is another by now.
    case trip(Trip)
    /// Do what a schedule says.
    case run(ScheduleID, isOverdue: Bool)

    /// What a guard's detector decided.
    package struct Trip: Sendable {
        package var flag: FlagCode
        /// Nil for the whole flag.
        package var company: CompanyID?
        /// The epochs in which it was decided.
        package var flagEpoch: Revision
        package var companyEpoch: Revision
        /// The numbers, for the history.
        package var numbers: JSONValue

        package init(flag: FlagCode, company: CompanyID?, flagEpoch: Revision, companyEpoch: Revision, numbers: JSONValue) {
            self.flag = flag
            self.company = company
            self.flagEpoch = flagEpoch
            self.companyEpoch = companyEpoch
            self.numbers = numbers
        }
    }

    /// What is written into the change, for people and for the history's filters.
    package var json: JSONValue {
        switch self {
        case .put(let entity): ["command": "put", "entity": entity.ref.json]
        case .patch(let ref, let patch): ["command": "patch", "entity": ref.json, "patch": patch]
        case .delete(let ref): ["command": "delete", "entity": ref.json]
        case .setStates(let flag, let companies, let groups):
            [
                "command": "set_states", "flag": .string(flag.rawValue),
                "companies": Self.states(companies), "groups": Self.states(groups),
            ]
        case .setPermission(let company, let user, let key, let state):
            [
                "command": "set_permission", "company_id": .string(company.rawValue), "user_id": .string(user.rawValue),
                "permission": .string(key.rawValue), "enabled": state.map { .bool($0) } ?? .null,
            ]
        case .setRole(let company, let user, let role, let member):
            [
                "command": "set_role", "company_id": .string(company.rawValue), "user_id": .string(user.rawValue),
                "role": .string(role.rawValue), "member": .bool(member),
            ]
        case .undo(let change, let force): ["command": "undo", "revision": .integer(change.revision), "force": .bool(force)]
        case .apply(let entities, let prune, let force, _):
            ["command": "apply", "entities": .integer(Int64(entities.count)), "prune": .bool(prune), "force": .bool(force)]
        case .load(let entities): ["command": "import", "entities": .integer(Int64(entities.count))]
        case .rollout(let flag, let step): step.json.merging(["command": "rollout", "flag": .string(flag.rawValue)])
        case .trip(let trip):
            [
                "command": "trip", "flag": .string(trip.flag.rawValue), "company_id": trip.company.map { .string($0.rawValue) } ?? .null,
                "numbers": trip.numbers,
            ]
        case .run(let id, let isOverdue): ["command": "run_schedule", "schedule": .string(id.rawValue), "overdue": .bool(isOverdue)]
        }
    }

    static func states<Name: Identifier>(_ states: [Name: Bool?]) -> JSONValue {
        .object(JSONObject(states.sorted { $0.key < $1.key }.map { ($0.key.rawValue, $0.value.map { .bool($0) } ?? .null) }))
    }
}
