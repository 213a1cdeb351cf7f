import ArgumentParser
import GateCore
import NIOHTTP1
import Testing

@testable import GateServer

/// How often somebody may ask.
@Suite("Rates", .timeLimit(.minutes(10)))
struct LimitTests {
    @Test("A user evaluates 50 times a second, then 429 with Retry-After; others are not concerned")
    func evaluations() async throws {
        try await TestServer.running([]) { server in
            let (ann, bob) = (try server.user("acme", "ann"), try server.user("acme", "bob"))
            for number in 0..<50 {
                #expect(try await server.get(number.isMultiple(of: 7) ? "/v1/gates?" : "/v1/feature_flags", by: ann).status == 200, "\(number)")
            }
            for path in ["/v1/feature_flags", "/v1/permissions", "/v1/gates/canCreate", "/v1/gates?"] {
                let answer = try await server.get(path, by: ann)
                #expect(answer.status == 429 && answer.code == "rate_limited" && answer.bound == [51, 50])
                #expect(answer["Retry-After"].flatMap { Int($0) }.map { $0 >= 1 } == true)
                #expect(answer.member("limit") == "evaluations_per_user")
            }
            #expect(try await server.get("/v1/feature_flags", by: bob).status == 200)
            #expect(try await server.get("/v1/feature_flags", by: server.user("umbrella", "ann")).status == 200)
            #expect(try await server.get("/v1/feature_flags?company_id=acme", by: server.admin).status == 200)
            server.clock.pass(seconds: 1)
            for _ in 0..<50 { #expect(try await server.get("/v1/feature_flags", by: ann).status == 200) }
            #expect(try await server.get("/v1/feature_flags", by: ann).status == 429)
        }
    }

    @Test("A question about a gate that is not there counts once, as any other")
    func unknownGates() async throws {
        try await TestServer.running(["--limit", "evaluations_per_user=4"]) { server in
            let ann = try server.user("acme", "ann")
            for number in 0..<4 { #expect(try await server.get("/v1/gates/nope", by: ann).status == 404, "\(number)") }
            #expect(try await server.get("/v1/gates/nope", by: ann).status == 429)
        }
    }

    @Test("A token writes 20 times at once and 5 times a second after; an off that changes an answer always goes through")
    func writes() async throws {
        try await TestServer.running([]) { server in
            let ops = try await server.token("ops")
            func set(_ flag: String, _ company: String, _ enabled: Bool) async throws -> Answer {
                try await server.write(.PUT, "/flags/\(flag)/companies/\(company)", ["enabled": .bool(enabled)], by: ops)
            }
            for number in 0..<20 { #expect(try await set("dark", "globex", number.isMultiple(of: 2)).status < 300, "\(number)") }
            let refused = try await set("dark", "globex", true)
            #expect(refused.status == 429 && refused.code == "rate_limited" && refused.bound == [6, 5] && refused["Retry-After"] != nil)
            #expect(try await set("embed", "umbrella", true).status == 429, "on is limited")
            #expect(try await set("dark", "acme", false).status == 429, "an off that changes no answer is limited")
            #expect(try await set("embed", "acme", false).status == 200)
            #expect(try await set("embed", "acme", false).status == 429, "it was off already")
            #expect(try await server.write(.PUT, "/flags/embed/holds", [:], by: ops).status == 201)
            #expect(try await server.write(.DELETE, "/flags/embed/holds", by: ops).status == 429)
            #expect(try await server.write(.PATCH, "/flags/base", ["enabled": false], by: ops).status == 200)
            let mixed: JSONValue = ["companies": ["acme": ["enabled": false], "umbrella": ["enabled": true]]]
            #expect(try await server.write(.PATCH, "/flags/hidden/companies", mixed, by: ops).status == 429, "off for one, on for another")
            #expect(try await server.write(.PUT, "/flags/nope/companies/acme", ["enabled": false], by: ops).status == 404)
            #expect(try await server.get("/v1/admin/flags", by: ops).status == 200, "reads are not writes")
            #expect(try await server.write(.PUT, "/companies/fresh", [:]).status == 201, "another token's writes are its own")
            server.clock.pass(seconds: 1)
            for number in 0..<5 { #expect(try await set("dark", "globex", number.isMultiple(of: 2)).status < 300, "\(number)") }
            #expect(try await set("dark", "globex", false).status == 429)
        }
    }

    @Test("An address may fail to log in 10 times a minute; a good credential is still good")
    func failedLogins() async throws {
        try await TestServer.running([]) { server in
            for number in 0..<10 { #expect(try await server.get("/v1/admin/flags", by: "bad\(number)").status == 401) }
            for path in ["/v1/admin/flags", "/v1/feature_flags"] {
                let answer = try await server.get(path, by: "bad")
                #expect(answer.status == 429 && answer["Retry-After"] != nil && answer.bound == [11, 10])
            }
            #expect(try await server.get("/v1/feature_flags").status == 401, "nothing was tried")
            #expect(try await server.read("/flags").status == 200)
            server.clock.pass(seconds: 60)
            #expect(try await server.get("/v1/admin/flags", by: "bad").status == 401)
        }
    }

    @Test("Limits are set by name, and 0 is none")
    func settable() async throws {
        let limits = ["evaluations_per_user=2", "writes_per_token=1", "failed_logins_per_minute=1", "body_bytes=40"].flatMap { ["--limit", $0] }
        try await TestServer.running(limits) { server in
            let ann = try server.user("acme", "ann")
            var statuses: [Int] = []
            for _ in 0..<3 { statuses.append(try await server.get("/v1/gates", by: ann).status) }
            #expect(statuses == [200, 200, 429])
            statuses = []
            for number in 0..<5 { statuses.append(try await server.write(.PUT, "/permissions/p\(number)", [:]).status) }
            #expect(statuses == [201, 201, 201, 201, 429])
            statuses = []
            for _ in 0..<2 { statuses.append(try await server.get("/v1/gates", by: "bad").status) }
            #expect(statuses == [401, 429])
            let large = try await server.write(.PUT, "/permissions/p", ["description": .string(String(repeating: "d", count: 40))])
            #expect(large.status == 413 && large.bound[1] == 40)
        }
        try await TestServer.running { server in
            let ann = try server.user("acme", "ann")
            for _ in 0..<60 { #expect(try await server.get("/v1/gates", by: ann).status == 200) }
        }
    }

    @Test(
        "What is no limit is refused",
        arguments: ["nonsense=1", "body_bytes", "body_bytes=", "body_bytes=-1", "body_bytes=x", "=1", "writes_per_token=9223372036854775807"])
    func nonsense(limit: String) async throws {
        let error = await #expect(throws: GateError.self) {
            try await ServerConfiguration(ServerOptions.parse(["--limit", limit]))
        }
        #expect(error?.code == .parameterInvalid && error?.detail.contains("writes_per_token") == true)
    }
}
