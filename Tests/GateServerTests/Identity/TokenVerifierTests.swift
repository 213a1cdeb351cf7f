import GateCore
import Testing

@testable import GateServer

extension IdentityTests {
    @Suite("Token verifier")
    struct TokenVerifierTests {
        @Test("a good token is taken with every algorithm", arguments: SignatureAlgorithm.allCases)
        func good(algorithm: SignatureAlgorithm) async throws {
            let key = try await TestKey.make(algorithm)
            let (verifier, _) = try await TestVerifier.make(key)
            #expect(try await verifier.verify(key.token(TestClaims.good), now: TestClaims.now) == TestClaims.goodIdentity)
        }

        @Test("a public key used as a shared secret signs nothing", arguments: [SignatureAlgorithm.edDSA, .es256, .rs256])
        func confusion(algorithm: SignatureAlgorithm) async throws {
            let key = try await TestKey.make(algorithm)
            let (verifier, _) = try await TestVerifier.make(key)
            for bytes in key.publicEncodings {
                let attacker = try await TestKey.secret("key", bytes: bytes)
                for alg in ["HS256", algorithm.rawValue] {
                    await TestVerifier.expectRefusal(
                        verifier, try attacker.token(TestClaims.good, header: ["alg": .string(alg), "kid": "key"]), "signature")
                    await TestVerifier.expectRefusal(verifier, try attacker.token(TestClaims.good, header: ["alg": .string(alg)]), "signature")
                }
            }
        }

        @Test("no key signs for another key's id or algorithm", arguments: SignatureAlgorithm.allCases, SignatureAlgorithm.allCases)
        func crossed(signer: SignatureAlgorithm, named: SignatureAlgorithm) async throws {
            guard signer != named else { return }
            let (key, other) = (try await TestKey.make(signer, kid: "signer"), try await TestKey.make(named, kid: "named"))
            let (verifier, _) = try await TestVerifier.make(key, other)
            for alg in SignatureAlgorithm.allCases {
                await TestVerifier.expectRefusal(
                    verifier, try key.token(TestClaims.good, header: ["alg": .string(alg.rawValue), "kid": "named"]), "signature")
            }
        }

        @Test("an unsigned token is refused whatever its alg is called", arguments: ["none", "None", "NONE", "nOnE", "EdDSA", ""])
        func unsigned(alg: String) async throws {
            let key = try await TestKey.ed25519()
            let (verifier, _) = try await TestVerifier.make(key)
            let signed = Base64URL.encode(#"{"alg":"\#(alg)"}"#.utf8) + "." + Base64URL.encode(JSONValue.object(TestClaims.good).canonicalBytes)
            await TestVerifier.expectRefusal(verifier, signed + ".", "signature")
            await TestVerifier.expectRefusal(verifier, signed, "three base64url segments")
        }

        @Test("an unknown kid does not fall back to a key that would fit, and asks the source once")
        func unknownKid() async throws {
            let key = try await TestKey.ed25519("known")
            let (verifier, source) = try await TestVerifier.make(key)
            let token = try key.token(TestClaims.good, header: ["alg": "EdDSA", "kid": "unknown"])
            await TestVerifier.expectRefusal(verifier, token, "kid) is unknown")
            await TestVerifier.expectRefusal(verifier, token, "kid) is unknown")
            #expect(source.reads == 2)
        }

        @Test("without a kid a set of two keys is no use, and the source is not asked")
        func noKid() async throws {
            let (one, two) = (try await TestKey.ed25519("one"), try await TestKey.ed25519("two"))
            let (verifier, source) = try await TestVerifier.make(one, two)
            await TestVerifier.expectRefusal(verifier, try one.token(TestClaims.good, header: ["alg": "EdDSA"]), "names no key")
            #expect(source.reads == 1)
        }

        @Test("an algorithm that no key has makes nobody fetch keys")
        func noFetchForNone() async throws {
            let key = try await TestKey.ed25519()
            let (verifier, source) = try await TestVerifier.make(key)
            await TestVerifier.expectRefusal(verifier, try key.token(TestClaims.good, header: ["alg": "none", "kid": "new"]), "alg is none of")
            #expect(source.reads == 1)
        }

        @Test("any change to a signed token is refused")
        func tampered() async throws {
            let key = try await TestKey.ed25519()
            let (verifier, _) = try await TestVerifier.make(key)
            let token = Array(try key.token(TestClaims.good).utf8)
            for index in token.indices {
                var changed = token
                changed[index] = changed[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
                await #expect(throws: GateError.self) { try await verifier.verify(String(decoding: changed, as: UTF8.self), now: TestClaims.now) }
            }
        }
    }
}
