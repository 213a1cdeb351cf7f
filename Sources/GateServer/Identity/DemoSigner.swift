import Crypto
import GateCore

/// Signs users' tokens for trying Gate out, with a key that lies in a folder of its own. Never for production.
struct DemoSigner: Sendable {
    static let keyFileName = "demo-signing-key.jwk"
    static let keySetFileName = "demo-jwks.json"
    private static let longestKeyFile = 4_096

    /// The public keys, for `--jwt-jwks`.
    let keySetPath: String
    /// The key's RFC 7638 thumbprint.
    let kid: String
    private let key: Curve25519.Signing.PrivateKey

    /// Loads the key of the folder, or makes a fresh one, and writes its public half beside it.
    ///
    /// - Parameter folder: made, for its owner only, where it is missing. The private key's file has mode 0600; one that
    ///   others may read is refused.
    /// - Throws: `parameter_invalid`, naming the file.
    init(folder: String) throws(GateError) {
        try SmallFile.makeFolder(folder)
        let keyPath = "\(folder)/\(Self.keyFileName)"
        let fresh = Curve25519.Signing.PrivateKey()
        // Of two that start at once, one makes the key and both load it.
        let made = try SmallFile.put(Self.privateJWK(fresh).canonicalBytes, at: keyPath, mode: 0o600, replacing: false)
        key = made ? fresh : try Self.load(keyPath)
        kid = Self.thumbprint(key)
        keySetPath = "\(folder)/\(Self.keySetFileName)"
        let keySet: JSONValue = ["keys": [Self.publicJWK(key)]]
        try SmallFile.put(keySet.canonicalBytes, at: keySetPath, mode: 0o644, replacing: true)
    }

    /// A token of the user, signed with EdDSA, valid from `now` for `ttl`.
    ///
    /// - Throws: `internal_error` where signing fails.
    func sign(
        company: CompanyID, user: UserID, issuer: String, audience: String, ttl: TimeSpan, roles: [RoleName] = [], now: Timestamp
    ) throws(GateError) -> String {
        let issuedAt = now.microseconds / 1_000_000
        let header: JSONValue = ["alg": "EdDSA", "kid": .string(kid), "typ": "JWT"]
        var claims: JSONObject = [
            "iss": .string(issuer), "aud": .string(audience), TokenRules.defaultUserClaim: .string(user.rawValue),
            TokenRules.defaultCompanyClaim: .string(company.rawValue), "iat": .integer(issuedAt), "exp": .integer(issuedAt + ttl.seconds),
        ]
        if !roles.isEmpty { claims["roles"] = .strings(roles) }
        let signed = Base64URL.encode(header.canonicalBytes) + "." + Base64URL.encode(JSONValue.object(claims).canonicalBytes)
        guard let signature = try? key.signature(for: Array(signed.utf8)) else { throw GateError(.unexpected, "the demo key cannot sign") }
        return signed + "." + Base64URL.encode(signature)
    }

    private static func load(_ path: String) throws(GateError) -> Curve25519.Signing.PrivateKey {
        let bytes = try SmallFile.contents(of: path, longest: longestKeyFile, secret: true)
        guard let value = try? JSONParser.parse(bytes), value["crv"] == "Ed25519", let secret = value["d"]?.stringValue.flatMap(Base64URL.decode),
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: secret)
        else { throw GateError(.parameterInvalid, "\(path) is not an Ed25519 key in JWK form: remove it, and a fresh one is made") }
        return key
    }

    /// The members that RFC 7638 hashes.
    private static func publicMembers(_ key: Curve25519.Signing.PrivateKey) -> JSONObject {
        ["crv": "Ed25519", "kty": "OKP", "x": .string(Base64URL.encode(key.publicKey.rawRepresentation))]
    }

    private static func thumbprint(_ key: Curve25519.Signing.PrivateKey) -> String {
        Base64URL.encode(SHA256.hash(data: JSONValue.object(publicMembers(key)).canonicalBytes))
    }

    private static func publicJWK(_ key: Curve25519.Signing.PrivateKey) -> JSONValue {
        var members = publicMembers(key)
        members["alg"] = "EdDSA"
        members["kid"] = .string(thumbprint(key))
        members["use"] = "sig"
        return .object(members)
    }

    private static func privateJWK(_ key: Curve25519.Signing.PrivateKey) -> JSONValue {
        var members = publicMembers(key)
        members["d"] = .string(Base64URL.encode(key.rawRepresentation))
        return .object(members)
    }
}
