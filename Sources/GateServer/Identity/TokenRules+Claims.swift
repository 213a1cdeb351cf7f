import GateCore

extension TokenRules {
    private static let mostRoles = 100
    /// 9999-12-31T23:59:59Z: a number beyond it is milliseconds, or nonsense.
    private static let latestSecond: Int64 = 253_402_300_799

    /// Checks the claims and reads who the user is.
    ///
    /// - Parameter now: `exp` must lie after it; `nbf` at most ``notBeforeLeeway`` after it.
    /// - Throws: `credential_invalid`, naming the claim and never its content.
    func identity(_ claims: JSONObject, now: Timestamp) throws(GateError) -> UserIdentity {
        guard claims["iss"]?.stringValue?.hasSameBytes(as: issuer) == true else {
            throw GateError(.credentialInvalid, "the token's iss is not the configured issuer")
        }
        guard Self.strings(claims["aud"])?.contains(where: { $0.hasSameBytes(as: audience) }) == true else {
            throw GateError(.credentialInvalid, "the token's aud does not name the configured audience")
        }
        guard let expiry = claims["exp"] else { throw GateError(.credentialInvalid, "the token has no exp") }
        let expiresAt = try Self.moment(expiry, claim: "exp")
        guard expiresAt > now else { throw GateError(.credentialInvalid, "the token has expired") }
        if let notBefore = claims["nbf"] {
            guard try Self.moment(notBefore, claim: "nbf") <= now + Self.notBeforeLeeway else {
                throw GateError(.credentialInvalid, "the token is not valid yet (nbf)")
            }
        }
        return UserIdentity(
            company: try identifier(claims, companyClaim), user: try identifier(claims, userClaim), roles: roles(claims), expiresAt: expiresAt)
    }

    private func identifier<Name: Identifier>(_ claims: JSONObject, _ claim: String) throws(GateError) -> Name {
        guard let text = claims[claim]?.stringValue else {
            throw GateError(.credentialInvalid, "the token's claim \(claim) is missing, or not a string")
        }
        do throws(GateError) { return try Name(text) } catch {
            throw GateError(.credentialInvalid, "the token's claim \(claim) is not a valid \(Name.noun)")
        }
    }

    /// A name that no role can have grants nothing: it is passed over, and the token stays good.
    private func roles(_ claims: JSONObject) -> [RoleName] {
        guard let rolesClaim, let names = Self.strings(claims[rolesClaim], tolerant: true) else { return [] }
        var roles: [RoleName] = []
        for name in names.prefix(Self.mostRoles) {
            if let role = try? RoleName(name), !roles.contains(role) { roles.append(role) }
        }
        return roles
    }

    /// A string, or an array of strings; nil for anything else.
    ///
    /// - Parameter tolerant: passes over elements that are no strings instead of refusing the array.
    private static func strings(_ value: JSONValue?, tolerant: Bool = false) -> [String]? {
        switch value {
        case .string(let text): return [text]
        case .array(let elements):
            let texts = elements.compactMap(\.stringValue)
            return tolerant || texts.count == elements.count ? texts : nil
        default: return nil
        }
    }

    /// A NumericDate (RFC 7519 §2): seconds since 1970, perhaps with a fraction, which is rounded down to microseconds.
    private static func moment(_ value: JSONValue, claim: String) throws(GateError) -> Timestamp {
        switch value {
        case .integer(let seconds) where (0...latestSecond).contains(seconds): return Timestamp(microseconds: seconds * 1_000_000)
        case .number(let seconds) where seconds >= 0 && seconds <= Double(latestSecond):
            return Timestamp(microseconds: Int64((seconds * 1_000_000).rounded(.down)))
        case .integer, .number: throw GateError(.credentialInvalid, "the token's \(claim) is out of range: seconds since 1970, up to the year 9999")
        default: throw GateError(.credentialInvalid, "the token's \(claim) is not a number of seconds since 1970")
        }
    }
}
