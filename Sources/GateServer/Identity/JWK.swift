import GateCore

/// One key of a JWKS document (RFC 7517 §4) that Gate can verify with.
struct JWK: Hashable, Sendable {
    /// Why a key is passed over. It names members and sizes, never their content.
    struct Unusable: Error, Hashable {
        let reason: String

        init(_ reason: String) { self.reason = reason }
    }

    static let rsaBits = 2_048...8_192
    static let shortestSecretBytes = 32
    static let longestSecretBytes = 1_024

    let kid: String?
    let material: KeyMaterial

    init(_ members: JSONObject) throws(Unusable) {
        let key = Members(object: members)
        if let use = try key.text("use"), use != "sig" { throw Unusable("it is not for signatures: use is \(quoted(use))") }
        if let operations = members["key_ops"] {
            guard let operations = operations.arrayValue, operations.contains("verify") else {
                throw Unusable("it is not for verifying: key_ops lacks verify")
            }
        }
        kid = try key.text("kid")
        material = try Self.material(key)
        if let named = try key.text("alg"), !named.hasSameBytes(as: material.algorithm.rawValue) {
            throw Unusable("its alg is \(quoted(named)), but a key of this kind is taken for \(material.algorithm.rawValue) only")
        }
    }

    private static func material(_ key: Members) throws(Unusable) -> KeyMaterial {
        switch try key.text("kty") {
        case "OKP":
            guard try key.text("crv") == "Ed25519" else { throw Unusable("of OKP keys only Ed25519 is taken") }
            return .ed25519(x: try key.bytes("x", count: 32))
        case "EC":
            guard try key.text("crv") == "P-256" else { throw Unusable("of EC keys only P-256 is taken") }
            return .p256(x: try key.bytes("x", count: 32), y: try key.bytes("y", count: 32))
        case "RSA":
            return try rsa(modulus: key.number("n"), exponent: key.number("e"))
        case "oct":
            let secret = try key.bytes("k")
            guard secret.count >= shortestSecretBytes, secret.count <= longestSecretBytes else {
                throw Unusable("its secret has \(secret.count) bytes: \(shortestSecretBytes) to \(longestSecretBytes) are taken")
            }
            return .secret(secret)
        case .some(let other): throw Unusable("its kty \(quoted(other)) is none of OKP, EC, RSA, oct")
        case nil: throw Unusable("it has no kty")
        }
    }

    /// An exponent of 1 would make every message its own signature; an even one has no inverse.
    private static func rsa(modulus: [UInt8], exponent: [UInt8]) throws(Unusable) -> KeyMaterial {
        let bits = modulus.count * 8 - (modulus.first?.leadingZeroBitCount ?? 0)
        guard rsaBits.contains(bits) else {
            throw Unusable("its modulus has \(bits) bits: \(rsaBits.lowerBound) to \(rsaBits.upperBound) are taken")
        }
        guard exponent.count <= 4, let last = exponent.last, last & 1 == 1, exponent != [1] else {
            throw Unusable("its exponent must be odd, 3 or more, and of at most 32 bits")
        }
        return .rsa(modulus: modulus, exponent: exponent)
    }

    /// The members of the key, read as what they must be.
    private struct Members {
        let object: JSONObject

        func text(_ name: String) throws(Unusable) -> String? {
            guard let value = object[name] else { return nil }
            guard let text = value.stringValue else { throw Unusable("its \(name) is not a string") }
            return text
        }

        func bytes(_ name: String, count: Int? = nil) throws(Unusable) -> [UInt8] {
            guard let text = try text(name) else { throw Unusable("it has no \(name)") }
            guard let bytes = Base64URL.decode(text) else { throw Unusable("its \(name) is not base64url without padding") }
            if let count, bytes.count != count { throw Unusable("its \(name) has \(bytes.count) bytes, not \(count)") }
            return bytes
        }

        /// Big-endian, leading zero bytes dropped.
        func number(_ name: String) throws(Unusable) -> [UInt8] { Array(try bytes(name).drop { $0 == 0 }) }
    }
}
