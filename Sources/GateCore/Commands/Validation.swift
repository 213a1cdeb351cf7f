import HashTreeCollections

/// The rules between entities. Each is checked on the state as it would be after the change.
struct Validation {
    let base: Snapshot
    let wanted: [EntityRef: Entity?]

    private func exists(_ ref: EntityRef) -> Bool {
        if let value = wanted[ref] { value != nil } else { base.entity(ref).entity != nil }
    }

    private func require(_ ref: EntityRef, _ pointer: String? = nil) throws(GateError) {
        guard exists(ref) else { throw Planner.unknown(ref).with { $0.pointer = pointer } }
    }

    /// References exist, names are free, and nothing goes that others stand on.
    func check(_ changes: [EntityChange]) throws(GateError) {
        for change in changes {
            if let after = change.after { try checkReferences(of: after) } else { try checkDependents(of: change.ref) }
        }
    }

    private func checkReferences(of entity: Entity) throws(GateError) {
        switch entity {
        case .flag(let flag):
            if exists(.gate(GateName(unchecked: flag.code.rawValue))) {
                throw GateError(.nameTaken, "\(flag.code) is the name of a gate: flags and gates share one namespace")
            }
            for (index, code) in flag.prerequisites.enumerated() { try require(.flag(code), "/prerequisites/\(index)") }
        case .gate(let gate):
            if exists(.flag(FlagCode(unchecked: gate.name.rawValue))) {
                throw GateError(.nameTaken, "\(gate.name) is the code of a flag: flags and gates share one namespace")
            }
            for (index, key) in gate.permissions.enumerated() { try require(.permission(key), "/permissions/\(index)") }
            for (index, code) in gate.flags.enumerated() { try require(.flag(code), "/flags/\(index)") }
        case .role(let role):
            for (index, key) in role.permissions.enumerated() { try require(.permission(key), "/permissions/\(index)") }
        case .flagState(let state):
            try require(.flag(state.flag))
            try require(.company(state.company))
        case .hold(let hold):
            try require(.flag(hold.flag))
            if let company = hold.company { try require(.company(company)) }
        case .epoch(let epoch):
            try require(.flag(epoch.flag))
            if let company = epoch.company { try require(.company(company)) }
        case .rollout(let rollout):
            try require(.flag(rollout.flag))
            for (index, stage) in rollout.stages.enumerated() {
                for (place, company) in stage.companies.enumerated() { try require(.company(company), "/stages/\(index)/companies/\(place)") }
            }
        case .guard(let conditions):
            try require(.flag(conditions.flag))
            for (event, pointer) in conditions.eventPlaces { try require(.event(event), pointer) }
        case .user(let user):
            try require(.company(user.company))
            // States of keys and roles that were there before stay, so that a write of one never fails on another.
            for state in user.grants.states { try require(.permission(state.key), "/permissions/\(state.key)") }
            for (index, role) in user.grants.roles.enumerated() { try require(.role(role), "/roles/\(index)") }
        case .event(let event): try checkLabel(of: event)
        case .company, .permission, .token, .schedule, .webhook: break
        }
    }

    /// No two events have one label, after the change.
    private func checkLabel(of event: EventDeclaration) throws(GateError) {
        guard let label = event.label else { return }
        var others = base.eventTypes.values.map(\.value).filter { wanted[.event($0.name)] == nil }
        others += wanted.values.compactMap { if case .event(let other)? = $0 { other } else { nil } }
        if let other = others.first(where: { $0.label == label && $0.name != event.name }) {
            throw GateError(.nameTaken, "the label of \(event.name) is that of \(other.name): each may name one event", pointer: "/label")
        }
    }

    private func checkDependents(of ref: EntityRef) throws(GateError) {
        let dependents: [EntityRef] =
            switch ref {
            case .flag(let code): remaining(base.dependents(of: code)) { $0.names(code) }
            case .permission(let key): remaining(base.dependents(of: key)) { $0.names(key) }
            case .role(let name): remaining(base.dependents(of: name)) { $0.names(name) }
            case .company(let id): remaining(base.dependents(of: id)) { $0.names(id) }
            case .event(let name): remaining(base.dependents(of: name)) { $0.names(name) }
            default: []
            }
        guard dependents.isEmpty else {
            throw GateError(.hasDependents, "\(ref) cannot be deleted: \(dependents.count) others depend on it")
                .with { $0.dependents = Array(dependents.prefix(Impact.named)) }
        }
    }

    /// Those that still refer to it after the change, and those that the change makes refer to it.
    private func remaining(_ found: [EntityRef], _ refers: (Entity) -> Bool) -> [EntityRef] {
        let kept = found.filter { ref in
            guard let after = wanted[ref] else { return true }
            return after.map(refers) ?? false
        }
        let added = wanted.compactMap { ref, after in after.map(refers) == true && !kept.contains(ref) ? ref : nil }
        return (kept + added).sorted { $0.description < $1.description }
    }

    /// No cycles, no more than the allowed depth and size of trace: for every flag whose graph the change touched.
    static func checkGraph(_ state: Snapshot, _ changes: [EntityChange]) throws(GateError) {
        for change in changes {
            guard case .flag(let flag) = change.after, case .flag(let code) = change.ref else { continue }
            if case .flag(let before) = change.before, before.prerequisites == flag.prerequisites { continue }
            if let cycle = state.cycle(from: code) {
                throw GateError(
                    .prerequisiteCycle, "a flag cannot stand on itself: \(cycle.map(\.rawValue).joined(separator: " → "))", pointer: "/prerequisites"
                )
                .with { $0.cycle = cycle }
            }
        }
        var measured: [FlagCode: (depth: Int, size: Int)] = [:]
        for change in changes {
            guard case .flag(let code) = change.ref, let entry = state.flags[code] else { continue }
            for affected in [code] + entry.dependents.compactMap({ state.flags[$0]?.flag.code }) {
                let (depth, size) = state.measure(affected, &measured)
                guard depth <= Flag.deepestPrerequisites else {
                    throw GateError(
                        .prerequisitesTooDeep, "the prerequisites of \(affected) would be \(depth) deep: at most \(Flag.deepestPrerequisites)",
                        pointer: "/prerequisites", limit: .init("prerequisite_depth", provided: depth, allowed: Flag.deepestPrerequisites))
                }
                guard size <= Flag.largestTrace else {
                    throw GateError(
                        .limitExceeded, "the trace of \(affected) would have \(size) entries: at most \(Flag.largestTrace)",
                        pointer: "/prerequisites", limit: .init("trace_entries", provided: size, allowed: Flag.largestTrace))
                }
            }
        }
    }
}

extension Entity {
    fileprivate func names(_ code: FlagCode) -> Bool {
        switch self {
        case .flag(let flag): flag.prerequisites.contains(code)
        case .gate(let gate): gate.flags.contains(code)
        default: false
        }
    }

    fileprivate func names(_ key: PermissionKey) -> Bool {
        switch self {
        case .role(let role): role.permissions.contains(key)
        case .gate(let gate): gate.permissions.contains(key)
        case .user(let user): user.grants[key] != nil
        default: false
        }
    }

    fileprivate func names(_ company: CompanyID) -> Bool {
        if case .rollout(let rollout) = self { rollout.stages.contains { $0.companies.contains(company) } } else { false }
    }

    fileprivate func names(_ event: EventName) -> Bool {
        if case .guard(let conditions) = self { conditions.eventPlaces.contains { $0.event == event } } else { false }
    }

    fileprivate func names(_ role: RoleName) -> Bool {
        if case .user(let user) = self { user.grants.roles.contains(role) } else { false }
    }
}

extension Snapshot {
    /// The flags and gates that refer to a flag directly.
    package func dependents(of code: FlagCode) -> [EntityRef] {
        flags.order.compactMap { flags[$0]?.flag }.filter { $0.prerequisites.contains(code) }.map { .flag($0.code) }
            + gates.values.filter { $0.value.flags.contains(code) }.map { .gate($0.value.name) }.sorted { $0.description < $1.description }
    }

    /// The rollouts that name a company.
    package func dependents(of company: CompanyID) -> [EntityRef] {
        flags.order.compactMap { flags[$0]?.rollout?.value }.filter { $0.stages.contains { $0.companies.contains(company) } }.map {
            .rollout($0.flag)
        }
    }

    /// The guards that count an event.
    package func dependents(of event: EventName) -> [EntityRef] {
        flags.order.compactMap { flags[$0]?.conditions?.value }.filter { $0.eventPlaces.contains { $0.event == event } }.map { .guard($0.flag) }
    }

    /// The roles, gates and users that refer to a permission. Looks at every user.
    package func dependents(of key: PermissionKey) -> [EntityRef] {
        roles.values.filter { $0.value.permissions.contains(key) }.map { .role($0.value.name) }
            + gates.values.filter { $0.value.permissions.contains(key) }.map { .gate($0.value.name) }
            + usersWhere { $0[key] != nil }
    }

    /// The users who hold a role. Looks at every user.
    package func dependents(of role: RoleName) -> [EntityRef] { usersWhere { $0.roles.contains(role) } }

    private func usersWhere(_ condition: (Grants) -> Bool) -> [EntityRef] {
        users.flatMap { company, members in members.filter { condition($0.value.grants) }.map { .user(company, $0.key) } }
    }

    /// A way from the flag through prerequisites back to itself, if there is one.
    fileprivate func cycle(from start: FlagCode) -> [FlagCode]? {
        var done: Set<FlagCode> = []
        func search(_ code: FlagCode, _ way: [FlagCode]) -> [FlagCode]? {
            for next in flags[code]?.flag.prerequisites ?? [] {
                if next == start { return way + [start] }
                if done.insert(next).inserted, let found = search(next, way + [next]) { return found }
            }
            return nil
        }
        return search(start, [start])
    }

    /// How deep a flag's prerequisites go (0 without any), and how many entries its trace has. Free of cycles by now.
    fileprivate func measure(_ code: FlagCode, _ known: inout [FlagCode: (depth: Int, size: Int)]) -> (depth: Int, size: Int) {
        if let result = known[code] { return result }
        var result = (depth: 0, size: 1)
        for prerequisite in flags[code]?.flag.prerequisites ?? [] {
            let (depth, size) = measure(prerequisite, &known)
            result = (max(result.depth, depth + 1), min(result.size + size, 1_000_000))
        }
        known[code] = result
        return result
    }
}
