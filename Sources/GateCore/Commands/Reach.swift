/// What the changed entities of a change can have an effect on: whose answers are worth comparing.
package struct Reach: Sendable {
    /// Flags that may answer otherwise for every company.
    package private(set) var flagsEverywhere: Set<FlagCode> = []
    /// Flags that may answer otherwise for one company.
    package private(set) var flagsByCompany: [CompanyID: Set<FlagCode>] = [:]
    /// Gates that were themselves changed.
    package private(set) var gates: Set<GateName> = []
    /// Users whose permissions may be others now.
    package private(set) var subjects: [Subject] = []
    package private(set) var roles: Set<RoleName> = []
    /// Whether a permission or role was changed: any user's permissions may be others now.
    package private(set) var touchesPermissions = false
    package private(set) var touchesTokens = false

    package init(_ changes: [EntityChange], from before: Snapshot, to after: Snapshot) {
        for change in changes { add(change, before, after) }
    }

    private mutating func add(_ change: EntityChange, _ before: Snapshot, _ after: Snapshot) {
        switch change.ref {
        case .flag(let code), .hold(let code, nil), .rollout(let code): flagsEverywhere.formUnion(before.reach(of: code) + after.reach(of: code))
        case .flagState(let code, let company), .hold(let code, let company?):
            flagsByCompany[company, default: []].formUnion(before.reach(of: code) + after.reach(of: code))
        case .gate(let name): gates.insert(name)
        case .user(let company, let user): subjects.append(Subject(company: company, user: user))
        case .role(let name):
            roles.insert(name)
            touchesPermissions = true
        case .permission: touchesPermissions = true
        case .token: touchesTokens = true
        case .company(let id):
            // Its groups may put it into the audience of a rollout, or take it out.
            for slot in after.flags.order {
                guard let entry = after.flags[slot], entry.audience != nil else { continue }
                flagsByCompany[id, default: []].formUnion(after.reach(of: entry.flag.code))
            }
        case .epoch, .guard, .event, .schedule, .webhook: break
        }
    }

    /// The flags that may answer otherwise for a company.
    package func flags(for company: CompanyID) -> Set<FlagCode> { flagsEverywhere.union(flagsByCompany[company] ?? []) }
}

extension Snapshot {
    /// The flag and everything that stands on it.
    func reach(of code: FlagCode) -> [FlagCode] {
        [code] + (flags[code]?.dependents ?? []).compactMap { flags[$0]?.flag.code }
    }
}
