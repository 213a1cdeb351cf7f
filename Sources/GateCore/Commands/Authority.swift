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
            let (flag, company): (FlagCode?, CompanyID?) =
                switch change.ref {
                case .flag(let code): (code, nil)
                case .hold(let code, let company): (code, company)
                case .flagState(let code, let company): (code, company)
                default: (nil, nil)
                }
            if let flag, !flags.isEmpty, !flags.contains(flag) {
                throw GateError(.rightMissing, "this token is limited to other flags than \(flag)")
            }
            guard companies.isEmpty || company.map(companies.contains) == true else {
                throw GateError(
                    .rightMissing, "this token is limited to named companies: it may not change \(change.ref)")
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

    private static func isOperational(_ change: EntityChange) -> Bool {
        switch (change.ref, change.before, change.after) {
        case (.flagState, _, _), (.hold, _, _): return true
        case (.flag, .flag(var before), .flag(let after)):
            before.enabled = after.enabled
            return before == after
        default: return false
        }
    }
}
