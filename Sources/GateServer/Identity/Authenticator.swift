import GateCore

/// Finds out who makes a request. Fail-closed: anything but a proven identity is an error.
struct Authenticator: Sendable {
    typealias Outcome = (identity: Identity, fromCookie: Bool)

    static let defaultCookieName = "global_sso_token"

    private let verifier: TokenVerifier?
    private let remembered: RememberedTokens
    private let cookieName: String

    /// - Parameter verifier: nil takes no users' tokens at all.
    init(verifier: TokenVerifier?, remembered: RememberedTokens = RememberedTokens(), cookieName: String = defaultCookieName) {
        self.verifier = verifier
        self.remembered = remembered
        self.cookieName = cookieName
    }

    /// Rises when the keys of users' tokens change: what was remembered of them before counts no more.
    var generation: Int { verifier?.keys.generation ?? 0 }

    /// Of the keys that users' tokens are verified with now; empty where none are.
    var keysFingerprint: String { verifier?.keys.current.keys.fingerprint ?? "" }

    /// - Parameters:
    ///   - authorization: the value of that header, if any.
    ///   - cookie: the value of that header, if any (several joined with `; `).
    ///   - now: the moment at which the credential must be valid.
    ///   - apiToken: finds a stored token by its digest (lower-case hexadecimal SHA-256); nil where none is live.
    /// - Returns: who it is, and whether a cookie said so.
    /// - Throws: `credential_missing`, `credential_invalid`. No detail holds anything of the credential.
    nonisolated(nonsending) func identify(
        authorization: String?, cookie: String?, now: Timestamp, apiToken: (_ digest: String) -> Token?
    ) async throws(GateError) -> Outcome {
        let credential = try Credential(authorization: authorization, cookie: cookie, cookieName: cookieName)
        if let identity = try known(credential, now: now, apiToken: apiToken) { return (identity, credential.fromCookie) }
        guard let verifier else { throw GateError(.credentialInvalid, "this server takes no user tokens, only API tokens") }
        let generation = verifier.keys.generation
        let user = try await verifier.verify(credential.text, now: now)
        remembered.insert(credential.text, user, generation: generation)
        return (.user(user), credential.fromCookie)
    }

    /// The same without waiting, for the hot path: nil where a user's token must first be verified by
    /// ``identify(authorization:cookie:now:apiToken:)``.
    func identifyAtOnce(
        authorization: String?, cookie: String?, now: Timestamp, apiToken: (_ digest: String) -> Token?
    ) throws(GateError) -> Outcome? {
        let credential = try Credential(authorization: authorization, cookie: cookie, cookieName: cookieName)
        return try known(credential, now: now, apiToken: apiToken).map { ($0, credential.fromCookie) }
    }

    /// The holder of an API token, or the user of a remembered one; nil for a user's token not seen before.
    private func known(_ credential: Credential, now: Timestamp, apiToken: (String) -> Token?) throws(GateError) -> Identity? {
        if APITokenText.looksLikeAPIToken(credential.text) {
            return .token(try Self.stored(APITokenText(credential.text), now: now, apiToken: apiToken))
        }
        guard let verifier else { return nil }
        return remembered.lookup(credential.text, now: now, generation: verifier.keys.generation).map { .user($0) }
    }

    /// Unknown, revoked and expired are one answer: a caller learns nothing about tokens that it does not hold.
    private static func stored(_ text: APITokenText, now: Timestamp, apiToken: (String) -> Token?) throws(GateError) -> Token {
        let digest = text.digest
        guard let token = apiToken(digest), token.digest.hasSameBytesInConstantTime(as: digest), token.expiresAt > now else {
            throw GateError(.credentialInvalid, "the API token is unknown, revoked or expired")
        }
        return token
    }
}
