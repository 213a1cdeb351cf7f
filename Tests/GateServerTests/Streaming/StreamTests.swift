import GateCore
import NIOHTTP1
import Testing

@testable import GateServer

/// Connections that have become streams.
@Suite("Streams", .timeLimit(.minutes(10)))
struct StreamTests {
    /// Who listens: a user, who is known in front of the router, or an API token, whose request goes through it.
    enum Listener: CaseIterable {
        case user
        case token

        func ask(_ server: TestServer, company: String = "acme", user: String = "ann") async throws -> (query: String, token: String) {
            switch self {
            case .user: ("", try server.user(company, user))
            case .token: ("?company_id=\(company)&user_id=\(user)", try await server.token("service"))
            }
        }
    }

    /// What somebody who asks is answered.
    private static func answers(_ server: TestServer, _ query: String, _ token: String) async throws -> StreamClient.Known {
        var known = StreamClient.Known()
        let flags = try await server.get("/v1/feature_flags" + query.prefix { $0 != "&" }, by: token)
        let gates = try await server.get("/v1/gates" + query, by: token)
        known.learn(["flags": .array(flags.data), "gates": .array(gates.data)])
        return known
    }

    /// What is gone is told as off, and stays known as that.
    private static func withoutGone(_ known: StreamClient.Known, _ asked: StreamClient.Known) -> StreamClient.Known {
        var known = known
        known.flags = known.flags.filter { asked.flags[$0.key] != nil || $0.value != [false, false] }
        known.gates = known.gates.filter { asked.gates[$0.key] != nil || $0.value.first != false }
        return known
    }

    @Test(
        "After generated writes who listens knows what who asks is answered, and whom a write concerns is told once",
        arguments: Listener.allCases, [11, 12])
    func agreement(listener: Listener, seed: UInt64) async throws {
        try await TestServer.running { server in
            var random = TestRandom(seed: seed)
            let (query, token) = try await listener.ask(server)
            try await StreamClient.listening(to: server, query, by: token) { stream in
                let first = try #require(try await stream.event())
                #expect(first.event == "flags")
                for step in 0..<80 {
                    let before = try await Self.answers(server, query, token)
                    let count = stream.events.count
                    let answer = try await HotAnswersTests.write(server, &random, "wait=30s")
                    let after = try await Self.answers(server, query, token)
                    let place = Comment(rawValue: "seed \(seed), step \(step): \(answer.text)")
                    let delivery = answer.member("delivery")
                    #expect(before == after || delivery?["streams"] == 1, place)
                    if delivery?["streams"] == 1 {
                        #expect(delivery?["written"] == 1 && delivery?["complete"] == true, place)
                        let id = try #require(answer["Gate-Revision"], place)
                        _ = try #require(try await stream.event(id), place)
                        #expect(stream.events.count == count + 1 && stream.events.last?.event == "change", place)
                    }
                    #expect(Self.withoutGone(stream.known, after) == after, place)
                }
                #expect(stream.events.count > 10, "seed \(seed): the writes hardly concerned the listener")
                // Coming again from the first event's position gives in one event what all of them have said.
                try await StreamClient.listening(to: server, query, by: token, "Last-Event-ID: \(first.id)\r\n\r\n") { again in
                    let resumed = try #require(try await again.event())
                    #expect(resumed.event == "change" && again.events.count == 1)
                    for (code, pair) in again.known.flags { #expect(stream.known.flags[code] == pair, "seed \(seed): \(code)") }
                    for (gate, answer) in again.known.gates { #expect(stream.known.gates[gate] == answer, "seed \(seed): \(gate)") }
                }
            }
        }
    }

    @Test("What a client sends behind its request is not read, and the stream goes on", arguments: Listener.allCases)
    func behind(listener: Listener) async throws {
        try await TestServer.running { server in
            let (query, token) = try await listener.ask(server)
            let second = "\r\nGET /v1/gates\(query) HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer \(token)\r\n\r\n"
            try await StreamClient.listening(to: server, query, by: token, second) { stream in
                #expect(try await stream.event()?.event == "flags")
                try await stream.send("GET /livez HTTP/1.1\r\nHost: gate\r\n\r\n" + String(repeating: "\u{0}nonsense\r\n", count: 1_000))
                for enabled in [false, true] {
                    try await server.change(.PUT, "/flags/embed/companies/acme?wait=2s", ["enabled": .bool(enabled)])
                    #expect(try await stream.event()?.event == "change")
                }
                #expect(stream.received.ranges(of: "HTTP/1.1 ").count == 1 && !stream.received.contains("\"data\":["))
            }
        }
    }

    @Test("A client that closes its half is gone", arguments: Listener.allCases)
    func halfClosed(listener: Listener) async throws {
        try await TestServer.running { server in
            let (query, token) = try await listener.ask(server)
            try await StreamClient.listening(to: server, query, by: token) { stream in
                _ = try await stream.event()
                #expect(try await server.read("/streams").data.count == 1)
                stream.closeOutput()
                #expect(try await !stream.readToEnd().contains("retry:"))
            }
            #expect(try await server.read("/streams").data == [])
        }
    }

    @Test("The sixth stream of a user ends the oldest, with a hint when to come again; those of others are not counted", arguments: Listener.allCases)
    func oldest(listener: Listener) async throws {
        try await TestServer.running { server in
            let asked = try await listener.ask(server)
            let others = try await (listener == .user ? Listener.token : .user).ask(server)
            try await StreamClient.listening(to: server, asked.query, by: asked.token) { first in
                _ = try await first.event()
                try await Self.more(4, server, asked) {
                    try await Self.more(2, server, others) {
                        #expect(try await server.read("/streams").data.count == 7)
                        try await Self.more(1, server, asked) {
                            let (text, left) = (try await first.readToEnd(), try await server.read("/streams").data.count)
                            #expect(text.hasSuffix("retry: 30000\n\n\r\n0\r\n\r\n") && left == 7)
                        }
                    }
                }
            }
        }
    }

    /// Opens so many streams more, each after the other, and keeps them while the work is done.
    private static func more(
        _ count: Int, _ server: TestServer, _ asked: (query: String, token: String), _ work: () async throws -> Void
    ) async throws {
        guard count > 0 else { return try await work() }
        try await StreamClient.listening(to: server, asked.query, by: asked.token) { stream in
            _ = try await stream.event()
            try await more(count - 1, server, asked, work)
        }
    }

    @Test("A stream ends with the token behind it", arguments: Listener.allCases)
    func expiry(listener: Listener) async throws {
        try await TestServer.running { server in
            let (query, token) =
                listener == .user ? ("", try server.user("acme", "ann", ttl: 60)) : try await listener.ask(server)
            try await StreamClient.listening(to: server, query, by: token) { stream in
                _ = try await stream.event()
                server.clock.pass(seconds: listener == .user ? 60 : 91 * 86_400)
                #expect(try await stream.readToEnd().hasSuffix("retry: 1000\n\n\r\n0\r\n\r\n"))
            }
        }
    }

    @Test("Who is behind is told from who was only not concerned")
    func list() async throws {
        try await TestServer.running { server in
            try await StreamClient.listening(to: server, by: server.user("globex", "gus")) { stream in
                _ = try await stream.event()
                try await server.change(.PUT, "/flags/embed/companies/acme?wait=2s", ["enabled": false])
                let row = try #require(try await server.read("/streams").data.first)
                #expect(row["company_id"] == "globex" && row["user_id"] == "gus" && row["queued_events"] == 0 && row["behind"] == false)
                #expect(row["revision"]?.integerValue == TestUniverse.revision)
            }
        }
    }
}
