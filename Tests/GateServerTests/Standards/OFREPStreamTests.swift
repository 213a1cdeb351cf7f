import GateCore
import NIOHTTP1
import Testing

@testable import GateServer

/// The push of OFREP: says when to evaluate again, to those concerned, for as long as their credential is good.
@Suite("OFREP's stream", .timeLimit(.minutes(10)))
struct OFREPStreamTests {
    private static func follow<Result: Sendable>(
        _ server: TestServer, _ token: String, _ headers: [(String, String)] = [], context: JSONValue = ["targetingKey": "somebody"],
        _ work: @escaping @Sendable (OpenStream) async throws -> Result
    ) async throws -> Result {
        try await OpenStream.following(server.streamAddress(by: token, context: context), of: server, headers, work)
    }

    /// What was written before counts as fetched by those who come now.
    private static func settle(_ server: TestServer) { server.clock.pass(seconds: 60) }

    @Test("A flip is told to those whose answer is another, in OFREP's words, and to nobody else")
    func push() async throws {
        try await TestServer.running { server in
            let ann = try server.user("acme", "ann")
            try await Self.follow(server, ann) { stream in
                try await server.change(.PUT, "/flags/embed/companies/globex", ["enabled": false])
                try await server.change(.PUT, "/flags/hidden/companies/acme", ["enabled": false])
                try await server.change(.PATCH, "/flags/dark", ["description": "changes no answer"])
                let receipt = try await server.change(.PUT, "/flags/embed/companies/acme?wait=30s", ["enabled": false])
                #expect(receipt["delivery"]?["streams"] == 1 && receipt["delivery"]?["written"] == 1)
                let event = try await stream.first(1)[0]
                let position = try await server.evaluate(by: ann)["Gate-Revision"]
                #expect(event.name == "message" && event.id == position)
                let seconds = server.clock.now.microseconds / 1_000_000
                #expect(
                    event.data == ["type": "refetchEvaluation", "etag": .string(event.id), "lastModified": .integer(seconds)],
                    "that and nothing else: \(event.data.text)")
                // A gate alone.
                try await server.change(.PUT, "/companies/acme/users/ann/permissions/ticket_create", ["enabled": false])
                try await server.change(.PUT, "/companies/acme/users/bob/permissions/ticket_create", ["enabled": true])
                _ = try await stream.first(2)
                // Another reason is another answer, although the value is the same.
                let held = try await server.change(.PUT, "/flags/embed/holds?wait=30s", [:])
                let revision = try #require(held["revision"]?.integerValue)
                #expect(try await stream.first(3)[2].id.hasSuffix("-\(revision)"))
                #expect(stream.events.count == 3)
            }
        }
    }

    @Test("Who comes is told at once when the answers are others than those it has")
    func coming() async throws {
        try await TestServer.running { server in
            let ann = try server.user("acme", "ann", ttl: 86_400)
            Self.settle(server)
            let seen = try #require(try await server.evaluate(by: ann)["Gate-Revision"])
            // Between the evaluation and the stream.
            let address = try await server.streamAddress(by: ann)
            try await server.change(.PUT, "/flags/embed/companies/acme", ["enabled": false])
            try await OpenStream.following(address, of: server) { stream async throws in
                #expect(try await stream.first(1)[0].data["type"] == "refetchEvaluation")
            }
            // Long after: it has evaluated since.
            Self.settle(server)
            try await OpenStream.following(address, of: server) { stream in
                try await server.change(.PUT, "/flags/embed/companies/acme", ["enabled": true])
                let now = try #require(try await server.evaluate(by: ann)["Gate-Revision"])
                #expect(try await stream.first(1)[0].id == now, "nothing came before")
            }
            Self.settle(server)
            // The answers are back where they were at the position that the client has seen.
            try await OpenStream.following(address, of: server, [("Last-Event-ID", seen)]) { stream in
                let flip = try await server.change(.PUT, "/flags/base/companies/acme", ["enabled": false])["revision"]?.integerValue ?? 0
                #expect(try await stream.first(1)[0].id.hasSuffix("-\(flip)"))
            }
            Self.settle(server)
            for position in [seen, "0123456789abcdef-1"] {
                try await OpenStream.following(address, of: server, [("Last-Event-ID", position)]) { stream async throws in
                    #expect(try await stream.first(1).count == 1, "\(position)")
                }
            }
        }
    }

    @Test("It ends with its hour, with a last event, and its address is good for nothing from then on")
    func ends() async throws {
        try await TestServer.running { server in
            let ann = try server.user("acme", "ann", ttl: 86_400)
            let address = try await server.streamAddress(by: ann)
            try await OpenStream.following(address, of: server) { stream in
                server.clock.pass(seconds: 3_600)
                #expect(try await server.streamAddress(by: ann) != address, "there is a fresh one before this one ends")
                #expect(stream.events.isEmpty && !stream.hasEnded)
                server.clock.pass(seconds: 901)
                try await stream.end()
                #expect(stream.events.map { $0.data["type"] } == ["refetchEvaluation"])
                #expect(stream.text.hasSuffix("}\nretry: 1000\n\n"))
            }
            let late = try await server.get(address)
            #expect(late.status == 401 && late.code == "credential_invalid" && late["WWW-Authenticate"] != nil)
            #expect(late["Content-Type"] == "application/json" && late.member("errorCode") == "GENERAL")
        }
    }

    @Test("It lives no longer than the credential behind it: a user's token, an API token that is revoked")
    func credential() async throws {
        try await TestServer.running { server in
            let address = try await server.streamAddress(by: server.user("acme", "ann", ttl: 120))
            try await OpenStream.following(address, of: server) { stream in
                server.clock.pass(seconds: 119)
                try await Task.sleep(for: .milliseconds(1_500))
                #expect(!stream.hasEnded)
                server.clock.pass(seconds: 1)
                try await stream.end()
                #expect(stream.events.count == 1)
            }
            #expect(try await server.get(address).status == 401)

            let made = try await server.change(.POST, "/tokens", ["kind": "service"])
            let (token, id) = (try #require(made["token"]?.stringValue), try #require(made["id"]?.stringValue))
            let context: JSONValue = ["targetingKey": "ann", "companyId": "acme"]
            let shown = try await server.streamAddress(by: token, context: context)
            try await OpenStream.following(shown, of: server) { stream in
                try await server.change(.DELETE, "/tokens/\(id)")
                try await stream.end()
                #expect(stream.events.count == 1)
            }
            #expect(try await server.get(shown).status == 401)
        }
    }

    @Test("An API token's stream is told of flags that users are not shown")
    func hidden() async throws {
        try await TestServer.running { server in
            let service = try await server.token("service")
            try await Self.follow(server, service, context: ["targetingKey": "ann", "companyId": "acme"]) { stream in
                try await server.change(.PUT, "/flags/hidden/companies/acme", ["enabled": false])
                #expect(try await stream.first(1).count == 1)
            }
        }
    }

    @Test("A stream token opens this stream and nothing else, and nothing else opens the stream")
    func nothingElse() async throws {
        try await TestServer.running { server in
            let ann = try server.user("acme", "ann")
            let address = try await server.streamAddress(by: ann)
            let token = String(address.split(separator: "=")[1])
            for path in ["/v1/feature_flags", "/v1/stream", "/v1/gates", "/v1/admin/flags"] {
                #expect(try await server.get(path, by: token).status == 401, "\(path)")
                #expect(try await server.get("\(path)?token=\(token)").status == 401, "\(path)")
                #expect(try await server.get(path, [("Cookie", "global_sso_token=\(token)")]).status == 401, "\(path)")
            }
            #expect(try await server.evaluate(by: token).status == 401)
            for (query, credential) in [("", ann), ("", server.admin), ("?token=", ann), ("?token=\(ann)", ann), ("?token=\(token)A", ann)] {
                let answer = try await server.get("/ofrep/v1/stream\(query)", by: credential)
                #expect(answer.status == 401, "\(query)")
            }
            #expect(try await server.get("\(address)&token=\(token)").status == 400)
            #expect(try await server.get("\(address)&company_id=umbrella").status == 400)
            #expect(try await server.send(.HEAD, address).status == 405)
            #expect(try await server.send(.POST, address).status == 405)
        }
    }

    @Test("Who makes tokens up is counted as who fails to log in")
    func guessing() async throws {
        try await TestServer.running(["--limit", "failed_logins_per_minute=3"]) { server in
            var statuses: [Int] = []
            for _ in 0..<5 { statuses.append(try await server.get("/ofrep/v1/stream?token=AAAA").status) }
            #expect(statuses == [401, 401, 401, 429, 429])
            let ann = try server.user("acme", "ann")
            try await Self.follow(server, ann) { _ in }
        }
    }

    @Test("A user's streams of both kinds count together; the oldest ends")
    func limit() async throws {
        try await TestServer.running(TestServer.unlimited + ["--limit", "streams_per_user=1"]) { server in
            let ann = try server.user("acme", "ann")
            try await Self.follow(server, ann) { stream in
                try await OpenStream.following("/v1/stream", of: server, by: ann) { other in
                    try await stream.end()
                    #expect(stream.events.count == 1 && !other.hasEnded)
                    #expect(stream.text.hasSuffix("retry: 30000\n\n"), "two pages must not end each other's once a second")
                }
            }
        }
    }

    @Test("A restart sends nobody away: the address is still good")
    func restart() async throws {
        try await TestFolder.with { folder in
            let clock = TestClock()
            let address = try await TestServer.running(in: folder, clock: clock) { try await $0.streamAddress(by: $0.user("acme", "ann")) }
            try await TestServer.running(in: folder, clock: clock) { server in
                #expect(try await server.streamAddress(by: server.user("acme", "ann")) == address)
                try await OpenStream.following(address, of: server) { stream in
                    try await server.change(.PUT, "/flags/embed/companies/acme", ["enabled": false])
                    #expect(try await stream.first(1).count == 1)
                }
            }
        }
    }

    @Test("Other keys for users' tokens make the stream tokens of the old ones worthless")
    func keys() async throws {
        try await TestFolder.with { folder in
            let clock = TestClock()
            let address = try await TestServer.running(in: folder, clock: clock) { try await $0.streamAddress(by: $0.user("acme", "ann")) }
            let other = try DemoSigner(folder: folder + "/other")
            for (path, name) in [
                (folder + "/other/" + DemoSigner.keyFileName, DemoSigner.keyFileName), (other.keySetPath, DemoSigner.keySetFileName),
            ] {
                let bytes = try SmallFile.contents(of: path, longest: 65_536)
                try SmallFile.put(bytes, at: "\(folder)/keys/\(name)", mode: 0o600, replacing: true)
            }
            try await TestServer.running(in: folder, clock: clock) { server async throws in
                #expect(try await server.get(address).status == 401)
                #expect(try await server.streamAddress(by: server.user("acme", "ann")) != address)
            }
        }
    }
}
