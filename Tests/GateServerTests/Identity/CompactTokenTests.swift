import GateCore
import Testing

@testable import GateServer

extension IdentityTests {
    @Suite("Compact token")
    struct CompactTokenTests {
        static let headerTable: [(String, String?)] = [
            (#"{"alg":"EdDSA","kid":"ed","typ":"JWT"}"#, nil), (#"{"alg":"EdDSA","kid":"ed","typ":"jwt"}"#, nil),
            (#"{"alg":"EdDSA","kid":"ed","typ":"at+JWT"}"#, nil), (#"{"alg":"EdDSA"}"#, nil), (#" {"alg":"EdDSA","x":[{}]} "#, nil),
            (#"{"alg":"EdDSA","jwk":{"kty":"OKP"},"jku":"https://SECRET","x5u":""}"#, nil),
            (#"{"alg":"EdDSA","typ":"JOSE"}"#, "typ"), (#"{"alg":"EdDSA","typ":1}"#, "typ"), (#"{"alg":"EdDSA","typ":"application/jwt"}"#, "typ"),
            (#"{"alg":"EdDSA","crit":["exp"],"exp":1}"#, "crit"), (#"{"alg":"EdDSA","crit":[]}"#, "crit"), (#"{"alg":"EdDSA","crit":null}"#, "crit"),
            (#"{"alg":"EdDSA","alg":"EdDSA"}"#, "header has a member twice"), (#"{"alg":"none","alg":"EdDSA"}"#, "header has a member twice"),
            (#"{"alg":"EdDSA","SECRET":1,"SECRET":2}"#, "header has a member twice"),
            (#"{"\u0061lg":"EdDSA","alg":"EdDSA"}"#, "header has a member twice"),
            (#"{"alg":"EdDSA",}"#, "header is not JSON"), (#"{"alg":"EdDSA"}{}"#, "header is not JSON"), ("", "header is not JSON"),
            (#"["EdDSA"]"#, "header is not a JSON object"), ("{}", "has no alg"), (#"{"alg":null}"#, "has no alg"),
            (#"{"alg":["EdDSA"]}"#, "has no alg"),
            (#"{"alg":"eddsa"}"#, "signature"), (#"{"alg":"EdDSA "}"#, "signature"), (#"{"alg":"Ed25519"}"#, "signature"),
            (#"{"alg":"none"}"#, "signature"),
            (#"{"alg":"ES256"}"#, "signature"), (#"{"alg":""}"#, "signature"), (#"{"alg":"EdDSA","kid":1}"#, "kid is not a string"),
            (#"{"alg":"EdDSA","kid":null}"#, "kid is not a string"), (#"{"alg":"EdDSA","kid":"SECRET"}"#, "kid) is unknown"),
            (#"{"alg":"none","kid":"SECRET"}"#, "alg is none of"),
        ]

        @Test("headers are read strictly, and only the key's own alg is taken", arguments: headerTable)
        func headers(header: String, why: String?) async throws {
            let key = try await TestKey.ed25519()
            let (verifier, _) = try await TestVerifier.make(key)
            let token = try key.token(header: header, payload: JSONValue.object(TestClaims.good).text)
            if let why {
                await TestVerifier.expectRefusal(verifier, token, why)
            } else {
                #expect(try await verifier.verify(token, now: TestClaims.now) == TestClaims.goodIdentity)
            }
        }

        @Test(
            "a payload that is signed but not strict JSON is refused",
            arguments: [
                ("", "payload is not JSON"), ("[]", "payload is not a JSON object"), (#"{"sub":"a","sub":"b"}"#, "payload has a member twice"),
                (#"{"sub":"a",}"#, "payload is not JSON"), (String(repeating: "[", count: 33), "payload is nested too deep"),
            ])
        func payloads(payload: String, why: String) async throws {
            let key = try await TestKey.ed25519()
            let (verifier, _) = try await TestVerifier.make(key)
            await TestVerifier.expectRefusal(verifier, try key.token(header: #"{"alg":"EdDSA"}"#, payload: payload), why)
        }

        @Test(
            "other than three segments of base64url are refused",
            arguments: ["", ".", "..", "...", "a.b", "e30.e30.e30=", "e30 .e30.e30", "e30.e30.e30.e30", "é.é.é"])
        func segments(text: String) async throws {
            let (verifier, _) = try await TestVerifier.make(try await TestKey.ed25519())
            await TestVerifier.expectRefusal(verifier, text, text == ".." ? "header is not JSON" : "three base64url segments")
        }

        @Test("4 KiB are taken, a byte more is refused with both numbers")
        func oversize() async throws {
            let key = try await TestKey.ed25519()
            let (verifier, _) = try await TestVerifier.make(key)
            // Padding by three payload bytes makes four characters; the header's spaces give the rest.
            let sizes = try (0..<3).flatMap { spaces in
                try (2_750..<2_900).map { try Self.padded(key, spaces: spaces, payload: $0) }
            }
            let exact = try #require(sizes.first { $0.utf8.count == 4_096 })
            #expect(try await verifier.verify(exact, now: TestClaims.now) == TestClaims.goodIdentity)
            let beyond = try #require(sizes.first { $0.utf8.count == 4_097 })
            let error = await #expect(throws: GateError.self) { try await verifier.verify(beyond, now: TestClaims.now) }
            #expect(error?.limit == .init("token_bytes", provided: 4_097, allowed: 4_096))
        }

        private static func padded(_ key: TestKey, spaces: Int, payload: Int) throws -> String {
            try key.token(
                header: #"{"alg":"EdDSA"}"# + String(repeating: " ", count: spaces),
                payload: JSONValue.object(TestClaims.with("pad", .string(String(repeating: "x", count: payload)))).text)
        }
    }
}
