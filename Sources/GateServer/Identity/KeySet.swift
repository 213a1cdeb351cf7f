import Crypto
import GateCore

/// The keys that users' tokens may be signed with.
struct KeySet: Sendable {
    let keys: [VerificationKey]
    /// How many keys of the document were passed over, and why (`key 1: …`).
    let skipped: [String]
    /// Equal exactly for the same keys under the same ids, in whatever order.
    let fingerprint: String

    /// - Parameter jwks: a JWKS document (RFC 7517).
    /// - Throws: `parameter_invalid` where it is none, where two keys have one `kid`, or where no key can be used:
    ///   then the detail says of each, by its index, why not.
    init(jwks: [UInt8]) async throws(GateError) {
        let document = try JWKSParser.parse(jwks)
        var keys: [VerificationKey] = []
        var skipped = document.skipped
        for (index, key) in document.keys {
            do throws(JWK.Unusable) { keys.append(try await VerificationKey(key)) } catch { skipped.append((index, error.reason)) }
        }
        self.keys = keys
        let fingerprints = keys.map(\.fingerprint).sorted { $0.lexicographicallyPrecedes($1) }
        fingerprint = Array(SHA256.hash(data: Array(fingerprints.joined()))).prefix(8).hexadecimal
        self.skipped = skipped.sorted { $0.index < $1.index }.map { "key \($0.index): \($0.reason)" }
        guard !keys.isEmpty else {
            let why = self.skipped.isEmpty ? "it is empty" : self.skipped.joined(separator: "; ")
            throw GateError(.parameterInvalid, "the key set has no key that can be used: \(why)")
        }
    }

    /// The key of that id; without an id, the only key there is. There is no default key.
    func key(for kid: String?) -> VerificationKey? {
        guard let kid else { return keys.count == 1 ? keys[0] : nil }
        return keys.first { $0.kid?.hasSameBytes(as: kid) == true }
    }

    /// Whether both hold the same keys under the same ids, in whatever order.
    func hasSameKeys(as other: KeySet) -> Bool { fingerprint == other.fingerprint }
}
