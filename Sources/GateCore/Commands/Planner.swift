import HashTreeCollections

/// Turns a command into operations, on one state, without changing it. The same code answers a dry run and does the write.
package struct Planner {
    /// When an entity was last changed, and whether manifests did it.
    package struct Touch: Sendable {
        package var revision: Revision
        package var byApply: Bool

        package init(revision: Revision, byApply: Bool) {
            self.revision = revision
            self.byApply = byApply
        }
    }

    /// What planning needs to know beside the state.
    package struct Context {
        package var authority: Authority
        /// Whether a state may be written for a company that is not registered, which registers it.
        package var newCompany: Bool
        /// The last change of an entity that is absent or off now. Asked only by `apply`.
        package var lastTouch: (EntityRef) throws(GateError) -> Touch?
        /// The time that stages begin at, and that schedules are counted from.
        package var now: Timestamp
        /// When it is to be done or undone, other than now.
        package var deferral: Deferral?
        /// Who asks and why, and the id for a schedule: what a schedule keeps.
        package var actor = ""
        package var reason = ""
        package var scheduleID = ScheduleID(unchecked: "s")

        package init(
            authority: Authority, newCompany: Bool = false, now: Timestamp = Timestamp(microseconds: 0),
            lastTouch: @escaping (EntityRef) throws(GateError) -> Touch? = { _ in nil }
        ) {
            self.authority = authority
            self.newCompany = newCompany
            self.now = now
            self.lastTouch = lastTouch
        }
    }

    let base: Snapshot
    let context: Context
    /// The values that the command wants, nil for absent; what it does not name stays as it is.
    var wanted: [EntityRef: Entity?] = [:]
    var subject: EntityRef?

    /// - Throws: what the rules refuse; the state is as it was.
    package static func plan(_ command: Command, on base: Snapshot, _ context: Context) throws(GateError) -> Plan {
        if case .run(let id, let isOverdue) = command { return try run(id, isOverdue: isOverdue, on: base, context) }
        var immediately = context
        immediately.deferral = nil
        if case .at(let moment) = context.deferral { return try schedule(command, at: moment, on: base, immediately) }
        var planner = Planner(base: base, context: immediately)
        try planner.draft(command)
        var plan = try planner.finish()
        if case .lasting(let span) = context.deferral { plan = try planner.withInverse(of: plan, after: span) }
        try context.authority.check(plan.changes, flips: plan.impact.flips)
        if case .apply(_, _, _, let expected?) = command, expected != plan.hash {
            throw GateError(.planChanged, "the state has changed since that plan was made: plan again (the plan is now \(plan.hash))")
        }
        return plan
    }

    init(base: Snapshot, context: Context) {
        self.base = base
        self.context = context
    }

    private func current(_ ref: EntityRef) -> Entity? {
        if let value = wanted[ref] { value } else { base.entity(ref).entity }
    }

    // MARK: Drafting

    mutating func draft(_ command: Command) throws(GateError) {
        switch command {
        case .put(let entity):
            subject = entity.ref
            try want(asDefined(entity))
        case .patch(let ref, let patch):
            subject = ref
            guard let entity = current(ref) else { throw Self.unknown(ref) }
            let patched = try Entity(ref.kind, JSONReader(entity.json.merging(patch)))
            guard patched.ref == ref else { throw GateError(.textInvalid, "a patch cannot rename \(ref)", pointer: "") }
            try checkProgress(patched)
            try want(patched)
        case .delete(let ref):
            subject = ref
            try remove(ref)
        case .setStates(let flag, let companies, let groups): try setStates(flag, companies, groups)
        case .setPermission(let company, let user, let key, let state):
            guard base.permissions[key] != nil || state == nil else { throw Self.unknown(.permission(key)) }
            try editUser(company, user) { $0[key] = state }
        case .setRole(let company, let user, let role, let member):
            guard base.roles[role] != nil || !member else { throw Self.unknown(.role(role)) }
            try editUser(company, user) { $0.set(role, member) }
        case .undo(let change, let force): try undo(change, force: force)
        case .apply(let entities, let prune, let force, _): try apply(entities, prune: prune, force: force)
        case .load(let entities): for entity in Self.companiesFirst(entities) { try want(entity) }
        case .rollout(let flag, let step): try take(step, of: flag)
        case .trip(let trip): try carryOut(trip)
        case .run: throw GateError(.unexpected, "a schedule is run by itself")
        }
    }

    private mutating func want(_ entity: Entity) throws(GateError) {
        switch entity {
        case .flagState(let state): try register(state.company)
        case .hold(let hold): if let company = hold.company { try register(company) }
        case .user(let user):
            try register(user.company)
            try Self.checkLimits(user)
            if user.grants.isEmpty { return wanted[entity.ref] = .some(nil) }
        default: break
        }
        wanted[entity.ref] = entity
    }

    /// The limits that `User` is read back with: states and roles also come one by one.
    private static func checkLimits(_ user: User) throws(GateError) {
        let (states, roles) = (user.grants.states.count, user.grants.roles.count)
        guard states <= Role.mostPermissions else {
            throw GateError(
                .limitExceeded, "a user has at most \(Role.mostPermissions) explicit permission states",
                limit: .init("permissions", provided: states, allowed: Role.mostPermissions))
        }
        guard roles <= User.mostRoles else {
            throw GateError(
                .limitExceeded, "a user has at most \(User.mostRoles) roles",
                limit: .init("roles", provided: roles, allowed: User.mostRoles))
        }
    }

    /// A typing error must never look like a rollback: writing for a company that nobody knows is refused, unless asked for.
    private mutating func register(_ company: CompanyID) throws(GateError) {
        guard current(.company(company)) == nil else { return }
        guard context.newCompany else { throw Self.unknown(.company(company)) }
        wanted[.company(company)] = .company(Company(id: company))
    }

    private mutating func remove(_ ref: EntityRef) throws(GateError) {
        guard current(ref) != nil else {
            switch ref {
            // Clearing what is not there changes nothing, as long as the things it is about exist.
            case .flagState(let flag, let company):
                guard base.flags[flag] != nil else { throw Self.unknown(.flag(flag)) }
                guard base.companies[company] != nil else { throw Self.unknown(.company(company)) }
            case .hold(let flag, let company):
                guard base.flags[flag] != nil else { throw Self.unknown(.flag(flag)) }
                if let company, base.companies[company] == nil { throw Self.unknown(.company(company)) }
            default: throw Self.unknown(ref)
            }
            // It is a write all the same: it cancels what was to take an earlier one back.
            wanted[ref] = .some(nil)
            return
        }
        switch ref {
        case .flag(let code): try removeParts(ofFlag: code)
        case .company(let id): try removeParts(ofCompany: id)
        case .hold(let flag, let company): wanted[.epoch(flag, company)] = .epoch(Epoch(flag: flag, company: company))
        default: break
        }
        wanted[ref] = .some(nil)
    }

    private mutating func removeParts(ofFlag code: FlagCode) throws(GateError) {
        guard base.flags[code]?.heldAt == 0 else { throw GateError(.held, "flag \(code) is held: resume it before it is deleted") }
        for record in base.companies.values {
            guard let cell = base.cell(code, record.company.id) else { continue }
            guard cell.heldAt == 0 else {
                throw GateError(.held, "flag \(code) is held for company \(record.company.id): resume it before it is deleted")
            }
            removePresent(.flagState(code, record.company.id), .epoch(code, record.company.id))
        }
        removePresent(.epoch(code, nil), .rollout(code), .guard(code))
    }

    private mutating func removePresent(_ refs: EntityRef...) {
        for ref in refs where base.entity(ref).entity != nil { wanted[ref] = .some(nil) }
    }

    private mutating func removeParts(ofCompany id: CompanyID) throws(GateError) {
        guard let record = base.companies[id] else { return }
        for (flag, cell) in base.cells(of: record) {
            guard cell.heldAt == 0 else {
                throw GateError(.held, "flag \(flag) is held for company \(id): resume it before the company is deleted")
            }
            removePresent(.flagState(flag, id), .epoch(flag, id))
        }
        for user in (base.users[id] ?? [:]).keys { wanted[.user(id, user)] = .some(nil) }
    }

    private mutating func setStates(_ flag: FlagCode, _ companies: [CompanyID: Bool?], _ groups: [GroupName: Bool?]) throws(GateError) {
        guard base.flags[flag] != nil else { throw Self.unknown(.flag(flag)) }
        var states = companies
        for (group, state) in groups.sorted(by: { $0.key < $1.key }) {
            let members = base.companies.values.filter { $0.company.groups.contains(group) }
            guard !members.isEmpty else { throw GateError(.companyUnknown, "no company is in the group \(group)") }
            for record in members where companies[record.company.id] == nil {
                if let other = states[record.company.id], other != state {
                    throw GateError(.parameterInvalid, "company \(record.company.id) is in groups that are to be set on and off at once")
                }
                states[record.company.id] = state
            }
        }
        if states.count == 1, let only = states.keys.first { subject = .flagState(flag, only) }
        for (company, state) in states.sorted(by: { $0.key < $1.key }) {
            if let state {
                try want(.flagState(FlagState(flag: flag, company: company, enabled: state)))
            } else {
                try remove(.flagState(flag, company))
            }
        }
    }

    private mutating func editUser(_ company: CompanyID, _ id: UserID, _ edit: (inout Grants) -> Void) throws(GateError) {
        subject = .user(company, id)
        var user = User(company: company, id: id)
        if case .user(let existing) = current(.user(company, id)) { user = existing }
        edit(&user.grants)
        try want(.user(user))
    }

    private mutating func undo(_ change: Change, force: Bool) throws(GateError) {
        var conflicts: [EntityConflict] = []
        for entity in change.entities {
            switch entity.ref {
            case .token, .hold, .webhook:
                throw GateError(
                    .notUndoable, "revision \(change.revision) changed \(entity.ref): tokens, webhooks and holds are not undone (revoke, or resume)")
            // An epoch is never gone back to; and what was to come is not brought back, what it came to is undone with the rest.
            case .epoch, .schedule: continue
            default: break
            }
            let (now, revision) = base.entity(entity.ref)
            let untouched = entity.after == nil ? now == nil : revision == change.revision
            if !untouched { conflicts.append(EntityConflict(entity: entity.ref, revision: revision)) }
            wanted[entity.ref] = .some(entity.before)
        }
        for entity in change.entities where entity.before == nil { conflicts += try removeLaterParts(of: entity.ref) }
        guard conflicts.isEmpty || force else {
            throw GateError(.undoConflict, "later changes touched what revision \(change.revision) changed: undo those first, or force it")
                .with { $0.conflicts = conflicts }
        }
    }

    /// What became part of a flag or company since it was made goes with it, and stands in the way unless forced.
    mutating func removeLaterParts(of ref: EntityRef) throws(GateError) -> [EntityConflict] {
        guard base.entity(ref).entity != nil else { return [] }
        let known = Set(wanted.keys)
        switch ref {
        case .flag(let code): try removeParts(ofFlag: code)
        case .company(let id): try removeParts(ofCompany: id)
        default: return []
        }
        return wanted.keys.filter { !known.contains($0) }.sorted { $0.description < $1.description }
            .map { EntityConflict(entity: $0, revision: base.entity($0).revision) }
    }

    private mutating func apply(_ entities: [Entity], prune: Bool, force: Bool) throws(GateError) {
        var conflicts: [EntityConflict] = []
        for entity in Self.companiesFirst(entities) {
            if !force, turnsOn(entity), let touch = try context.lastTouch(entity.ref), !touch.byApply {
                conflicts.append(EntityConflict(entity: entity.ref, revision: touch.revision))
            }
            try want(asDefined(entity))
        }
        guard conflicts.isEmpty else {
            throw GateError(.applyConflict, "somebody turned this off since the manifests were last applied: change the manifests, or force it")
                .with { $0.conflicts = conflicts }
        }
        if prune {
            let named = Set(entities.map(\.ref))
            let kinds = Set(entities.map(\.ref.kind)).intersection([.flag, .flagState, .rollout, .guard, .permission, .role, .gate, .event])
            for (entity, _) in base.allEntities() where kinds.contains(entity.ref.kind) && !named.contains(entity.ref) { try remove(entity.ref) }
        }
    }

    /// In whatever order they are given, a company is registered before a state or a user of it is wanted.
    private static func companiesFirst(_ entities: [Entity]) -> [Entity] {
        entities.filter { $0.ref.kind == .company } + entities.filter { $0.ref.kind != .company }
    }

    /// Whether something that is off now would be on by this entity.
    private func turnsOn(_ entity: Entity) -> Bool {
        switch (base.entity(entity.ref).entity, entity) {
        case (.flag(let old), .flag(let new)): !old.enabled && new.enabled
        case (.flagState(let old), .flagState(let new)): !old.enabled && new.enabled
        case (nil, .flag(let new)): new.enabled
        case (nil, .flagState(let new)): new.enabled
        default: false
        }
    }

    // MARK: Finishing

    func finish() throws(GateError) -> Plan {
        var wanted = wanted
        let cancelled = base.schedules.values.map(\.value).filter { schedule in
            wanted[.schedule(schedule.id)] == nil && schedule.cancelledBy.contains { wanted[$0] != nil }
        }
        for schedule in cancelled { wanted[.schedule(schedule.id)] = .some(nil) }
        var changes: [EntityChange] = []
        for (ref, after) in wanted {
            let before = base.entity(ref).entity
            if before != after { changes.append(EntityChange(ref: ref, before: before, after: after)) }
        }
        changes.sort { Self.rank($0) < Self.rank($1) }
        let operations = changes.map { change in change.after.map { Operation.put($0) } ?? .delete(change.ref) }
        try Validation(base: base, wanted: wanted).check(changes)
        var next = base
        if !operations.isEmpty { try next.apply(operations, revision: base.revision + 1) }
        try Validation.checkGraph(next, changes)
        return Plan(
            operations: operations, changes: changes, next: next, impact: .between(base, next, changes), subject: subject,
            touched: wanted.keys.sorted { $0.description < $1.description }, cancelled: cancelled.map(\.id).sorted())
    }

    /// What is referred to comes before what refers to it; deletions come first, the other way round. By name within.
    private static func rank(_ change: EntityChange) -> (Int, String) {
        let kind = EntityKind.allCases.firstIndex(of: change.ref.kind)!
        return (change.after == nil ? -1 - kind : kind, change.ref.description)
    }

    package static func unknown(_ ref: EntityRef) -> GateError {
        let error =
            switch ref {
            case .flag(let code): GateError(.flagUnknown, "there is no flag \(code)")
            case .company(let id): GateError(.companyUnknown, "company \(id) is not registered")
            case .permission(let key): GateError(.permissionUnknown, "there is no permission \(key)")
            case .role(let name): GateError(.roleUnknown, "there is no role \(name)")
            case .gate(let name): GateError(.gateUnknown, "there is no gate \(name)")
            case .event(let name): GateError(.eventUnknown, "there is no event \(name)")
            case .user(let company, let user): GateError(.userUnknown, "user \(user) of company \(company) has no states and no roles")
            case .token(let id): GateError(.tokenUnknown, "there is no token \(id)")
            case .rollout(let code): GateError(.rolloutUnknown, "flag \(code) has no rollout")
            case .guard(let code): GateError(.guardUnknown, "flag \(code) has no guard")
            case .schedule(let id): GateError(.scheduleUnknown, "there is no schedule \(id)")
            case .webhook(let id): GateError(.webhookUnknown, "there is no webhook \(id)")
            case .flagState, .hold, .epoch: GateError(.entityUnknown, "there is no \(ref)")
            }
        return error.with { $0.missing = ref }
    }
}
