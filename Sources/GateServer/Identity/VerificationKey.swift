import Crypto
import JWTKit

/// A key that checks signatures with one algorithm and no other.
///
/// jwt-kit 5.7 falls back to a collection's default key when it does not know a `kid`, and does not compare the
/// header's `alg` with the key's. So each key lives in a collection of its own, from which its algorithm is taken once;
/// which key is asked, and for which `alg`, is decided by ``TokenVerifier`` alone.
struct VerificationKey: Sendable {
    let kid: String?
    let algorithm: SignatureAlgorithm
    /// SHA-256 over the id and the key itself: equal exactly for the same key under the same id.
    let fingerprint: [UInt8]
    private let verifier: any JWTAlgorithm

    /// - Throws: ``JWK/Unusable`` where the numbers are no key (a point that is not on its curve, say).
    init(_ key: JWK) async throws(JWK.Unusable) {
        let collection = JWTKeyCollection()
        do {
            switch key.material {
            case .ed25519(let x):
                await collection.add(eddsa: EdDSA.PublicKey(backing: try Curve25519.Signing.PublicKey(rawRepresentation: x)))
            case .p256(let x, let y):
                await collection.add(ecdsa: try ES256PublicKey(parameters: (Base64URL.encode(x), Base64URL.encode(y))))
            case .rsa(let modulus, let exponent):
                let rsa = try JWTKit.Insecure.RSA.PublicKey(modulus: Base64URL.encode(modulus), exponent: Base64URL.encode(exponent))
                await collection.add(rsa: rsa, digestAlgorithm: .sha256)
            case .secret(let secret):
                await collection.add(hmac: HMACKey(key: SymmetricKey(data: secret)), digestAlgorithm: .sha256)
            }
            verifier = try await collection.getKey()
        } catch {
            throw JWK.Unusable("its numbers are no valid key")
        }
        kid = key.kid
        algorithm = key.material.algorithm
        guard verifier.name == algorithm.rawValue else { throw JWK.Unusable("jwt-kit verifies it with another algorithm") }
        let id = key.kid.map { Array(SHA256.hash(data: Array($0.utf8))) } ?? []
        fingerprint = Array(SHA256.hash(data: id + Array(algorithm.rawValue.utf8) + key.material.bytes))
    }

    /// Whether this key made the signature. Anything malformed about it is a no.
    func verifies(_ signature: [UInt8], of signed: [UInt8]) -> Bool {
        (try? verifier.verify(signature, signs: signed)) ?? false
    }
}
