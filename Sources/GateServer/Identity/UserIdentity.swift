import GateCore

/// A user within one company, as a verified JWT names them.
struct UserIdentity: Hashable, Sendable {
    var company: CompanyID
    var user: UserID
    /// From the roles claim, where one is configured: in its order, each once.
    var roles: [RoleName]
    /// From then on the token is worth nothing, and streams that it opened end.
    var expiresAt: Timestamp

    init(company: CompanyID, user: UserID, roles: [RoleName] = [], expiresAt: Timestamp) {
        self.company = company
        self.user = user
        self.roles = roles
        self.expiresAt = expiresAt
    }
}
