import GateCore
import NIOHTTP1
import Testing

@testable import GateServer

/// API tokens: shown once, revoked at once, never more than they were given.
@Suite("API tokens", .timeLimit(.minutes(10)))
struct TokenControllerTests {
    @Test("A token is shown once, and neither it nor its digest ever again")
    func secrecy() async throws {
        try await TestServer.running { server in
            let answer = try await server.write(
                .POST, "/tokens", ["kind": "ops", "name": "CI", "flags": ["embed"], "expires_in": "2h"], [("Idempotency-Key", "t")])
            #expect(answer.status == 201 && answer["Cache-Control"] == "no-store")
            let text = try #require(answer.member("token")?.stringValue)
            let id = try #require(answer.member("id")?.stringValue)
            #expect(answer.member("digest") == nil && answer.member("expires_at")?.stringValue == "\(server.clock.now + TimeSpan(seconds: 7_200))")
            let digest = try APITokenText(text).digest
            let replay = try await server.write(
                .POST, "/tokens", ["kind": "ops", "name": "CI", "flags": ["embed"], "expires_in": "2h"], [("Idempotency-Key", "t")])
            #expect(replay["Idempotency-Replayed"] == "true" && replay.member("entity")?["id"]?.stringValue == id)
            var places = [replay]
            for path in ["/tokens", "/tokens/\(id)", "/changes?limit=1000", "/changes/3", "/export", "/status", "/audit"] {
                places.append(try await server.read(path))
            }
            for place in places {
                #expect(place.status < 300)
                #expect(!place.text.contains(text) && !place.text.contains(text.suffix(49)) && !place.text.contains(digest))
            }
            #expect(places[2].member("kind") == "ops" && places[2].member("flags") == ["embed"] && places[2].member("name") == "CI")
            #expect(try await server.get("/v1/admin/flags", by: text).status == 200)
        }
    }

    @Test("A revoked token is refused by the next request")
    func revocation() async throws {
        try await TestServer.running { server in
            let created = try await server.change(.POST, "/tokens", ["kind": "read"])
            let (text, id) = (try #require(created["token"]?.stringValue), try #require(created["id"]?.stringValue))
            for _ in 0..<3 { #expect(try await server.get("/v1/admin/flags", by: text).status == 200) }
            #expect(try await server.write(.DELETE, "/tokens/\(id)").status == 200)
            let refused = try await server.get("/v1/admin/flags", by: text)
            #expect(refused.status == 401 && refused.code == "credential_invalid" && !refused.text.contains(text))
            #expect(try await server.read("/tokens/\(id)").code == "token_unknown")
            #expect(try await server.write(.DELETE, "/tokens/\(id)").code == "token_unknown")
        }
    }

    @Test("A token expires, after 90 days unless told otherwise")
    func expiry() async throws {
        try await TestServer.running { server in
            let text = try #require(try await server.change(.POST, "/tokens", ["kind": "read", "expires_in": "91d"])["token"]?.stringValue)
            server.clock.pass(seconds: 90 * 86_400 - 1)
            #expect(try await server.read("/flags").status == 200)
            server.clock.pass(seconds: 1)
            #expect(try await server.read("/flags").status == 401)
            #expect(try await server.get("/v1/admin/flags", by: text).status == 200)
            server.clock.pass(seconds: 86_400)
            #expect(try await server.get("/v1/admin/flags", by: text).status == 401)
        }
    }

    @Test(
        "What is no token is refused",
        arguments: [
            (#"{}"#, "member_missing", "/kind"), (#"{"kind":"root"}"#, "text_invalid", "/kind"),
            (#"{"kind":"read","expires_in":"forever"}"#, "duration_invalid", "/expires_in"),
            (#"{"kind":"read","expires_in":"0d"}"#, "duration_invalid", "/expires_in"),
            (#"{"kind":"read","digest":"00"}"#, "member_unknown", "/digest"), (#"{"kind":"read","id":"x"}"#, "member_unknown", "/id"),
            (#"{"kind":"ops","flags":["a b"]}"#, "identifier_invalid", "/flags/0"),
            // Who asks for a limit that would not hold is not given the unlimited thing.
            (#"{"kind":"admin","companies":["acme"]}"#, "text_invalid", "/companies"),
            (#"{"kind":"admin","flags":["base"]}"#, "text_invalid", "/flags"),
            (#"{"kind":"read","companies":["acme"]}"#, "text_invalid", "/companies"),
            (#"{"kind":"service","flags":["base"]}"#, "text_invalid", "/flags"),
        ])
    func refused(body: String, code: String, pointer: String) async throws {
        try await TestServer.running { server in
            let answer = try await server.write(.POST, "/tokens", JSONParser.parse(body))
            #expect(answer.status == 400 && answer.code == code && answer.pointer == pointer, "\(answer.text)")
            #expect(try await server.read("/tokens").data.count == 1)
        }
    }

    @Test("A dry run makes no token and shows none")
    func dryRun() async throws {
        try await TestServer.running { server in
            let answer = try await server.write(.POST, "/tokens?dry_run=true", ["kind": "admin"])
            #expect(answer.status == 200 && answer.member("token") == nil && answer.member("dry_run") == true)
            #expect(!answer.text.contains("gate_"))
            #expect(try await server.read("/tokens").data.count == 1)
        }
    }

    @Test("A limited token can turn nothing beyond its limits, through a prerequisite neither")
    func limits() async throws {
        try await TestServer.running { server in
            let base = try await server.token("ops", flags: ["base"])
            let both = try await server.token("ops", flags: ["base", "embed"])
            let acme = try await server.token("ops", companies: ["acme"])
            let off: JSONValue = ["enabled": false]
            let revision = try await server.revision()
            let refused: [(String, String, JSONValue)] = [
                (base, "/flags/base/companies/acme", off), (base, "/flags/embed/companies/umbrella", ["enabled": true]),
                (acme, "/flags/base/companies/globex", off), (both, "/flags/dark/companies/acme", off),
                (acme, "/flags/base/companies/fresh?new_company=true", off),
            ]
            for (token, path, body) in refused {
                let answer = try await server.write(.PUT, path, body, by: token)
                #expect(answer.status == 403 && answer.code == "right_missing", "\(path): \(answer.text)")
            }
            let prerequisite = try await server.write(.PUT, "/flags/base/companies/acme", off, by: base)
            #expect(prerequisite.member("detail")?.stringValue?.contains("embed") == true)
            for (token, path, body) in [(acme, "/flags/base", off), (base, "/flags/base", off), (both, "/flags/base", ["owner": "me"])]
                as [(String, String, JSONValue)]
            {
                #expect(try await server.write(.PATCH, path, body, by: token).status == 403, "\(body)")
            }
            let groups: JSONValue = ["groups": ["beta": ["enabled": false]]]
            #expect(try await server.write(.PATCH, "/flags/embed/companies", groups, by: acme).status == 403)
            #expect(try await server.write(.PUT, "/flags/base/holds", [:], by: base).status == 403)
            #expect(try await server.revision() == revision)

            #expect(try await server.write(.PUT, "/flags/base/companies/umbrella", off, by: base).status == 200)
            #expect(try await server.write(.PUT, "/flags/base/companies/acme", off, by: both).status == 200)
            #expect(try await server.write(.PUT, "/flags/hidden/companies/acme", off, by: acme).status == 200)
            #expect(try await server.write(.PATCH, "/flags/dark", ["enabled": true], by: server.token("ops")).status == 200)
        }
    }

    @Test("An ops token undoes what it could have done, and nothing else")
    func opsUndo() async throws {
        try await TestServer.running { server in
            let ops = try await server.token("ops")
            let state = try await server.change(.PUT, "/flags/embed/companies/acme", ["enabled": false])["revision"]!.integerValue!
            let grant = try await server.change(.PUT, "/companies/acme/users/bob/roles/agent")["revision"]!.integerValue!
            #expect(try await server.write(.POST, "/changes/\(state)/undo", [:], by: ops).status == 200)
            #expect(try await server.write(.POST, "/changes/\(grant)/undo", [:], by: ops).code == "right_missing")
            #expect(try await server.write(.POST, "/changes/\(grant)/undo", [:]).status == 200)
        }
    }

    @Test("A token's last use is shown, and outlives the server")
    func lastUse() async throws {
        try await TestFolder.with { folder in
            let id = try await TestServer.running(in: folder) { server in
                let created = try await server.change(.POST, "/tokens", ["kind": "read"])
                let (text, id) = (try #require(created["token"]?.stringValue), try #require(created["id"]?.stringValue))
                #expect(try await server.read("/tokens/\(id)").member("last_used_at") == .null)
                server.clock.pass(seconds: 60)
                #expect(try await server.get("/v1/admin/flags", by: text).status == 200)
                return (id, "\(server.clock.now)")
            }
            try await TestServer.running(in: folder) { server in
                #expect(try await server.read("/tokens/\(id.0)").member("last_used_at")?.stringValue == id.1)
                let listed = try await server.read("/tokens").data.first { $0["id"]?.stringValue == id.0 }
                #expect(listed?["last_used_at"]?.stringValue == id.1)
            }
        }
    }
}
