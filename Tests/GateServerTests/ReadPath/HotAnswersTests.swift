import GateCore
import NIOHTTP1
import Testing

@testable import GateServer

/// The answers in front of the router are those of the route, after any write.
@Suite("Hot answers", .timeLimit(.minutes(10)))
struct HotAnswersTests {
    private static let compared = [
        "ETag", "Gate-Revision", "Cache-Control", "Vary", "Content-Type", "Content-Length", "X-Content-Type-Options",
        "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers",
    ]

    @Test("After generated writes a hot client and a cold one read the same, and the pair's conjunction is what explain says", arguments: [1, 2, 3])
    func agreement(seed: UInt64) async throws {
        try await TestServer.running { server in
            var random = TestRandom(seed: seed)
            let subjects = [("acme", "ann"), ("acme", "bob"), ("globex", "gus"), ("umbrella", "uma"), ("nowhere", "ann")]
            var users: [String] = []
            for (company, user) in subjects { users.append(try server.user(company, user)) }
            var seen: Set<Int> = []
            var tags: [String: String] = [:]
            for step in 0..<120 {
                try await Self.write(server, &random)
                if random.one(in: 10) { server.clock.pass(seconds: 1) }
                let who = Int.random(in: 0..<users.count, using: &random)
                let path = random.pick(["/v1/feature_flags", "/v1/permissions", "/v1/gates", "/v1/gates/canCreate", "/v1/gates/extraGate"])
                var headers = random.one(in: 3) ? [("Origin", TestUniverse.origin)] : []
                if random.one(in: 2), let tag = tags["\(who)\(path)"] { headers.append(("If-None-Match", tag)) }
                if seen.insert(who).inserted { _ = try await server.get(path, by: users[who]) }
                let hot = try await server.get(path, by: users[who], headers)
                let again = try await server.get(path, by: users[who], headers)
                let cold = try await server.get(path + "?", by: users[who], headers)
                let place = Comment(rawValue: "seed \(seed), step \(step): \(path) of \(subjects[who])")
                #expect(cold.isFromRoute && (!hot.isFromRoute || hot.status == 404), place)
                #expect(hot.status == cold.status && [200, 304, 404].contains(hot.status), place)
                #expect(hot.bytes == cold.bytes && again.bytes == cold.bytes && again.status == cold.status, place)
                for name in Self.compared where hot.status != 404 { #expect(hot[name] == cold[name] && again[name] == cold[name], place) }
                tags["\(who)\(path)"] = cold["ETag"]
                if path == "/v1/feature_flags" && hot.status == 200 { try await Self.explain(server, hot, subjects[who].0, place) }
            }
        }
    }

    private static func explain(_ server: TestServer, _ answer: Answer, _ company: String, _ place: Comment) async throws {
        for flag in answer.data {
            let code = try #require(flag["code"]?.stringValue)
            let value = flag["enabled"] == true && flag["enabled_for_company"] == true
            let explained = try await server.read("/explain?flag=\(code)&company_id=\(company)")
            #expect(explained.member("satisfied")?.boolValue == value, place)
        }
    }

    /// Some write, which may be refused for what stands in its way.
    @discardableResult
    static func write(_ server: TestServer, _ random: inout TestRandom, _ query: String = "") async throws -> Answer {
        let flag = random.pick(["base", "embed", "hidden", "dark", "extra"])
        let company = random.pick(["acme", "globex", "umbrella"])
        let user = "/companies/\(company)/users/\(random.pick(["ann", "bob", "gus", "uma"]))"
        let on: JSONValue = ["enabled": .bool(Bool.random(using: &random))]
        let write: (HTTPMethod, String, JSONValue?) =
            switch Int.random(in: 0..<14, using: &random) {
            case 0, 1: (.PUT, "/flags/\(flag)/companies/\(company)", on)
            case 2: (.DELETE, "/flags/\(flag)/companies/\(company)", nil)
            case 3: (.PATCH, "/flags/\(flag)", on)
            case 4: (.PATCH, "/flags/\(flag)", ["client_visible": .bool(Bool.random(using: &random))])
            case 5: (.PATCH, "/flags/\(flag)", ["prerequisites": random.pick([[], ["base"], ["dark"]])])
            case 6: (random.pick([.PUT, .DELETE]), "/flags/\(flag)/holds", nil)
            case 7: (random.pick([.PUT, .DELETE]), "/flags/\(flag)/holds/\(company)", nil)
            case 8: (random.pick([.PUT, .DELETE]), "/flags/extra", [:])
            case 9: (random.pick([.PUT, .DELETE]), "/gates/extraGate", ["permissions": ["notes_add"], "flags": [.string(flag)]])
            case 10: (.PUT, "\(user)/permissions/\(random.pick(["notes_add", "ticket_create"]))", on)
            case 11: (random.pick([.PUT, .DELETE]), "\(user)/roles/agent", nil)
            case 12: (.PATCH, "/roles/agent", ["permissions": random.pick([[], ["notes_add"], ["notes_add", "ticket_create"]])])
            default: (.PATCH, "/flags/\(flag)/companies", ["groups": ["beta": random.pick([on, nil])]])
            }
        let answer = try await server.write(write.0, write.1 + (query.isEmpty ? "" : "?\(query)"), write.2)
        #expect([200, 201, 404, 409].contains(answer.status), "\(write.0) \(write.1): \(answer.text)")
        return answer
    }

    /// A write after which something that Ann of acme reads is different, and where it shows.
    struct Visible: Sendable, CustomTestStringConvertible {
        var method: HTTPMethod
        var path: String
        var body: JSONValue?
        var read: String

        var testDescription: String { "\(method) \(path) in \(read)" }

        init(_ method: HTTPMethod, _ path: String, _ body: JSONValue?, in read: String) {
            (self.method, self.path, self.body, self.read) = (method, path, body, read)
        }
    }

    static let visible = [
        Visible(.PUT, "/flags/embed/companies/acme", ["enabled": false], in: "/v1/feature_flags"),
        Visible(.DELETE, "/flags/embed/companies/acme", nil, in: "/v1/gates/canCreate"),
        Visible(.PATCH, "/flags/embed/companies", ["groups": ["beta": nil]], in: "/v1/gates"),
        Visible(.PUT, "/flags/base/companies/acme", ["enabled": false], in: "/v1/feature_flags"),
        Visible(.PATCH, "/flags/dark", ["enabled": true], in: "/v1/feature_flags"),
        Visible(.PATCH, "/flags/hidden", ["client_visible": true], in: "/v1/feature_flags"),
        Visible(.PATCH, "/flags/embed", ["prerequisites": ["dark"]], in: "/v1/gates/canCreate"),
        Visible(.PUT, "/flags/embed/holds", [:], in: "/v1/gates/canCreate"), Visible(.PUT, "/flags/base/holds/acme", [:], in: "/v1/gates"),
        Visible(.PUT, "/flags/fresh", [:], in: "/v1/feature_flags"), Visible(.DELETE, "/flags/dark", nil, in: "/v1/feature_flags"),
        Visible(.PUT, "/permissions/fresh", [:], in: "/v1/permissions"),
        Visible(.PUT, "/companies/acme/users/ann/permissions/notes_add", ["enabled": false], in: "/v1/permissions"),
        Visible(.PUT, "/companies/acme/users/ann/permissions/ticket_create", ["enabled": true], in: "/v1/gates/canCreate"),
        Visible(.DELETE, "/companies/acme/users/ann/roles/agent", nil, in: "/v1/permissions"),
        Visible(.DELETE, "/companies/acme/users/ann", nil, in: "/v1/gates"),
        Visible(.PUT, "/companies/acme/users/ann", ["permissions": ["notes_add": true]], in: "/v1/permissions"),
        Visible(.PATCH, "/roles/agent", ["permissions": []], in: "/v1/permissions"),
        Visible(.PATCH, "/gates/canCreate", ["flags": ["embed", "dark"]], in: "/v1/gates/canCreate"),
        Visible(.PUT, "/gates/fresh", ["flags": ["base"]], in: "/v1/gates"), Visible(.DELETE, "/gates/canCreate", nil, in: "/v1/gates"),
        Visible(.DELETE, "/companies/acme", nil, in: "/v1/feature_flags"), Visible(.DELETE, "/companies/acme", nil, in: "/v1/permissions"),
        Visible(.POST, "/changes/1/undo", ["force": true], in: "/v1/feature_flags"),
        Visible(.POST, "/apply", ["manifests": [["kind": "flag", "name": "embed", "companies": ["acme": "off"]]]], in: "/v1/feature_flags"),
    ]

    @Test("What a write changes shows in the next hot answer, alone and behind every other read", arguments: visible)
    func shown(_ write: Visible) async throws {
        try await TestServer.running { server in
            let user = try server.user("acme", "ann")
            for path in ["/v1/permissions", "/v1/feature_flags", "/v1/gates"] { _ = try await server.get(path, by: user) }
            _ = try await server.get(write.read, by: user)
            let before = try await server.get(write.read, by: user)
            #expect(before.status == 200 && !before.isFromRoute)
            try await server.change(write.method, write.path, write.body)
            let after = try await server.get(write.read, by: user)
            let again = try await server.get(write.read, by: user)
            let cold = try await server.get(write.read + "?", by: user)
            #expect(!after.isFromRoute && cold.isFromRoute)
            #expect(after.bytes != before.bytes && after["ETag"] != before["ETag"])
            #expect(after.bytes == cold.bytes && again.bytes == cold.bytes && after["ETag"] == cold["ETag"])
        }
    }

    @Test("An expired user is refused at once, hot or not")
    func expiry() async throws {
        try await TestServer.running { server in
            let user = try server.user("acme", "ann", ttl: 60)
            for _ in 0..<3 { #expect(try await server.get("/v1/gates", by: user).status == 200) }
            server.clock.pass(seconds: 59)
            #expect(try await server.get("/v1/gates", by: user).status == 200)
            server.clock.pass(seconds: 1)
            #expect(try await server.get("/v1/gates", by: user).status == 401)
            #expect(try await server.get("/v1/gates?", by: user).status == 401)
        }
    }

    @Test("What is not simple goes to the route, and means the same there")
    func notSimple() async throws {
        try await TestServer.running { server in
            let user = try server.user("acme", "ann")
            for _ in 0..<2 { _ = try await server.get("/v1/gates", by: user) }
            #expect(try await !server.get("/v1/gates", by: user).isFromRoute)
            #expect(try await server.get("/v1/gates", by: user, [("Gate-Min-Revision", "x-0")]).isFromRoute)
            #expect(try await server.get("/v1/gates", by: user, [("Authorization", "Bearer \(user)")]).status == 401)
            let tag = try #require(try await server.get("/v1/gates", by: user)["ETag"])
            let lines = [("If-None-Match", "\"x\""), ("If-None-Match", tag)]
            #expect(try await server.get("/v1/gates", by: user, lines).status == 304)
            for path in [
                "/v1/gates/", "/v1//gates", "/v1/gates/canCreate/", "/V1/gates", "/v1/gates/%63anCreate", "/v1/gates/nope", "/v1/gates/a%20b",
            ] {
                #expect(try await server.get(path, by: user).isFromRoute, "\(path)")
            }
            #expect(try await server.get("/v1/gates/%63anCreate", by: user).member("gate") == "canCreate")
            #expect(try await server.get("/v1/gates/%2563anCreate", by: user).status == 400, "decoded once, not twice")
        }
    }
}
