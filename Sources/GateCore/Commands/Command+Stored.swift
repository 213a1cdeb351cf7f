/// Commands that can wait in a schedule, in the one form they are stored in.
extension Command {
    /// - Throws: `schedule_unsupported` for a command that cannot wait.
    func stored() throws(GateError) -> JSONValue {
        switch self {
        case .put(let entity):
            guard entity.ref.isSchedulable else { break }
            return ["put": ["kind": .string(entity.ref.kind.rawValue), "value": entity.json]]
        case .patch(let ref, let patch):
            guard ref.isSchedulable else { break }
            return ["patch": ["entity": ref.json, "value": patch]]
        case .delete(let ref):
            // What a hold stands for ends when somebody has looked, not by the clock.
            guard ref.isSchedulable, ref.kind != .hold else { break }
            return ["delete": ["entity": ref.json]]
        case .setStates(let flag, let companies, let groups):
            return ["set_states": ["flag": .string(flag.rawValue), "companies": Self.states(companies), "groups": Self.states(groups)]]
        case .setPermission(let company, let user, let key, let state):
            return [
                "set_permission": [
                    "company_id": .string(company.rawValue), "user_id": .string(user.rawValue), "permission": .string(key.rawValue),
                    "enabled": state.map { .bool($0) } ?? .null,
                ]
            ]
        case .setRole(let company, let user, let role, let member):
            return [
                "set_role": [
                    "company_id": .string(company.rawValue), "user_id": .string(user.rawValue), "role": .string(role.rawValue),
                    "member": .bool(member),
                ]
            ]
        case .rollout(let flag, let step):
            switch step {
            // Whether these may be done is asked of the figures at the time: nobody is there to ask then.
            case .advance, .complete: break
            case .start, .pause, .resume, .rollback: return ["rollout": ["flag": .string(flag.rawValue), "step": .string(step.name)]]
            }
        case .undo, .apply, .load, .trip, .run: break
        }
        throw GateError(
            .scheduleUnsupported,
            "this cannot wait: flags, states, placing a hold, permissions, roles, gates, companies, and a rollout's start, pause, resume and rollback can"
        )
    }

    /// - Throws: what is not of the stored form.
    init(stored: JSONValue) throws(GateError) {
        let members = try JSONReader(stored).members()
        guard let (name, reader) = members.all.first.map({ ($0.name, $0.reader) }) else { throw GateError(.textInvalid, "there is no command") }
        let content = try reader.members()
        switch name {
        case "put": self = .put(try Entity(EntityKind(content.required("kind")), content.required("value")))
        case "patch": self = .patch(try EntityRef(content.required("entity")), try content.required("value").value)
        case "delete": self = .delete(try EntityRef(content.required("entity")))
        case "set_states":
            self = .setStates(
                try content.required("flag").identifier(), companies: try Self.states(content.required("companies")),
                groups: try Self.states(content.required("groups")))
        case "set_permission":
            self = .setPermission(
                try content.required("company_id").identifier(), try content.required("user_id").identifier(),
                try content.required("permission").identifier(), try content["enabled"]?.bool())
        case "set_role":
            self = .setRole(
                try content.required("company_id").identifier(), try content.required("user_id").identifier(),
                try content.required("role").identifier(), try content.required("member").bool())
        case "rollout":
            let steps: [RolloutStep] = [.start, .pause, .resume, .rollback]
            let text = try content.required("step").string()
            guard let step = steps.first(where: { $0.name == text }) else { throw GateError(.textInvalid, "there is no step \(quoted(text))") }
            self = .rollout(try content.required("flag").identifier(), step)
        default: throw GateError(.textInvalid, "there is no command \(quoted(name))")
        }
    }

    private static func states<Name: Identifier>(_ reader: JSONReader) throws(GateError) -> [Name: Bool?] {
        var states: [Name: Bool?] = [:]
        for (name, state) in try reader.members().all {
            let enabled: Bool? = state.value == .null ? Optional.none : try state.bool()
            states.updateValue(enabled, forKey: try Name(name, at: state.pointer))
        }
        return states
    }
}

extension EntityRef {
    /// Whether a write of it can wait. Secrets are made when they are asked for, and a schedule does not make schedules.
    fileprivate var isSchedulable: Bool {
        switch self {
        case .token, .schedule, .webhook, .epoch: false
        default: true
        }
    }
}
