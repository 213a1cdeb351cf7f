import GateCore
import Synchronization
import Testing

@testable import GateServer

extension IdentityTests {
    @Suite("Authenticator")
    struct AuthenticatorTests {
        /// An authenticator, the key it trusts, and one API token that is stored.
        private struct Scene {
            let key: TestKey
            let source: TestSource
            let keys: JWKSSource
            let remembered = RememberedTokens()
            let text = APITokenText.generate(.service)

            init() async throws {
                key = try await TestKey.ed25519()
                source = TestSource(TestKey.jwks(key))
                keys = try await source.open()
            }

            func authenticator() throws -> Authenticator {
                Authenticator(verifier: TokenVerifier(keys: keys, rules: try TestClaims.rules()), remembered: remembered)
            }

            var stored: Token {
                Token(
                    id: TokenID(unchecked: "t1"), kind: .service, name: "", createdAt: TestClaims.now,
                    expiresAt: TestClaims.now + TimeSpan(seconds: 60),
                    digest: text.digest)
            }

            func find(_ digest: String) -> Token? { digest == stored.digest ? stored : nil }

            func jwt() throws -> String { try key.token(TestClaims.good) }
        }

        private static func expectRefusal(
            _ authenticator: Authenticator, authorization: String? = nil, cookie: String? = nil, _ code: GateError.Code = .credentialInvalid,
            _ why: String = "", now: Timestamp = TestClaims.now, at location: SourceLocation = #_sourceLocation,
            find: (String) -> Token? = { _ in nil }
        ) async {
            do {
                let outcome = try await authenticator.identify(authorization: authorization, cookie: cookie, now: now, apiToken: find)
                Issue.record("it was taken as \(outcome)", sourceLocation: location)
            } catch {
                #expect(error.code == code, sourceLocation: location)
                #expect(error.detail.contains(why), "\(error.detail)", sourceLocation: location)
            }
        }

        @Test("a user's token counts from the header and from the cookie, and which it was is told")
        func user() async throws {
            let scene = try await Scene()
            let authenticator = try scene.authenticator()
            let jwt = try scene.jwt()
            let header = try await authenticator.identify(authorization: "Bearer \(jwt)", cookie: nil, now: TestClaims.now, apiToken: { _ in nil })
            #expect(header.identity == .user(TestClaims.goodIdentity) && !header.fromCookie)
            let cookie = try await authenticator.identify(
                authorization: nil, cookie: "global_sso_token=\(jwt)", now: TestClaims.now, apiToken: { _ in nil })
            #expect(cookie.identity == .user(TestClaims.goodIdentity) && cookie.fromCookie)
            await Self.expectRefusal(authenticator, .credentialMissing, "global_sso_token")
            await Self.expectRefusal(authenticator, authorization: "Bearer bad", cookie: "global_sso_token=\(jwt)")
        }

        @Test("an API token is found by its digest, and not taken from a cookie")
        func apiToken() async throws {
            let scene = try await Scene()
            let authenticator = try scene.authenticator()
            let outcome = try await authenticator.identify(
                authorization: "Bearer \(scene.text.text)", cookie: nil, now: TestClaims.now, apiToken: scene.find)
            #expect(outcome.identity == .token(scene.stored) && !outcome.fromCookie)
            await Self.expectRefusal(authenticator, cookie: "global_sso_token=\(scene.text.text)", .credentialInvalid, "cookie", find: scene.find)
        }

        @Test("an API token that is unknown, revoked, expired or stored under another digest gets one answer")
        func deadTokens() async throws {
            let scene = try await Scene()
            let authenticator = try scene.authenticator()
            let authorization = "Bearer \(scene.text.text)"
            let answer = "the API token is unknown, revoked or expired"
            await Self.expectRefusal(authenticator, authorization: authorization, .credentialInvalid, answer)
            await Self.expectRefusal(
                authenticator, authorization: "Bearer \(APITokenText.generate(.admin).text)", .credentialInvalid, answer, find: scene.find)
            await Self.expectRefusal(
                authenticator, authorization: authorization, .credentialInvalid, answer, now: scene.stored.expiresAt, find: scene.find)
            var foreign = scene.stored
            foreign.digest = APITokenText.generate(.service).digest
            await Self.expectRefusal(authenticator, authorization: authorization, .credentialInvalid, answer, find: { _ in foreign })
        }

        @Test("a mistyped API token is refused without a look-up")
        func mistyped() async throws {
            let scene = try await Scene()
            let lookups = Mutex(0)
            for text in [String(scene.text.text.dropLast()) + "!", scene.text.text.replacing("service", with: "admin"), "gate_", "gate_x"] {
                await Self.expectRefusal(try scene.authenticator(), authorization: "Bearer \(text)") { _ in
                    lookups.withLock { $0 += 1 }
                    return nil
                }
            }
            #expect(lookups.withLock { $0 } == 0)
        }

        @Test("with user tokens off, a JWT is invalid and API tokens work")
        func off() async throws {
            let scene = try await Scene()
            let authenticator = Authenticator(verifier: nil)
            await Self.expectRefusal(authenticator, authorization: "Bearer \(try scene.jwt())", .credentialInvalid, "no user tokens")
            let outcome = try await authenticator.identify(
                authorization: "Bearer \(scene.text.text)", cookie: nil, now: TestClaims.now, apiToken: scene.find)
            #expect(outcome.identity == .token(scene.stored))
        }

        @Test("a verified token is known at once the next time, until it expires")
        func remembered() async throws {
            let scene = try await Scene()
            let authenticator = try scene.authenticator()
            let authorization = "Bearer \(try scene.jwt())"
            func atOnce(_ now: Timestamp) throws(GateError) -> Identity? {
                try authenticator.identifyAtOnce(authorization: authorization, cookie: nil, now: now, apiToken: { _ in nil })?.identity
            }
            #expect(try atOnce(TestClaims.now) == nil)
            _ = try await authenticator.identify(authorization: authorization, cookie: nil, now: TestClaims.now, apiToken: { _ in nil })
            #expect(try atOnce(TestClaims.now) == .user(TestClaims.goodIdentity))
            #expect(try atOnce(TestClaims.goodIdentity.expiresAt) == nil)
            await Self.expectRefusal(
                authenticator, authorization: authorization, .credentialInvalid, "expired", now: TestClaims.goodIdentity.expiresAt)
        }

        @Test("a token that was refused is not remembered")
        func notRemembered() async throws {
            let scene = try await Scene()
            let authenticator = try scene.authenticator()
            await Self.expectRefusal(authenticator, authorization: "Bearer \(try scene.key.token(TestClaims.with("aud", "other")))")
            #expect(scene.remembered.count == 0)
        }

        @Test("a change of keys drops what was remembered: a token of a withdrawn key is refused")
        func withdrawn() async throws {
            let scene = try await Scene()
            let authenticator = try scene.authenticator()
            let authorization = "Bearer \(try scene.jwt())"
            _ = try await authenticator.identify(authorization: authorization, cookie: nil, now: TestClaims.now, apiToken: { _ in nil })
            scene.source.set(TestKey.jwks(try await TestKey.ed25519("next")))
            await scene.keys.refresh()
            #expect(scene.keys.generation == 2)
            #expect(try authenticator.identifyAtOnce(authorization: authorization, cookie: nil, now: TestClaims.now, apiToken: { _ in nil }) == nil)
            await Self.expectRefusal(authenticator, authorization: authorization, .credentialInvalid, "unknown")
            #expect(scene.remembered.count == 0)
        }
    }
}
