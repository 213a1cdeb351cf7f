/// The JWS algorithms (RFC 7518 §3.1, RFC 8037) that Gate takes. Each kind of key allows exactly one of them.
enum SignatureAlgorithm: String, Sendable, CaseIterable {
    case edDSA = "EdDSA"
    case es256 = "ES256"
    case rs256 = "RS256"
    case hs256 = "HS256"
}
