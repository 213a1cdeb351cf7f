import Crypto
import CryptoExtras
import FoundationEssentials
import GateCore
import JWTKit

@testable import GateServer

/// A key that tests sign tokens with, and its public half as a JWK.
struct TestKey: Sendable {
    let algorithm: SignatureAlgorithm
    let kid: String
    /// The public JWK: kty and numbers, kid; no alg, no use.
    let jwk: JSONObject
    /// What an attacker could take for a shared secret: the public key in its usual encodings.
    let publicEncodings: [[UInt8]]
    private let signer: any JWTAlgorithm

    static func ed25519(_ kid: String = "ed") async throws -> TestKey {
        let key = Curve25519.Signing.PrivateKey()
        let raw = Array(key.publicKey.rawRepresentation)
        return TestKey(
            algorithm: .edDSA, kid: kid,
            jwk: ["kid": .string(kid), "kty": "OKP", "crv": "Ed25519", "x": .string(Base64URL.encode(raw))],
            publicEncodings: [raw, Array(key.publicKey.pemRepresentation.utf8), Array(key.publicKey.derRepresentation)],
            signer: try await JWTKeyCollection().add(eddsa: EdDSA.PrivateKey(backing: key)).getKey())
    }

    static func p256(_ kid: String = "ec") async throws -> TestKey {
        let key = P256.Signing.PrivateKey()
        let raw = Array(key.publicKey.rawRepresentation)
        return TestKey(
            algorithm: .es256, kid: kid,
            jwk: [
                "kid": .string(kid), "kty": "EC", "crv": "P-256", "x": .string(Base64URL.encode(raw[..<32])),
                "y": .string(Base64URL.encode(raw[32...])),
            ],
            publicEncodings: [
                raw, Array(key.publicKey.x963Representation), Array(key.publicKey.pemRepresentation.utf8), Array(key.publicKey.derRepresentation),
            ],
            signer: try await JWTKeyCollection().add(ecdsa: ES256PrivateKey(backing: key)).getKey())
    }

    static func rsa(_ kid: String = "rsa") async throws -> TestKey {
        let numbers = try rsaKey.publicKey.getKeyPrimitives()
        return TestKey(
            algorithm: .rs256, kid: kid,
            jwk: [
                "kid": .string(kid), "kty": "RSA", "n": .string(Base64URL.encode(numbers.modulus)),
                "e": .string(Base64URL.encode(numbers.publicExponent)),
            ],
            publicEncodings: [
                Array(numbers.modulus), Array(rsaKey.publicKey.pemRepresentation.utf8), Array(rsaKey.publicKey.derRepresentation),
                Array(rsaKey.publicKey.pkcs1DERRepresentation),
            ],
            signer: try await JWTKeyCollection().add(rsa: JWTKit.Insecure.RSA.PrivateKey(backing: rsaKey), digestAlgorithm: .sha256).getKey())
    }

    static func secret(_ kid: String = "mac", bytes: [UInt8] = Array(1...32)) async throws -> TestKey {
        TestKey(
            algorithm: .hs256, kid: kid, jwk: ["kid": .string(kid), "kty": "oct", "k": .string(Base64URL.encode(bytes))], publicEncodings: [],
            signer: try await JWTKeyCollection().add(hmac: HMACKey(from: bytes), digestAlgorithm: .sha256).getKey())
    }

    /// Making one takes a while, so all tests share it.
    private static let rsaKey = try! _RSA.Signing.PrivateKey(keySize: .bits2048)

    static func make(_ algorithm: SignatureAlgorithm, kid: String = "key") async throws -> TestKey {
        switch algorithm {
        case .edDSA: try await ed25519(kid)
        case .es256: try await p256(kid)
        case .rs256: try await rsa(kid)
        case .hs256: try await secret(kid)
        }
    }

    /// A compact JWS over any header and payload texts.
    func token(header: String, payload: String) throws -> String {
        let signed = Base64URL.encode(header.utf8) + "." + Base64URL.encode(payload.utf8)
        return signed + "." + Base64URL.encode(try signer.sign(Array(signed.utf8)))
    }

    /// A compact JWS; the header is this key's own unless given.
    func token(_ claims: JSONObject, header: JSONObject? = nil) throws -> String {
        let header = header ?? ["alg": .string(algorithm.rawValue), "kid": .string(kid)]
        return try token(header: JSONValue.object(header).text, payload: JSONValue.object(claims).text)
    }

    /// A JWKS document of these keys.
    static func jwks(_ keys: TestKey...) -> [UInt8] { jwks(keys.map(\.jwk)) }

    static func jwks(_ keys: [JSONObject]) -> [UInt8] { JSONValue.object(["keys": .array(keys.map { .object($0) })]).canonicalBytes }
}
