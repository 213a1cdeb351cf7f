import GateCore
import NIOHTTP1
import Testing

@testable import GateServer

/// Cross-origin reads: for the origins on the list, on the front ends' routes, and never for all.
@Suite("Cross-origin reads", .timeLimit(.minutes(10)))
struct CORSTests {
    private static let ours = [("Origin", TestUniverse.origin)]

    private static func allows(_ answer: Answer) -> [String?] {
        ["Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers"].map { answer[$0] }
    }

    @Test("An origin on the list may read every answer: 200, 304, 401, 404, 429, from the route and in front of it")
    func allowed() async throws {
        try await TestServer.running(["--limit", "evaluations_per_user=7"]) { server in
            let user = try server.user("acme", "ann")
            let path = "/v1/feature_flags"
            let expected: [String?] = [TestUniverse.origin, "true", "ETag, Retry-After, Gate-Revision"]
            let first = try await server.get(path, by: user, Self.ours)
            let again = try await server.get(path, by: user, Self.ours)
            #expect(first.status == 200 && first.isFromRoute && again.status == 200 && !again.isFromRoute)
            #expect(again.bytes == first.bytes)
            let known = Self.ours + [("If-None-Match", try #require(first["ETag"]))]
            let unchanged = [try await server.get(path, by: user, known), try await server.get(path + "?", by: user, known)]
            #expect(unchanged.map(\.status) == [304, 304] && unchanged.map(\.isFromRoute) == [false, true])
            let stranger = try await server.get(path, Self.ours)
            #expect(stranger.status == 401)
            let nothing = try await server.get("/v1/gates/nope", by: user, Self.ours)
            #expect(nothing.status == 404)
            var busy = first
            for _ in 0..<8 where busy.status != 429 { busy = try await server.get(path, by: user, Self.ours) }
            #expect(busy.status == 429)
            for answer in [first, again, stranger, nothing, busy] + unchanged {
                #expect(Self.allows(answer) == expected, "\(answer.status)")
                #expect(answer["Vary"]?.contains("Origin") == true, "\(answer.status)")
            }
        }
    }

    @Test(
        "No other origin is let in, on any path, hot or not",
        arguments: [
            "https://crm.test.evil", "http://crm.test", "https://crm.test:8443", "https://CRM.test", "null", "*", "https://crm.test,https://x",
        ])
    func refused(origin: String) async throws {
        try await TestServer.running { server in
            let user = try server.user("acme", "ann")
            for path in ["/v1/feature_flags", "/v1/feature_flags", "/v1/feature_flags?", "/v1/gates/canCreate", "/v1/admin/flags", "/livez"] {
                let answer = try await server.get(path, by: user, [("Origin", origin)])
                #expect(Self.allows(answer) == [nil, nil, nil], "\(path)")
                #expect(answer["Vary"]?.contains("Origin") == true, "\(path)")
                let preflight = try await server.send(
                    .OPTIONS, path, [("Origin", origin), ("Access-Control-Request-Method", "GET")])
                #expect(preflight.status != 204 && Self.allows(preflight) == [nil, nil, nil], "\(path)")
            }
        }
    }

    @Test("The admin API is for no origin")
    func administration() async throws {
        try await TestServer.running { server in
            for path in ["/v1/admin/flags", "/v1/admin/status", "/v1/admin/nothing", "/livez"] {
                let answer = try await server.get(path, by: server.admin, Self.ours)
                #expect(Self.allows(answer) == [nil, nil, nil] && answer["Vary"]?.contains("Origin") == true, "\(path)")
                let preflight = try await server.send(.OPTIONS, path, Self.ours + [("Access-Control-Request-Method", "PUT")])
                #expect(preflight.status >= 400 && Self.allows(preflight) == [nil, nil, nil], "\(path)")
            }
        }
    }

    @Test("A preflight is answered without a credential, and names what a page may send")
    func preflight() async throws {
        try await TestServer.running { server in
            for path in ["/v1/feature_flags", "/v1/permissions", "/v1/gates", "/v1/gates/canCreate"] {
                let answer = try await server.send(
                    .OPTIONS, path,
                    Self.ours + [("Access-Control-Request-Method", "GET"), ("Access-Control-Request-Headers", "authorization")])
                #expect(answer.status == 204 && answer.bytes.isEmpty)
                #expect(answer["Content-Length"] == nil, "RFC 9110 8.6: not in a 204")
                #expect(answer["Access-Control-Allow-Origin"] == TestUniverse.origin)
                #expect(answer["Access-Control-Allow-Methods"] == "GET, HEAD")
                #expect(answer["Access-Control-Allow-Headers"] == "Authorization, If-None-Match, Gate-Min-Revision, Last-Event-ID")
                #expect(answer["Access-Control-Allow-Credentials"] == "true")
                #expect(answer["Vary"]?.contains("Origin") == true)
            }
            // Without the header that makes it one, it is a method like any other.
            #expect(try await server.send(.OPTIONS, "/v1/feature_flags", Self.ours).status == 401)
        }
    }

    @Test("Without an origin there is no such header, and every answer still varies by it")
    func sameOrigin() async throws {
        try await TestServer.running { server in
            let user = try server.user("acme", "ann")
            for path in ["/v1/feature_flags", "/v1/feature_flags", "/v1/gates/nope", "/v1/admin/flags", "/nothing", "/livez"] {
                let answer = try await server.get(path, by: user)
                #expect(Self.allows(answer) == [nil, nil, nil] && answer["Vary"]?.contains("Origin") == true, "\(path)")
            }
            #expect(try await server.read("/flags")["Vary"] == "Origin")
        }
    }
}
