/// The numbers of a key that Gate can verify with, checked for their sizes. Its case pins the one algorithm.
enum KeyMaterial: Hashable, Sendable {
    /// OKP on Ed25519 (RFC 8037): the public point, 32 bytes.
    case ed25519(x: [UInt8])
    /// EC on P-256: the public point's coordinates, 32 bytes each.
    case p256(x: [UInt8], y: [UInt8])
    /// RSA of 2 048 to 8 192 bits: modulus and exponent, big-endian.
    case rsa(modulus: [UInt8], exponent: [UInt8])
    /// A shared secret of at least 32 bytes, as long as the hash (RFC 7518 §3.2).
    case secret([UInt8])

    var algorithm: SignatureAlgorithm {
        switch self {
        case .ed25519: .edDSA
        case .p256: .es256
        case .rsa: .rs256
        case .secret: .hs256
        }
    }

    /// Every part with its length before it: what a fingerprint is made of.
    var bytes: [UInt8] {
        let parts =
            switch self {
            case .ed25519(let x): [x]
            case .p256(let x, let y): [x, y]
            case .rsa(let modulus, let exponent): [modulus, exponent]
            case .secret(let secret): [secret]
            }
        return parts.flatMap { part in [UInt8(part.count >> 8), UInt8(part.count & 0xFF)] + part }
    }
}
