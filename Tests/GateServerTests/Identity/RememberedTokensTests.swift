import GateCore
import Testing

@testable import GateServer

extension IdentityTests {
    @Suite("Remembered tokens")
    struct RememberedTokensTests {
        private let identity = TestClaims.goodIdentity

        @Test("a token is remembered under its own text only")
        func remembered() {
            let tokens = RememberedTokens()
            tokens.insert("a", identity, generation: 1)
            #expect(tokens.lookup("a", now: TestClaims.now, generation: 1) == identity)
            #expect(tokens.lookup("A", now: TestClaims.now, generation: 1) == nil)
            #expect(tokens.lookup("", now: TestClaims.now, generation: 1) == nil)
        }

        @Test("an expired entry is dropped at the moment of its expiry")
        func expired() {
            let tokens = RememberedTokens()
            tokens.insert("a", identity, generation: 1)
            let lastMoment = Timestamp(microseconds: identity.expiresAt.microseconds - 1)
            #expect(tokens.lookup("a", now: lastMoment, generation: 1) == identity)
            #expect(tokens.lookup("a", now: identity.expiresAt, generation: 1) == nil)
            #expect(tokens.count == 0)
        }

        @Test("an entry of another generation is dropped, an older one and a newer one")
        func generations() {
            for generation in [1, 3] {
                let tokens = RememberedTokens()
                tokens.insert("a", identity, generation: generation)
                #expect(tokens.lookup("a", now: TestClaims.now, generation: 2) == nil)
                #expect(tokens.count == 0)
            }
        }

        @Test("the capacity holds, and what is asked for stays")
        func bounded() {
            let tokens = RememberedTokens(capacity: 10)
            for index in 0..<1_000 {
                tokens.insert("\(index)", identity, generation: 1)
                #expect(tokens.lookup("0", now: TestClaims.now, generation: 1) == identity, "after \(index)")
                #expect(tokens.count <= 10)
            }
            #expect(tokens.lookup("999", now: TestClaims.now, generation: 1) == identity)
            #expect(tokens.lookup("500", now: TestClaims.now, generation: 1) == nil)
        }

        @Test("one token again and again takes one place")
        func repeated() {
            let tokens = RememberedTokens(capacity: 4)
            tokens.insert("b", identity, generation: 1)
            for _ in 0..<100 { tokens.insert("a", identity, generation: 1) }
            #expect(tokens.count == 2)
            #expect(tokens.lookup("b", now: TestClaims.now, generation: 1) == identity)
        }

        @Test("a capacity of nothing remembers nothing", arguments: [-1, 0, 1])
        func none(capacity: Int) {
            let tokens = RememberedTokens(capacity: capacity)
            tokens.insert("a", identity, generation: 1)
            #expect(tokens.lookup("a", now: TestClaims.now, generation: 1) == nil)
        }

        @Test("many at once keep the bound and never read another's entry")
        func concurrent() async {
            let tokens = RememberedTokens(capacity: 100)
            await withTaskGroup(of: Void.self) { group in
                for worker in 0..<8 {
                    group.addTask {
                        for index in 0..<2_000 {
                            let name = "\(worker)-\(index % 150)"
                            let identity = UserIdentity(
                                company: .init(unchecked: "c"), user: .init(unchecked: name), expiresAt: TestClaims.goodIdentity.expiresAt)
                            tokens.insert(name, identity, generation: 1)
                            if let found = tokens.lookup(name, now: TestClaims.now, generation: 1) { #expect(found == identity) }
                        }
                    }
                }
            }
            #expect(tokens.count <= 100)
        }
    }
}
