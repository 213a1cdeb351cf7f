import GateCore
import NIOHTTP1
import Testing

@testable import GateServer

/// What every write takes: a reason, preconditions, a key against repetition, a dry run.
@Suite("Writes", .timeLimit(.minutes(10)))
struct WriteTests {
    private static let path = "/v1/admin/flags/embed/companies/umbrella"
    private static let json = [("Content-Type", "application/json")]

    private static func put(
        _ server: TestServer, query: String = "reason=test", _ headers: [(String, String)] = [], body: String = #"{"enabled":true}"#,
        by token: String? = nil
    ) async throws -> Answer {
        try await server.send(
            .PUT, path + (query.isEmpty ? "" : "?" + query), by: token ?? server.admin, json + headers, body: Array(body.utf8))
    }

    @Test(
        "A write says why, in at most 500 printable characters",
        arguments: [
            ("", "reason_missing"), ("reason", "reason_missing"), ("reason=", "reason_missing"), ("reason=%20%09", "reason_missing"),
            ("reason=a%0Ab", "text_invalid"), ("reason=a%00b", "text_invalid"), ("reason=%1B%5B31m", "text_invalid"),
            ("reason=%E2%80%AEtxt", "text_invalid"), ("reason=" + String(repeating: "r", count: 501), "limit_exceeded"),
            ("reason=a&reason=b", "parameter_invalid"), ("reason=%FF", "parameter_invalid"),
        ])
    func reason(query: String, code: String) async throws {
        try await TestServer.running { server in
            let answer = try await Self.put(server, query: query)
            #expect(answer.status == 400 && answer.code == code, "\(answer.text)")
            if code == "limit_exceeded" { #expect(answer.bound == [501, 500]) }
            #expect(try await server.revision() == TestUniverse.revision)
        }
    }

    @Test("A reason of 500 characters, in any script, is kept as it was given")
    func longReason() async throws {
        try await TestServer.running { server in
            let reason = String(repeating: "é", count: 500)
            #expect(try await Self.put(server, query: "reason=" + String(repeating: "%C3%A9", count: 500)).status == 201)
            let change = try await server.read("/changes/3")
            #expect(change.member("reason")?.stringValue == reason)
            #expect(change.member("actor")?.stringValue?.hasPrefix("token/admin-") == true)
            #expect(change.member("at")?.stringValue == "\(server.clock.now)")
        }
    }

    @Test(
        "What is no parameter of a write is refused, not passed over",
        arguments: [
            "reson=x&reason=y", "reason=x&dry-run=true", "reason=x&dry_run=yes", "reason=x&new_company=1", "reason=x&limit=5",
            "reason=x&for=2h&at=2027-01-01T00:00Z",
        ])
    func parameters(query: String) async throws {
        try await TestServer.running { server in
            let answer = try await Self.put(server, query: query)
            #expect(answer.status == 400 && answer.code == "parameter_invalid", "\(answer.text)")
            #expect(try await server.revision() == TestUniverse.revision)
        }
    }

    @Test("If-Match with the entity's revision lets a write through, any other is 412")
    func ifMatch() async throws {
        try await TestServer.running { server in
            #expect(try await Self.put(server, [("If-Match", "\"1\"")]).status == 412)
            #expect(try await Self.put(server, [("If-Match", "\"0\"")]).status == 201)
            let tag = try #require(try await server.get(Self.path, by: server.admin)["ETag"])
            #expect(tag == "\"3\"")
            let again = try await Self.put(server, [("If-Match", "\"0\"")], body: #"{"enabled":false}"#)
            #expect(again.status == 412 && again.code == "revision_mismatch")
            #expect(again.member("conflicts")?[0]?["revision"] == 3)
            #expect(try await Self.put(server, query: "reason=x&dry_run=true", [("If-Match", "\"2\"")]).status == 412)
            #expect(try await Self.put(server, [("If-Match", tag)], body: #"{"enabled":false}"#).status == 200)
            #expect(try await server.send(.DELETE, Self.path + "?reason=x", by: server.admin, [("If-Match", tag)]).status == 412)
            #expect(try await server.send(.DELETE, Self.path + "?reason=x", by: server.admin, [("If-Match", "\"4\"")]).status == 200)
            #expect(try await server.revision() == 5)
        }
    }

    @Test("An If-Match that is no revision in quotes is refused", arguments: ["3", "\"3", "W/\"3\"", "*", "\"\"", "\"-1\"", "\"a\"", "\"1\", \"2\""])
    func ifMatchMalformed(value: String) async throws {
        try await TestServer.running { server in
            let answer = try await Self.put(server, [("If-Match", value)])
            #expect(answer.status == 400 && answer.code == "parameter_invalid", "\(answer.text)")
            #expect(try await server.revision() == TestUniverse.revision)
        }
    }

    @Test("A write about many things takes no If-Match, for it could not keep it")
    func ifMatchOfMany() async throws {
        try await TestServer.running { server in
            let states: JSONValue = ["companies": ["umbrella": ["enabled": true]]]
            for (path, body) in [("/flags/embed/companies", states), ("/apply", ["manifests": []]), ("/changes/1/undo", [:])] as [(String, JSONValue)]
            {
                let method: HTTPMethod = path.hasPrefix("/flags") ? .PATCH : .POST
                let answer = try await server.write(method, path, body, [("If-Match", "\"1\"")])
                #expect(answer.status == 400 && answer.code == "parameter_invalid", "\(path): \(answer.text)")
            }
        }
    }

    @Test("A repeated Idempotency-Key gives the receipt of the first time and does nothing")
    func replay() async throws {
        try await TestServer.running { server in
            // Waited for, so that the receipt says of both how the change was delivered: whole, to nobody.
            let (key, waiting) = ([("Idempotency-Key", "k-1")], "reason=test&wait=30s")
            let first = try await Self.put(server, query: waiting, key)
            #expect(first.status == 201 && first["Idempotency-Replayed"] == nil)
            try await server.change(.DELETE, "/flags/embed/companies/umbrella")
            let again = try await Self.put(server, query: waiting, key)
            #expect(again.status == 201 && again["Idempotency-Replayed"] == "true")
            #expect(again.bytes == first.bytes && again["Gate-Revision"] == first["Gate-Revision"])
            #expect(try await server.revision() == 4)
            #expect(try await server.get(Self.path, by: server.admin).status == 404)
            let other = try await Self.put(server, query: waiting, key, body: #"{"enabled":false}"#)
            #expect(other.status == 422 && other.code == "idempotency_mismatch")
            let otherQuery = try await Self.put(server, query: "reason=other", key)
            #expect(otherQuery.status == 422)
            // Another token's keys are its own.
            #expect(try await Self.put(server, query: waiting, key, by: server.token("ops")).status == 201)
        }
    }

    @Test("A key is forgotten after 24 hours, and a refused write leaves none")
    func replayEnds() async throws {
        try await TestServer.running { server in
            let key = [("Idempotency-Key", "k-2")]
            #expect(try await Self.put(server, key + [("If-Match", "\"9\"")]).status == 412)
            #expect(try await Self.put(server, key).status == 201)
            try await server.change(.DELETE, "/flags/embed/companies/umbrella")
            server.clock.pass(seconds: 86_400)
            #expect(try await Self.put(server, key)["Idempotency-Replayed"] == "true")
            server.clock.pass(seconds: 1)
            let anew = try await Self.put(server, key)
            #expect(anew.status == 201 && anew["Idempotency-Replayed"] == nil)
            #expect(try await server.revision() == 5)
        }
    }

    @Test("A key is 1 to 100 visible characters", arguments: ["a b", String(repeating: "k", count: 101), "é"])
    func keys(key: String) async throws {
        try await TestServer.running { server in
            let answer = try await Self.put(server, [("Idempotency-Key", key)])
            #expect(answer.status == 400 && answer.code == "parameter_invalid", "\(answer.text)")
            #expect(try await Self.put(server, [("Idempotency-Key", String(repeating: "k", count: 100))]).status == 201)
        }
    }

    @Test("Many at once under one key are one write")
    func simultaneous() async throws {
        try await TestServer.running { server in
            let answers = try await Array(0..<12).concurrently { _ in try await Self.put(server, [("Idempotency-Key", "same")]) }
            // How long the way to those who listen took is measured for the one that wrote, and is no part of what is replayed.
            let receipts = answers.map { answer in
                var receipt = try? answer.json.objectValue
                receipt?["delivery"] = Optional<JSONValue>.none
                return receipt
            }
            #expect(answers.allSatisfy { $0.status == 201 } && receipts[0] != nil && receipts.allSatisfy { $0 == receipts[0] })
            #expect(answers.count { $0["Idempotency-Replayed"] == nil } == 1)
            #expect(try await server.revision() == 3)
        }
    }

    @Test("Many at once under one precondition: exactly one goes through")
    func compareAndSet() async throws {
        try await TestServer.running { server in
            let answers = try await Array(0..<12).concurrently { number in
                try await server.write(.PUT, "/companies/new", ["name": .string("n\(number)")], [("If-Match", "\"0\"")])
            }
            #expect(answers.map(\.status).sorted() == [201] + Array(repeating: 412, count: 11))
        }
    }

    @Test("A dry run writes nothing and names the impact that the real write then has", arguments: DryRun.all)
    func dryRun(_ write: DryRun) async throws {
        try await TestServer.running { server in
            let (before, head) = (try await server.read("/status").json["revision"], try await server.read("/status").json["chain_head"])
            let query = write.path.contains("?") ? "&" : "?"
            let dry = try await server.write(
                write.method, write.path + query + "dry_run=true", write.body, [("Idempotency-Key", "dry")])
            #expect(dry.status == 200 && dry.member("dry_run") == true && dry.member("changed") == true, "\(dry.text)")
            #expect(dry.member("revision") == before && dry.member("chain_head") == head)
            let status = try await server.read("/status").json
            #expect(status["revision"] == before && status["chain_head"] == head)
            let real = try await server.write(write.method, write.path, write.body, [("Idempotency-Key", "dry")])
            #expect((200...201).contains(real.status) && real.member("dry_run") == nil && real["Idempotency-Replayed"] == nil)
            #expect(real.member("impact") == dry.member("impact"))
            #expect(real.member("entity") == dry.member("entity"))
            #expect(real.member("impact")?["total"] == .integer(Int64(write.flips)), "\(real.text)")
            #expect(real.member("revision") == 3)
        }
    }
}

/// A write, and how many answers it flips.
struct DryRun: Sendable, CustomTestStringConvertible {
    let method: HTTPMethod
    let path: String
    let body: JSONValue?
    let flips: Int

    var testDescription: String { "\(method) \(path)" }

    init(_ method: HTTPMethod, _ path: String, _ body: JSONValue?, flips: Int) {
        (self.method, self.path, self.body, self.flips) = (method, path, body, flips)
    }

    static let all = [
        // embed and, for its flag clauses, canCreate.
        DryRun(.PUT, "/flags/embed/companies/umbrella", ["enabled": true], flips: 2),
        DryRun(.DELETE, "/flags/embed/companies/acme", nil, flips: 2),
        // base, embed and canCreate.
        DryRun(.PUT, "/flags/base/companies/acme", ["enabled": false], flips: 3),
        // base for three, embed and canCreate for two.
        DryRun(.PATCH, "/flags/base", ["enabled": false], flips: 7),
        DryRun(.PUT, "/flags/embed/holds", [:], flips: 4),
        DryRun(.PUT, "/flags/embed/holds/globex", [:], flips: 2),
        DryRun(.PATCH, "/flags/embed/companies", ["groups": ["beta": ["enabled": false]], "companies": ["umbrella": ["enabled": true]]], flips: 6),
        DryRun(.PUT, "/flags/embed/companies/fresh?new_company=true", ["enabled": true], flips: 0),
        DryRun(.PUT, "/companies/acme/users/ann/permissions/ticket_create", ["enabled": false], flips: 1),
        DryRun(.DELETE, "/companies/acme/users/ann/roles/agent", nil, flips: 1),
        DryRun(.PUT, "/permissions/fresh", [:], flips: 0),
    ]
}
