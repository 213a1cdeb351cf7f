/// What a writer may do, beyond the route it came by.
///
/// The limits of an `ops` token are checked on every operation of a plan and on every answer that the plan flips, so
/// that a limited token can neither write elsewhere nor turn something elsewhere through a prerequisite.
package enum Authority: Sendable {
    /// Everything: an `admin` token, and the server itself.
    case full
    /// Flag states, holds and master switches; with limits, only those within them.
    case operations(flags: Set<FlagCode>, companies: Set<CompanyID>)

    /// Nothing.
    case none

    package init(_ token: Token) {
        switch token.kind {
        case .admin: self = .full
        case .ops: self = .operations(flags: Set(token.flags), companies: Set(token.companies))
        case .read, .service, .events: self = .none
        }
    }

    package init(_ rights: Schedule.Rights) {
        self = rights.operations.map { .operations(flags: Set($0.flags), companies: Set($0.companies)) } ?? .full
    }

    /// The same, as a schedule keeps it. Who may not write makes no schedule.
    var rights: Schedule.Rights {
        guard case .operations(let flags, let companies) = self else { return .full }
        return Schedule.Rights(operations: .init(flags: flags.sorted(), companies: companies.sorted()))
    }

    /// - Throws: `right_missing`, naming the operation or the answer.
    func check(_ changes: [EntityChange], flips: [Flip]) throws(GateError) {
        let (flags, companies): (Set<FlagCode>, Set<CompanyID>)
        switch self {
        case .full: return
        case .none: throw GateError(.rightMissing, "this token may not write")
        case .operations(let limitedFlags, let limitedCompanies): (flags, companies) = (limitedFlags, limitedCompanies)
        }
        for change in changes {
            guard Self.isOperational(change) else {
                throw GateError(.rightMissing, "this token may set flags, holds and master switches; \(change.ref) needs the right admin")
            }
            for ref in Self.concerned(by: change) {
                if let flag = ref.flag, !flags.isEmpty, !flags.contains(flag) {
                    throw GateError(.rightMissing, "this token is limited to other flags than \(flag)")
                }
                guard companies.isEmpty || ref.company.map(companies.contains) == true else {
                    throw GateError(.rightMissing, "this token is limited to named companies: it may not change \(ref)")
                }
            }
        }
        for flip in flips {
            if case .flag(let code, _) = flip.answer, !flags.isEmpty, !flags.contains(code) {
                throw GateError(.rightMissing, "this would turn flag \(code) for company \(flip.company), which is beyond this token's limits")
            }
            guard companies.isEmpty || companies.contains(flip.company) else {
                throw GateError(.rightMissing, "this would change an answer for company \(flip.company), which is beyond this token's limits")
            }
        }
    }

    /// What a change is about: of a schedule, what that is to change.
    private static func concerned(by change: EntityChange) -> [EntityRef] {
        guard case .schedule(let schedule) = change.after ?? change.before else { return [change.ref] }
        return schedule.expected.map(\.entity)
    }

    private static func isOperational(_ change: EntityChange) -> Bool {
        switch (change.ref, change.before, change.after) {
        case (.flagState, _, _), (.hold, _, _), (.epoch, _, _), (.schedule, _, _): return true
        // Stopping a rollout is what such a token is for; taking it further is not.
        case (.rollout, .rollout(let before), .rollout(let after)): return after == before.stopped
        case (.flag, .flag(var before), .flag(let after)):
            before.enabled = after.enabled
            return before == after
        default: return false
        }
    }
}
