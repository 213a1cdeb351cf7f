import GateCore
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import Testing

@testable import GateServer

/// AuthZEN 1.0, "HTTPS JSON Binding": bodies, errors, request ids, discovery, and who may ask.
@Suite("AuthZEN's HTTP binding", .timeLimit(.minutes(10)))
struct AuthZENTransportTests {
    @Test("Another Content-Type than application/json is a bad request, and so is none", arguments: AuthZENAsker.paths)
    func contentTypes(path: String) async throws {
        try await TestServer.running { server in
            for type in ["application/json", "application/json; charset=utf-8", "Application/JSON"] {
                #expect(try await server.ask(path, AuthZENAsker.ann, [("Content-Type", type)]).status == 200, "\(type)")
            }
            for type in ["text/plain", "application/xml", "application/merge-patch+json", "application/jsonx", ""] {
                let answer = try await server.ask(path, AuthZENAsker.ann, [("Content-Type", type)])
                #expect(answer.status == 400 && answer.code == "media_type_unsupported", "\(type): \(answer.text)")
            }
            #expect(try await server.ask(path, AuthZENAsker.ann, []).status == 400)
        }
    }

    @Test("A body that is empty, no JSON, no object, doubled, too deep or too large is refused", arguments: AuthZENAsker.paths)
    func bodies(path: String) async throws {
        let deep = String(repeating: "[", count: 33) + String(repeating: "]", count: 33)
        let bodies: [(String, Int, String)] = [
            ("", 400, "json_malformed"), ("{", 400, "json_malformed"), ("{\"subject\":}", 400, "json_malformed"),
            ("\u{FEFF}{}", 400, "json_malformed"),
            ("{} {}", 400, "json_malformed"), ("[]", 400, "type_mismatch"), ("\"x\"", 400, "type_mismatch"), ("null", 400, "type_mismatch"),
            ("{}", 400, "member_missing"), (#"{"subject":{"type":"user","id":"ann","id":"bob"}}"#, 400, "json_duplicate_key"),
            (#"{"x":\#(deep)}"#, 400, "json_too_deep"), (#"{"x":"\#(String(repeating: "x", count: 70_000))"}"#, 413, "body_too_large"),
        ]
        try await TestServer.running { server in
            for (body, status, code) in bodies {
                let answer = try await server.send(
                    .POST, path, by: server.admin, [("Content-Type", "application/json")], body: Array(body.utf8))
                #expect(answer.status == status && answer.code == code, "\(body.prefix(60)): \(answer.text)")
            }
        }
    }

    @Test(
        "An error is a message of one line; one that hides something says no more than its request",
        arguments: [
            (
                GateError(.limitExceeded, "too many", pointer: "/evaluations", limit: .init("evaluations", provided: 3, allowed: 2)), 400,
                "limit_exceeded: too many, at /evaluations (evaluations: provided 3, allowed 2)"
            ),
            (GateError(.mediaTypeUnsupported, "no"), 400, "media_type_unsupported: no"),
            (GateError(.storageFailed, "disk"), 503, "storage_failed: disk"),
            (GateError(.databaseDamaged, "row 7 of secret"), 500, "internal_error: something went wrong here; the log has more under request r-1"),
        ])
    func messages(error: GateError, status: Int, text: String) throws {
        let request = Request(
            head: .init(method: .post, scheme: "http", authority: "x", path: AuthZENAsker.evaluation, headerFields: [.requestID: "r-2"]),
            body: .init(buffer: .init()))
        let reply = ErrorShape.authZEN.reply(Problem(error, instance: AuthZENAsker.evaluation, requestID: "r-1"), error, request)
        #expect(reply.status.code == status && String(buffer: reply.body) == text)
        #expect(reply.headers[.requestID] == "r-2" && reply.headers[.retryAfter] == (status == 503 ? "1" : nil))
    }

    @Test("The client's X-Request-ID comes back, with answers and with errors; where there is none we make one")
    func requestIDs() async throws {
        try await TestServer.running { server in
            let user = try server.user("acme", "ann")
            for path in AuthZENAsker.paths + [AuthZENAsker.configuration] {
                let method: HTTPMethod = path == AuthZENAsker.configuration ? .GET : .POST
                func send(_ ids: [String], by token: String?, _ body: JSONValue, method: HTTPMethod = method) async throws -> Answer {
                    try await server.send(
                        method, path, by: token, [("Content-Type", "application/json")] + ids.map { ("X-Request-ID", $0) },
                        body: method == .GET ? nil : JSONWriter.bytes(body))
                }
                for id in ["bfe9eb29-ab87-4ca3-be83-a1d5d8305716", "!", "two words", String(repeating: "~", count: 256)] {
                    let answer = try await send([id], by: server.admin, AuthZENAsker.ann)
                    #expect(answer.status == 200 && answer["X-Request-ID"] == id, "\(path) \(id)")
                    guard method == .POST else { continue }
                    for (token, body, status) in [(server.admin, ["x": 1], 400), (nil, AuthZENAsker.ann, 401), ("bad", AuthZENAsker.ann, 401)]
                        as [(String?, JSONValue, Int)]
                    {
                        let error = try await send([id], by: token, body)
                        #expect(error.status == status && error["X-Request-ID"] == id, "\(path) \(id): \(error.text)")
                    }
                    let other = try await send([id], by: server.admin, [:], method: .PUT)
                    #expect(other.status == 405 && other["X-Request-ID"] == id && other["Allow"] == "POST, OPTIONS", "\(path)")
                    let nothing = try await send([id], by: user, AuthZENAsker.ann)
                    #expect(nothing.status == 404 && nothing["X-Request-ID"] != id, "to a user there is no such path")
                }
                for ids in [[], [""], [String(repeating: "x", count: 257)], ["caf\u{E9}"], ["one", "two"]] {
                    let answer = try await send(ids, by: server.admin, AuthZENAsker.ann)
                    let own = answer["X-Request-ID"] ?? ""
                    #expect(answer.status == 200 && !own.isEmpty && !ids.contains(own) && own != "one, two", "\(path) \(ids): \(own)")
                }
            }
            // Our own paths keep to our own ids.
            #expect(try await server.get("/livez", [("X-Request-ID", "mine")])["X-Request-ID"] != "mine")
        }
    }

    @Test("The configuration names every endpoint below the public URL, is open, and may be kept")
    func configuration() async throws {
        for (options, url) in [([], nil), (["--public-url", "https://gate.example.com"], "https://gate.example.com")] as [([String], String?)] {
            try await TestServer.running(TestServer.unlimited + options) { server in
                let url = url ?? server.url
                let answer = try await server.get(AuthZENAsker.configuration)
                #expect(answer.status == 200 && answer["Content-Type"] == "application/json")
                let expected: JSONValue = [
                    "policy_decision_point": .string(url), "access_evaluation_endpoint": .string(url + AuthZENAsker.paths[0]),
                    "access_evaluations_endpoint": .string(url + AuthZENAsker.paths[1]),
                    "search_subject_endpoint": .string(url + AuthZENAsker.paths[2]),
                    "search_resource_endpoint": .string(url + AuthZENAsker.paths[3]), "search_action_endpoint": .string(url + AuthZENAsker.paths[4]),
                ]
                #expect(try answer.json == expected)
                #expect(answer["Cache-Control"] == "public, max-age=3600")
                let tag = try #require(answer["ETag"])
                let again = try await server.get(AuthZENAsker.configuration, [("If-None-Match", tag)])
                #expect(again.status == 304 && again.bytes.isEmpty && again["ETag"] == tag)
            }
        }
    }

    @Test("A token is held to its companies: 403 for a request, in its place within a batch, and left out of a search for companies")
    func limits() async throws {
        try await TestServer.running { server in
            for kind in ["service", "ops"] {
                let token = try await server.token(kind, companies: ["acme", "nowhere"])
                let foreign = AuthZENAsker.question("uma", "notes_add", "umbrella")
                for path in AuthZENAsker.paths where !path.hasSuffix("/resource") {
                    #expect(try await server.ask(path, AuthZENAsker.ann, by: token).status == 200, "\(path)")
                    let answer = try await server.ask(path, foreign, by: token)
                    #expect(answer.status == 403 && answer.code == "right_missing", "\(path): \(answer.text)")
                }
                let batch = try await server.asked(
                    AuthZENAsker.evaluations, ["evaluations": [AuthZENAsker.ann, foreign, AuthZENAsker.ann]], by: token)
                #expect(batch.decisions == [true, false, true])
                #expect(batch["evaluations"]?[1]?["context"]?["reason"] == "right_missing")
                #expect(batch["evaluations"]?[1]?["context"]?["error"]?["status"] == 403)
            }
            let token = try await server.token("service", companies: ["umbrella", "acme", "nowhere"])
            try await server.change(.PUT, "/gates/based", ["flags": ["base"]])
            let search = AuthZENAsker.question("ann", "based", "ignored")
            #expect(try await server.asked(AuthZENAsker.searches[1], search, by: token)["results"]?.all("id") == ["acme", "umbrella"])
            #expect(try await server.asked(AuthZENAsker.searches[1], search)["results"]?.all("id") == ["acme", "globex", "umbrella"])
        }
    }
}
