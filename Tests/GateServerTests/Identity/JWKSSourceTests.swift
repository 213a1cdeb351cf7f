import GateCore
import Synchronization
import Testing

@testable import GateServer

extension IdentityTests {
    @Suite("JWKS source")
    struct JWKSSourceTests {
        @Test("a start without usable keys fails and says where")
        func start() async throws {
            let empty = TestSource(Array(#"{"keys":[]}"#.utf8))
            let error = await #expect(throws: GateError.self) { try await empty.open() }
            #expect(error?.detail.hasPrefix("test: ") == true)
            let away = TestSource([])
            away.state.withLock { $0.fails = true }
            await #expect(throws: GateError.self) { try await away.open() }
        }

        @Test("a rotated key is found at its first token; the keys are asked for at most once a minute")
        func rotation() async throws {
            let (old, new, newer) = (try await TestKey.ed25519("old"), try await TestKey.ed25519("new"), try await TestKey.ed25519("newer"))
            let source = TestSource(TestKey.jwks(old))
            let keys = try await source.open()
            let verifier = TokenVerifier(keys: keys, rules: try TestClaims.rules())
            #expect(keys.generation == 1)

            source.set(TestKey.jwks(new))
            #expect(try await verifier.verify(new.token(TestClaims.good), now: TestClaims.now) == TestClaims.goodIdentity)
            #expect((source.reads, keys.generation) == (2, 2))
            await #expect(throws: GateError.self) { try await verifier.verify(old.token(TestClaims.good), now: TestClaims.now) }

            source.set(TestKey.jwks(new, newer))
            for second in 1...59 {
                source.pass(seconds: 1)
                await #expect(throws: GateError.self, "second \(second)") {
                    try await verifier.verify(newer.token(TestClaims.good), now: TestClaims.now)
                }
            }
            #expect((source.reads, keys.generation) == (2, 2))
            source.pass(seconds: 1)
            #expect(try await verifier.verify(newer.token(TestClaims.good), now: TestClaims.now) == TestClaims.goodIdentity)
            #expect((source.reads, keys.generation) == (3, 3))
        }

        @Test("the generation stays where the keys are the same in another order")
        func sameKeys() async throws {
            let (one, two) = (try await TestKey.ed25519("one"), try await TestKey.p256("two"))
            let source = TestSource(TestKey.jwks(one, two))
            let keys = try await source.open()
            source.set(TestKey.jwks(two, one))
            await keys.refresh()
            #expect((source.reads, keys.generation) == (2, 1))
        }

        @Test("a refresh that fails, or brings nothing usable, keeps the keys, is logged, and counts as the minute's")
        func failure() async throws {
            let key = try await TestKey.secret("mac")
            let source = TestSource(TestKey.jwks(key))
            let keys = try await source.open()
            source.state.withLock { $0.fails = true }
            await keys.refresh()
            source.state.withLock { $0.fails = false }
            await keys.refresh()
            #expect((source.reads, keys.generation) == (2, 1))

            source.pass(seconds: 60)
            // A secret that is too short, in a document that otherwise reads well.
            source.set(Array(#"{"keys":[{"kty":"oct","k":"U0VDUkVU"}]}"#.utf8))
            await keys.refresh()
            #expect((source.reads, keys.generation) == (3, 1))
            #expect(keys.current.keys.key(for: "mac") != nil)
            #expect(source.log.lines.count == 2)
            #expect(source.log.lines.allSatisfy { $0.hasPrefix("warning the key set could not be refreshed") && !$0.contains("U0VDUkVU") })
        }

        @Test("keys that are passed over are logged, without their numbers")
        func skipped() async throws {
            let key = try await TestKey.ed25519()
            let short: JSONObject = ["kty": "oct", "k": "U0VDUkVU"]
            let source = TestSource(TestKey.jwks([key.jwk, short]))
            _ = try await source.open()
            #expect(source.log.lines.count == 1)
            #expect(source.log.lines[0].contains("key 1: its secret has 6 bytes") && !source.log.lines[0].contains("U0VDUkVU"))
        }

        @Test("a clock that was set back does not lock refreshing out")
        func clockSetBack() async throws {
            let source = TestSource(TestKey.jwks(try await TestKey.ed25519()))
            let keys = try await source.open()
            await keys.refresh()
            source.pass(seconds: -3_600)
            await keys.refresh()
            #expect(source.reads == 3)
        }

        @Test("many who ask during a refresh wait for that one, and all see its keys")
        func concurrent() async throws {
            let (old, new) = (try await TestKey.ed25519("old"), try await TestKey.ed25519("new"))
            let source = TestSource(TestKey.jwks(old))
            let keys = try await source.open()
            let verifier = TokenVerifier(keys: keys, rules: try TestClaims.rules())
            source.set(TestKey.jwks(new))
            source.state.withLock { $0.during = { try? await Task.sleep(for: .milliseconds(50)) } }
            let token = try new.token(TestClaims.good)
            let users = try await withThrowingTaskGroup(of: UserIdentity.self) { group in
                for _ in 0..<200 { group.addTask { try await verifier.verify(token, now: TestClaims.now) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(users == Array(repeating: TestClaims.goodIdentity, count: 200))
            #expect((source.reads, keys.generation) == (2, 2))
        }

        @Test("keys come from a file, and from the file again after it was replaced")
        func file() async throws {
            try await TestFolder.with { folder in
                let (old, new) = (try await TestKey.ed25519("old"), try await TestKey.ed25519("new"))
                let path = "\(folder)/jwks.json"
                try SmallFile.put(TestKey.jwks(old), at: path, mode: 0o644, replacing: true)
                let keys = try await JWKSSource(JWKSLocation(path), logger: TestLog().logger, clock: { TestClaims.now })
                try SmallFile.put(TestKey.jwks(new), at: path, mode: 0o644, replacing: true)
                await keys.refresh()
                #expect(keys.generation == 2)
                #expect(keys.current.keys.key(for: "new") != nil && keys.current.keys.key(for: "old") == nil)

                let error = await #expect(throws: GateError.self) { try await JWKSLocation("\(folder)/none.json").read() }
                #expect(error?.detail == "cannot read \(folder)/none.json: No such file or directory")
                await #expect(throws: GateError.self) { try await JWKSLocation(folder).read() }
                try SmallFile.put(Array(repeating: 32, count: 65_537), at: path, mode: 0o644, replacing: true)
                let long = await #expect(throws: GateError.self) { try await JWKSLocation(path).read() }
                #expect(long?.limit?.allowed == 65_536)
            }
        }
    }
}
