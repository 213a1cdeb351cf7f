package import HashTreeCollections

/// A value with the revision that last changed it.
package struct Revised<Value: Sendable>: Sendable {
    package var value: Value
    package var revision: Revision
}

/// A company with its explicit states and holds.
package struct CompanyRecord: Sendable {
    /// What one company has for one flag.
    package struct Cell: Sendable {
        /// The explicit state, if there is one, and the revision that set it.
        package var enabled: Bool?
        package var stateRevision: Revision = 0
        /// The revision of the company's hold; 0 without one.
        package var heldAt: Revision = 0
        /// When the company's epoch began: the revision that last lifted its hold; 0 before.
        package var epoch: Revision = 0

        var isEmpty: Bool { enabled == nil && heldAt == 0 && epoch == 0 }
    }

    package var company: Company
    package var revision: Revision
    package var cells = SlotMap<Cell>()
    /// The last revision that changed anything here: an answer made for this company since then still holds, as far as
    /// the company goes.
    package var touchedAt: Revision
}

/// What a user has, shared by all users who have the same.
package final class SharedGrants: Sendable {
    package let grants: Grants
    package init(_ grants: Grants) { self.grants = grants }
}

package struct UserRecord: Sendable {
    package var shared: SharedGrants
    package var revision: Revision
    package var grants: Grants { shared.grants }
}

/// The whole state at one revision: immutable, in memory, and sharing its structure with the states before and after.
///
/// A request takes one snapshot and answers from it alone. Applying an operation to a state with a million users costs
/// microseconds.
package struct Snapshot: Sendable {
    package typealias Users = TreeDictionary<UserID, UserRecord>

    package var incarnation: String
    package private(set) var revision: Revision = 0

    package private(set) var companies: TreeDictionary<CompanyID, CompanyRecord> = [:]
    package private(set) var flags = FlagTable()
    package private(set) var permissions: [PermissionKey: Revised<Permission>] = [:]
    package private(set) var roles: [RoleName: Revised<Role>] = [:]
    package private(set) var gates: [GateName: Revised<Gate>] = [:]
    /// The events that clients may post.
    package private(set) var eventTypes: [EventName: Revised<EventDeclaration>] = [:]
    private var eventTypesByLabel: [String: EventName] = [:]
    package private(set) var users: TreeDictionary<CompanyID, Users> = [:]
    package private(set) var tokens: [TokenID: Revised<Token>] = [:]
    private var tokensByDigest: [String: TokenID] = [:]
    package private(set) var schedules: [ScheduleID: Revised<Schedule>] = [:]
    package private(set) var webhooks: [WebhookID: Revised<Webhook>] = [:]

    // The last revision at which each family changed as a whole. An answer that was made at a revision not below those
    // it depends on is still the answer.
    /// Definitions of flags, their flag-wide holds and their rollouts.
    package private(set) var flagsTouchedAt: Revision = 0
    /// Permissions and roles.
    package private(set) var permissionsTouchedAt: Revision = 0
    package private(set) var gatesTouchedAt: Revision = 0
    package private(set) var tokensTouchedAt: Revision = 0

    package init(incarnation: String) { self.incarnation = incarnation }

    package var position: Position { Position(incarnation: incarnation, revision: revision) }

    package func token(digest: String) -> Token? { tokensByDigest[digest].flatMap { tokens[$0]?.value } }

    /// The event that a client's text names, by its name or its label.
    package func eventType(_ text: String) -> EventDeclaration? {
        (eventTypes[EventName(unchecked: text)] ?? eventTypesByLabel[text].flatMap { eventTypes[$0] })?.value
    }

    /// The last revision that changed anything of a company; -1 where it is not registered.
    package func companyTouchedAt(_ id: CompanyID) -> Revision { companies[id]?.touchedAt ?? -1 }

    package func user(_ company: CompanyID, _ user: UserID) -> UserRecord? { users[company]?[user] }

    /// Applies the operations of one change. They must have been planned on this state, or come from the log in order.
    ///
    /// - Throws: `database_damaged` when an operation refers to something that is not there.
    package mutating func apply(_ operations: some Sequence<Operation>, revision: Revision) throws(GateError) {
        var relink = false
        for operation in operations {
            switch operation {
            case .put(let entity): try put(entity, revision: revision, relink: &relink)
            case .delete(let ref): try delete(ref, revision: revision, relink: &relink)
            }
        }
        if relink { flags.link() }
        self.revision = revision
    }

    /// Puts entities as they were read from storage, each with its own revision.
    package mutating func load(_ entities: some Sequence<(Entity, Revision)>) throws(GateError) {
        var relink = false
        for (entity, revision) in entities { try put(entity, revision: revision, relink: &relink) }
        if relink { flags.link() }
    }

    private mutating func put(_ entity: Entity, revision: Revision, relink: inout Bool) throws(GateError) {
        switch entity {
        case .company(let company):
            companies[company.id, default: CompanyRecord(company: company, revision: revision, touchedAt: revision)]
                .define(company, at: revision)
        case .permission(let permission):
            permissions[permission.key] = Revised(value: permission, revision: revision)
            permissionsTouchedAt = max(permissionsTouchedAt, revision)
        case .role(let role):
            roles[role.name] = Revised(value: role, revision: revision)
            permissionsTouchedAt = max(permissionsTouchedAt, revision)
        case .flag(let flag):
            flags.put(flag, revision: revision)
            flagsTouchedAt = max(flagsTouchedAt, revision)
            relink = true
        case .flagState(let state):
            try editCell(state.flag, state.company, at: revision) {
                $0.enabled = state.enabled
                $0.stateRevision = revision
            }
        case .hold(let hold): try setHold(hold.flag, hold.company, at: revision, to: revision)
        case .epoch(let epoch): try setEpoch(epoch.flag, epoch.company, at: revision, to: revision)
        case .rollout(let rollout): try editFlag(rollout.flag, at: revision) { $0.rollout = Revised(value: rollout, revision: revision) }
        case .guard(let conditions): try editFlag(conditions.flag, at: nil) { $0.conditions = Revised(value: conditions, revision: revision) }
        case .gate(let gate):
            gates[gate.name] = Revised(value: gate, revision: revision)
            gatesTouchedAt = max(gatesTouchedAt, revision)
        case .event(let event):
            forgetLabel(of: event.name)
            eventTypes[event.name] = Revised(value: event, revision: revision)
            if let label = event.label { eventTypesByLabel[label] = event.name }
        case .user(let user):
            users[user.company, default: [:]][user.id] = UserRecord(shared: SharedGrants(user.grants), revision: revision)
        case .token(let token):
            if let old = tokens[token.id]?.value { tokensByDigest[old.digest] = nil }
            tokens[token.id] = Revised(value: token, revision: revision)
            tokensByDigest[token.digest] = token.id
            tokensTouchedAt = max(tokensTouchedAt, revision)
        case .schedule(let schedule): schedules[schedule.id] = Revised(value: schedule, revision: revision)
        case .webhook(let webhook): webhooks[webhook.id] = Revised(value: webhook, revision: revision)
        }
    }

    /// As `put`, for rows of users: those with equal grants share them.
    package mutating func load(users rows: TreeDictionary<UserID, UserRecord>, of company: CompanyID) { users[company] = rows }

    private mutating func delete(_ ref: EntityRef, revision: Revision, relink: inout Bool) throws(GateError) {
        switch ref {
        case .company(let id): companies[id] = nil
        case .permission(let key):
            permissions[key] = nil
            permissionsTouchedAt = revision
        case .role(let name):
            roles[name] = nil
            permissionsTouchedAt = revision
        case .flag(let code):
            flags.remove(code)
            flagsTouchedAt = revision
            relink = true
        case .flagState(let flag, let company):
            try editCell(flag, company, at: revision) {
                $0.enabled = nil
                $0.stateRevision = 0
            }
        case .hold(let flag, let company): try setHold(flag, company, at: revision, to: 0)
        case .epoch(let flag, let company): try setEpoch(flag, company, at: revision, to: 0)
        // A flag that went within the same change took these with it.
        case .rollout(let flag): if flags.slot(flag) != nil { try editFlag(flag, at: revision) { $0.rollout = nil } }
        case .guard(let flag): if flags.slot(flag) != nil { try editFlag(flag, at: nil) { $0.conditions = nil } }
        case .gate(let name):
            gates[name] = nil
            gatesTouchedAt = revision
        case .event(let name):
            forgetLabel(of: name)
            eventTypes[name] = nil
        case .user(let company, let user):
            users[company]?[user] = nil
            if users[company]?.isEmpty == true { users[company] = nil }
        case .token(let id):
            if let old = tokens.removeValue(forKey: id)?.value { tokensByDigest[old.digest] = nil }
            tokensTouchedAt = revision
        case .schedule(let id): schedules[id] = nil
        case .webhook(let id): webhooks[id] = nil
        }
    }

    /// A label may have gone to another event within the same change: that one keeps it.
    private mutating func forgetLabel(of name: EventName) {
        guard let label = eventTypes[name]?.value.label, eventTypesByLabel[label] == name else { return }
        eventTypesByLabel[label] = nil
    }

    private mutating func setHold(_ flag: FlagCode, _ company: CompanyID?, at revision: Revision, to heldAt: Revision) throws(GateError) {
        if let company {
            try editCell(flag, company, at: revision) { $0.heldAt = heldAt }
        } else {
            try editFlag(flag, at: revision) { $0.heldAt = heldAt }
        }
    }

    private mutating func setEpoch(_ flag: FlagCode, _ company: CompanyID?, at revision: Revision, to epoch: Revision) throws(GateError) {
        if let company {
            try editCell(flag, company, at: revision) { $0.epoch = epoch }
        } else {
            try editFlag(flag, at: nil) { $0.epoch = epoch }
        }
    }

    /// - Parameter revision: nil where no answer depends on it.
    private mutating func editFlag(_ flag: FlagCode, at revision: Revision?, _ edit: (inout FlagEntry) -> Void) throws(GateError) {
        guard let slot = flags.slot(flag) else { throw dangling("flag \(flag)") }
        flags.edit(slot, edit)
        if let revision { flagsTouchedAt = max(flagsTouchedAt, revision) }
    }

    private mutating func editCell(
        _ flag: FlagCode, _ company: CompanyID, at revision: Revision, _ edit: (inout CompanyRecord.Cell) -> Void
    ) throws(GateError) {
        guard let slot = flags.slot(flag) else { throw dangling("flag \(flag)") }
        guard companies[company] != nil else { throw dangling("company \(company)") }
        companies[company]!.edit(slot, at: revision, edit)
    }

    private func dangling(_ what: String) -> GateError {
        GateError(.databaseDamaged, "the state refers to \(what), which does not exist")
    }
}

extension CompanyRecord {
    fileprivate mutating func define(_ company: Company, at revision: Revision) {
        self.company = company
        self.revision = revision
        touchedAt = max(touchedAt, revision)
    }

    fileprivate mutating func edit(_ slot: Int, at revision: Revision, _ edit: (inout Cell) -> Void) {
        var cell = cells[slot] ?? Cell()
        edit(&cell)
        cells[slot] = cell.isEmpty ? nil : cell
        touchedAt = max(touchedAt, revision)
    }
}
