import GateCore

/// Verifies users' JWTs: form, header, key, signature, claims, in this order, and refuses at the first that fails.
struct TokenVerifier: Sendable {
    let keys: JWKSSource
    let rules: TokenRules

    /// - Parameters:
    ///   - text: the token, at most 4 KiB.
    ///   - now: the moment at which it must be valid.
    /// - Throws: `credential_invalid`. The detail says which check failed; nothing of the token is in it.
    func verify(_ text: String, now: Timestamp) async throws(GateError) -> UserIdentity {
        let token = try CompactToken(text)
        let key = try await key(of: token)
        guard Self.signatureHolds(token, key) else {
            throw GateError(.credentialInvalid, "the token's signature does not hold for its alg and key")
        }
        return try rules.identity(token.claims(), now: now)
    }

    /// Whether the header names the key's own algorithm and the key made the signature.
    static func signatureHolds(_ token: CompactToken, _ key: VerificationKey) -> Bool {
        token.algorithm.hasSameBytes(as: key.algorithm.rawValue) && key.verifies(token.signature, of: token.signed)
    }

    /// The key that the header names; an unknown `kid` asks the source once more.
    private func key(of token: CompactToken) async throws(GateError) -> VerificationKey {
        if let key = keys.current.keys.key(for: token.kid) { return key }
        guard token.kid != nil else { throw GateError(.credentialInvalid, "the token names no key (kid), and there are several") }
        // An algorithm that no key could have is no reason to fetch keys.
        guard SignatureAlgorithm.allCases.contains(where: { $0.rawValue.hasSameBytes(as: token.algorithm) }) else {
            throw GateError(.credentialInvalid, "the token's alg is none of \(SignatureAlgorithm.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        await keys.refresh()
        guard let key = keys.current.keys.key(for: token.kid) else { throw GateError(.credentialInvalid, "the token's key (kid) is unknown") }
        return key
    }
}
