import GateCore

@testable import GateServer

/// The claims of a good token, for tests to spoil.
enum TestClaims {
    /// 2026-03-01T00:00:00Z
    static let now = Timestamp(microseconds: 1_772_323_200_000_000)
    static let nowSeconds = now.microseconds / 1_000_000
    static let issuer = "https://sso.example"
    static let audience = "gate"

    static let good: JSONObject = [
        "iss": .string(issuer), "aud": .string(audience), "sub": "user-1", "company_sso_id": "company-1", "exp": .integer(nowSeconds + 3_600),
    ]

    static let goodIdentity = UserIdentity(
        company: CompanyID(unchecked: "company-1"), user: UserID(unchecked: "user-1"), expiresAt: now + TimeSpan(seconds: 3_600))

    static func with(_ name: String, _ value: JSONValue?) -> JSONObject {
        var claims = good
        claims[name] = value
        return claims
    }

    static func rules(rolesClaim: String? = nil) throws(GateError) -> TokenRules {
        try TokenRules(issuer: issuer, audience: audience, rolesClaim: rolesClaim)
    }
}
