/// The detectors of one metric, of one company or of a whole flag: FAST, SLOW and RATE, in that order, outcome by outcome.
///
/// Of one user's errors at most three count since FAST and SLOW both stood at 0, so that no single user of a larger company trips them.
/// A company's own detectors count five of a user as long as fewer than three users have been seen there, and begin anew at that user's
/// own success: else a company of one, whose last error was just before an outage, would never reach a line. For the same reason three
/// users whose errors would count no more begin anew: three are not one.
package struct DetectorState: Hashable, Sendable {
    /// Whose detectors these are, and with it who may trip them.
    package enum Scope: Hashable, Sendable {
        case company
        /// A whole flag: judged only where it is on for two companies or more, and two of them have two counted errors each.
        case flag(isOnForSeveral: Bool)
    }

    package enum Detector: String, Sendable {
        case fast
        case slow
        case rate
    }

    package enum Finding: Hashable, Sendable {
        case trip(Detector)
        /// A block of RATE was above the limit.
        case blockAboveLimit
        /// A user's errors count no more. Told once in an epoch.
        case userCapped
    }

    /// Users whose errors are counted one by one; the errors of more all count.
    package static let mostUsers = 1_000
    private static let fewUsers = 3

    package let lines: DetectorLines
    package var fast = 0
    package var slow = 0
    /// What counted in this epoch.
    package var outcomes = 0
    package var errors = 0
    package var tripped: Detector?
    /// RATE: the outcomes and errors of this block, and whether the one before was above the limit.
    var blockOutcomes = 0
    var blockErrors = 0
    var isBlockBeforeAbove = false
    /// Counted errors of each user since the pair stood at 0, and in this block.
    var userErrors: [UserID: Int] = [:]
    var blockUserErrors: [UserID: Int] = [:]
    /// The first users seen in this epoch, up to three.
    var users: [UserID] = []
    /// Of a flag: counted errors of each company since the pair stood at 0, in this block, and in the one before.
    var companyErrors: [CompanyID: Int] = [:]
    var blockCompanyErrors: [CompanyID: Int] = [:]
    var blockBeforeCompanyErrors: [CompanyID: Int] = [:]
    var hasToldOfCap = false

    package init(_ lines: DetectorLines) { self.lines = lines }

    /// Counts an outcome. After a trip nothing counts until a new epoch.
    package mutating func take(isError: Bool, user: UserID, company: CompanyID, scope: Scope) -> [Finding] {
        guard tripped == nil else { return [] }
        if users.count < Self.fewUsers, !users.contains(user) { users.append(user) }
        let isSmall = scope == .company && users.count < Self.fewUsers
        if isError, isCapped(user, isSmall: isSmall) {
            defer { hasToldOfCap = true }
            return hasToldOfCap ? [] : [.userCapped]
        }
        outcomes += 1
        if isError { errors += 1 }
        count(isError, user, company, isSmall: isSmall)
        let mayTrip = scope == .company || scope == .flag(isOnForSeveral: true)
        if isError, mayTrip, scope == .company || Self.concernsTwo(companyErrors) {
            if fast >= lines.fast.threshold { return trip(.fast) }
            if slow >= lines.slow.threshold { return trip(.slow) }
        }
        return countInBlock(isError, user, company, isSmall: isSmall, scope: scope, mayTrip: mayTrip)
    }

    /// Whether a user's errors count no more. Once that is so of three users, all begin anew.
    private mutating func isCapped(_ user: UserID, isSmall: Bool) -> Bool {
        let most = isSmall ? 5 : 3
        guard userErrors[user, default: 0] >= most else { return false }
        guard userErrors.values.count(where: { $0 >= most }) >= Self.fewUsers else { return true }
        userErrors = [:]
        return false
    }

    private mutating func count(_ isError: Bool, _ user: UserID, _ company: CompanyID, isSmall: Bool) {
        if isError {
            (fast, slow) = (fast + lines.fast.error, slow + lines.slow.error)
            if userErrors.count < Self.mostUsers || userErrors[user] != nil { userErrors[user, default: 0] += 1 }
            companyErrors[company, default: 0] += 1
        } else {
            (fast, slow) = (max(0, fast - lines.fast.success), max(0, slow - lines.slow.success))
            if isSmall { userErrors[user] = nil }
        }
        if fast == 0, slow == 0 { (userErrors, companyErrors) = ([:], [:]) }
    }

    /// RATE. A user's errors count in a block no more than would keep it at the limit.
    private mutating func countInBlock(
        _ isError: Bool, _ user: UserID, _ company: CompanyID, isSmall: Bool, scope: Scope, mayTrip: Bool
    ) -> [Finding] {
        blockOutcomes += 1
        if isError, isSmall || blockUserErrors[user, default: 0] < min(3, max(1, lines.blockErrors)) {
            blockErrors += 1
            if blockUserErrors.count < Self.mostUsers || blockUserErrors[user] != nil { blockUserErrors[user, default: 0] += 1 }
            blockCompanyErrors[company, default: 0] += 1
        }
        guard blockOutcomes == DetectorLines.block else { return [] }
        let isAbove = blockErrors > lines.blockErrors
        let both = blockCompanyErrors.merging(blockBeforeCompanyErrors) { $0 + $1 }
        if isAbove, isBlockBeforeAbove, mayTrip, scope == .company || Self.concernsTwo(both) { return [.blockAboveLimit] + trip(.rate) }
        (isBlockBeforeAbove, blockBeforeCompanyErrors) = (isAbove, isAbove ? blockCompanyErrors : [:])
        (blockOutcomes, blockErrors, blockUserErrors, blockCompanyErrors) = (0, 0, [:], [:])
        return isAbove ? [.blockAboveLimit] : []
    }

    private mutating func trip(_ detector: Detector) -> [Finding] {
        tripped = detector
        return [.trip(detector)]
    }

    private static func concernsTwo(_ errors: [CompanyID: Int]) -> Bool { errors.values.count { $0 >= 2 } >= 2 }
}
