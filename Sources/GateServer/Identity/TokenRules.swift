import GateCore

/// What a user's token must say, and where it says who the user is.
struct TokenRules: Hashable, Sendable {
    static let defaultCompanyClaim = "company_sso_id"
    static let defaultUserClaim = "sub"
    /// How far ahead of ours the issuer's clock may be. It applies to `nbf` only: an expired token is expired.
    static let notBeforeLeeway = TimeSpan(seconds: 60)

    let issuer: String
    let audience: String
    let companyClaim: String
    let userClaim: String
    /// The claim that holds role names; nil reads none.
    let rolesClaim: String?

    /// - Throws: `parameter_missing` where issuer or audience is empty: a token for anybody is a token for nobody.
    init(
        issuer: String, audience: String, companyClaim: String = defaultCompanyClaim, userClaim: String = defaultUserClaim,
        rolesClaim: String? = nil
    ) throws(GateError) {
        guard !issuer.isEmpty else { throw GateError(.parameterMissing, "user tokens need the issuer that they must name (--jwt-issuer)") }
        guard !audience.isEmpty else { throw GateError(.parameterMissing, "user tokens need the audience that they must name (--jwt-audience)") }
        guard !companyClaim.isEmpty, !userClaim.isEmpty, rolesClaim?.isEmpty != true else {
            throw GateError(.parameterMissing, "the name of a claim must not be empty")
        }
        self.issuer = issuer
        self.audience = audience
        self.companyClaim = companyClaim
        self.userClaim = userClaim
        self.rolesClaim = rolesClaim
    }
}
