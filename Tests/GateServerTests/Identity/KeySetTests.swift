import GateCore
import Testing

@testable import GateServer

extension IdentityTests {
    @Suite("Key set")
    struct KeySetTests {
        @Test("each kind of key is pinned to one algorithm", arguments: SignatureAlgorithm.allCases)
        func pinned(algorithm: SignatureAlgorithm) async throws {
            var jwk = try await TestKey.make(algorithm).jwk
            #expect(try await KeySet(jwks: TestKey.jwks([jwk])).keys.map(\.algorithm) == [algorithm])
            jwk["alg"] = .string(algorithm.rawValue)
            jwk["use"] = "sig"
            jwk["key_ops"] = ["verify"]
            #expect(try await KeySet(jwks: TestKey.jwks([jwk])).keys.map(\.algorithm) == [algorithm])
        }

        /// A member of a good key replaced, and what the refusal then says.
        static let unusable: [(SignatureAlgorithm, String, JSONValue?, String)] = [
            (.edDSA, "alg", "ES256", "taken for EdDSA only"), (.es256, "alg", "HS256", "taken for ES256 only"),
            (.rs256, "alg", "PS256", "taken for RS256 only"), (.rs256, "alg", "HS256", "taken for RS256 only"),
            (.hs256, "alg", "RS256", "taken for HS256 only"), (.hs256, "alg", "none", "taken for HS256 only"),
            (.edDSA, "alg", 1, "alg is not a string"), (.edDSA, "kid", 1, "kid is not a string"),
            (.edDSA, "use", "enc", "not for signatures"), (.rs256, "use", "", "not for signatures"),
            (.es256, "key_ops", ["encrypt"], "not for verifying"), (.es256, "key_ops", "verify", "not for verifying"),
            (.edDSA, "kty", nil, "has no kty"), (.edDSA, "kty", "AKP", "is none of"),
            (.edDSA, "crv", "X25519", "only Ed25519"), (.edDSA, "crv", nil, "only Ed25519"), (.edDSA, "x", nil, "has no x"),
            (.edDSA, "x", "AAAA", "3 bytes, not 32"), (.edDSA, "x", "A", "not base64url"), (.edDSA, "x", 3, "x is not a string"),
            (.es256, "crv", "P-384", "only P-256"), (.es256, "y", nil, "has no y"), (.es256, "y", "AAAA", "3 bytes, not 32"),
            (.es256, "y", .string(Base64URL.encode(Array(repeating: 1, count: 32))), "no valid key"),
            (.rs256, "n", .string(Base64URL.encode([0x7F] + Array(repeating: 0xFF, count: 255))), "2047 bits"),
            (.rs256, "n", .string(Base64URL.encode([0, 0, 0x80] + Array(repeating: 1, count: 127))), "1024 bits"),
            (.rs256, "n", "", "0 bits"), (.rs256, "e", "AQ", "exponent"), (.rs256, "e", "BA", "exponent"), (.rs256, "e", "", "exponent"),
            (.rs256, "e", "AQAAAAE", "exponent"), (.hs256, "k", nil, "has no k"), (.hs256, "k", "", "0 bytes"),
            (.hs256, "k", .string(Base64URL.encode(Array(repeating: 1, count: 31))), "31 bytes"),
        ]

        @Test("a key that does not fit is passed over, and the set refused where it was the only one", arguments: unusable)
        func refused(algorithm: SignatureAlgorithm, member: String, value: JSONValue?, why: String) async throws {
            var jwk = try await TestKey.make(algorithm).jwk
            jwk[member] = value
            let other = try await TestKey.ed25519("other")
            let error = await #expect(throws: GateError.self) { try await KeySet(jwks: TestKey.jwks([jwk])) }
            #expect(error?.code == .parameterInvalid)
            #expect(error?.detail.contains("key 0: ") == true && error?.detail.contains(why) == true, "\(error?.detail ?? "")")

            let set = try await KeySet(jwks: TestKey.jwks([other.jwk, jwk]))
            #expect(set.keys.map(\.kid) == ["other"])
            #expect(set.skipped.count == 1 && set.skipped[0].hasPrefix("key 1: "))
        }

        @Test(
            "what is no key set is refused",
            arguments: [
                "", "{}", "[]", "null", #"{"keys":{}}"#, #"{"keys":[]}"#, #"{"keys":[1]}"#, #"{"keys":[],"keys":[]}"#, #"{"keys":[],}"#,
            ])
        func notAKeySet(text: String) async throws {
            let error = await #expect(throws: GateError.self) { try await KeySet(jwks: Array(text.utf8)) }
            #expect(error?.code == .parameterInvalid)
        }

        @Test("a set with one kid twice is refused, whether or not both keys can be used")
        func duplicateKid() async throws {
            let (one, two) = (try await TestKey.ed25519("same"), try await TestKey.p256("same"))
            var unusable = two.jwk
            unusable["use"] = "enc"
            for document in [TestKey.jwks(one, two), TestKey.jwks([one.jwk, unusable])] {
                let error = await #expect(throws: GateError.self) { try await KeySet(jwks: document) }
                #expect(error?.detail == "the keys 0 and 1 of the key set have the same kid")
            }
        }

        @Test("more than a hundred keys are refused")
        func tooMany() async throws {
            let jwks = try await (0...100).asyncMap { try await TestKey.ed25519("key-\($0)").jwk }
            let error = await #expect(throws: GateError.self) { try await KeySet(jwks: TestKey.jwks(jwks)) }
            #expect(error?.limit == .init("keys", provided: 101, allowed: 100))
            #expect(try await KeySet(jwks: TestKey.jwks(Array(jwks.dropLast()))).keys.count == 100)
        }

        @Test("a kid finds its own key and no other; no kid finds the only key")
        func lookup() async throws {
            let (one, two) = (try await TestKey.ed25519("K1"), try await TestKey.p256("k2"))
            let both = try await KeySet(jwks: TestKey.jwks(one, two))
            #expect(both.key(for: "K1")?.algorithm == .edDSA)
            #expect(both.key(for: "k2")?.algorithm == .es256)
            // The last but one begins with the Kelvin sign, which Swift's == takes for a K.
            for kid in [nil, "", "k1", "K2", "k2 ", "\u{212A}1", "default"] { #expect(both.key(for: kid) == nil) }
            let single = try await KeySet(jwks: TestKey.jwks(one))
            #expect(single.key(for: nil)?.kid == "K1")
            #expect(single.key(for: "other") == nil)
        }

        @Test("a set is the same whatever the order of its keys, and another when an id or a number differs")
        func sameness() async throws {
            let (one, two) = (try await TestKey.ed25519("one"), try await TestKey.ed25519("two"))
            let set = try await KeySet(jwks: TestKey.jwks(one, two))
            #expect(set.hasSameKeys(as: try await KeySet(jwks: TestKey.jwks(two, one))))
            #expect(!set.hasSameKeys(as: try await KeySet(jwks: TestKey.jwks(one))))
            var renamed = two.jwk
            renamed["kid"] = "three"
            #expect(!set.hasSameKeys(as: try await KeySet(jwks: TestKey.jwks([one.jwk, renamed]))))
            let replaced = try await TestKey.ed25519("two")
            #expect(!set.hasSameKeys(as: try await KeySet(jwks: TestKey.jwks(one, replaced))))
        }
    }
}

extension Sequence where Self: Sendable {
    fileprivate func asyncMap<Result>(_ transform: (Element) async throws -> Result) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}
