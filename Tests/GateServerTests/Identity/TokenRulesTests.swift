import GateCore
import Testing

@testable import GateServer

extension IdentityTests {
    @Suite("Token rules")
    struct TokenRulesTests {
        static let acceptable: [(String, JSONValue?)] = [
            ("aud", ["other", "gate"]), ("exp", .number(Double(TestClaims.nowSeconds) + 3_600.0)), ("nbf", .integer(TestClaims.nowSeconds)),
            ("nbf", .integer(TestClaims.nowSeconds + 60)), ("nbf", .number(0.5)), ("extra", ["deep": ["er": nil]]), ("iat", "whatever"),
        ]

        @Test("claims that are in order are taken", arguments: acceptable)
        func goodClaims(claim: String, value: JSONValue?) async throws {
            let key = try await TestKey.ed25519()
            let (verifier, _) = try await TestVerifier.make(key)
            #expect(try await verifier.verify(key.token(TestClaims.with(claim, value)), now: TestClaims.now) == TestClaims.goodIdentity)
        }

        static let spoilt: [(String, JSONValue?, String)] = [
            ("iss", nil, "iss"), ("iss", "https://SECRET.example", "iss"), ("iss", "https://sso.example/", "iss"),
            ("iss", ["https://sso.example"], "iss"),
            ("aud", nil, "aud"), ("aud", "SECRET", "aud"), ("aud", "Gate", "aud"), ("aud", [], "aud"), ("aud", ["SECRET"], "aud"),
            ("aud", ["gate", 1], "aud"), ("aud", ["gate": "gate"], "aud"),
            ("exp", nil, "has no exp"), ("exp", "SECRET", "exp is not a number"), ("exp", nil as JSONValue? ?? .null, "exp is not a number"),
            ("exp", .integer(TestClaims.nowSeconds), "has expired"), ("exp", .integer(TestClaims.nowSeconds - 1), "has expired"),
            ("exp", 0, "has expired"),
            ("exp", .number(Double(TestClaims.nowSeconds) - 0.5), "has expired"), ("exp", -1, "out of range"),
            ("exp", .integer(.max), "out of range"),
            ("exp", .integer(TestClaims.nowSeconds * 1_000), "out of range"), ("exp", .number(1e300), "out of range"),
            ("exp", .number(-1e300), "out of range"),
            ("exp", true, "exp is not a number"),
            ("nbf", .integer(TestClaims.nowSeconds + 61), "not valid yet"), ("nbf", "SECRET", "nbf is not a number"),
            ("nbf", .null, "nbf is not a number"),
            ("sub", nil, "claim sub is missing"), ("sub", 7, "claim sub is missing"), ("sub", "", "claim sub is not a valid user id"),
            ("sub", "SECRET user", "claim sub is not a valid user id"), ("sub", "..", "claim sub is not a valid user id"),
            ("company_sso_id", nil, "claim company_sso_id is missing"), ("company_sso_id", 7, "claim company_sso_id is missing"),
            ("company_sso_id", "SECRET/1", "claim company_sso_id is not a valid company id"),
        ]

        @Test("a claim that is missing or wrong is refused by its name", arguments: spoilt)
        func badClaims(claim: String, value: JSONValue?, why: String) async throws {
            let key = try await TestKey.ed25519()
            let (verifier, _) = try await TestVerifier.make(key)
            await TestVerifier.expectRefusal(verifier, try key.token(TestClaims.with(claim, value)), why)
        }

        @Test("roles come from the configured claim: valid names, each once")
        func roles() async throws {
            let key = try await TestKey.ed25519()
            let (reading, _) = try await TestVerifier.make(key, rolesClaim: "groups")
            let (ignoring, _) = try await TestVerifier.make(key)
            let cases: [(JSONValue?, [String])] = [
                (["agent", "not valid", 7, "lead", "agent"], ["agent", "lead"]), ("agent", ["agent"]), (nil, []), (7, []), ([], []),
                (.array((0..<200).map { .string("role-\($0)") }), (0..<100).map { "role-\($0)" }),
            ]
            for (value, names) in cases {
                let token = try key.token(TestClaims.with("groups", value))
                #expect(try await reading.verify(token, now: TestClaims.now).roles.map(\.rawValue) == names)
                #expect(try await ignoring.verify(token, now: TestClaims.now).roles.isEmpty)
            }
        }

        @Test("rules without issuer or audience cannot be made")
        func incompleteRules() {
            #expect(throws: GateError.self) { try TokenRules(issuer: "", audience: "gate") }
            #expect(throws: GateError.self) { try TokenRules(issuer: "iss", audience: "") }
            #expect(throws: GateError.self) { try TokenRules(issuer: "iss", audience: "gate", rolesClaim: "") }
        }

        @Test("company and user may be in claims of other names")
        func otherClaims() async throws {
            let key = try await TestKey.ed25519()
            let source = TestSource(TestKey.jwks(key))
            let rules = try TokenRules(issuer: TestClaims.issuer, audience: TestClaims.audience, companyClaim: "org", userClaim: "uid")
            let verifier = TokenVerifier(keys: try await source.open(), rules: rules)
            var claims = TestClaims.good
            claims["org"] = "o"
            claims["uid"] = "u"
            let user = try await verifier.verify(key.token(claims), now: TestClaims.now)
            #expect(user.company.rawValue == "o" && user.user.rawValue == "u")
        }
    }
}
