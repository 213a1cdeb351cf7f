import AsyncHTTPClient
import Foundation
import GateCore
import NIOCore
import NIOHTTP1
import Testing

@testable import GateServer

/// The numbers that the server tells of itself are those of what was asked.
@Suite("Metrics", .timeLimit(.minutes(10)))
struct MetricsPageTests {
    /// A page as it is read: the value of each series.
    struct Page: Sendable {
        var values: [String: Double] = [:]
        var series: Set<String> { Set(values.keys) }

        init(_ text: String) throws {
            for line in text.split(separator: "\n") where !line.hasPrefix("#") {
                let end = try #require(line.lastIndex(of: " "))
                let name = String(line[..<end])
                try #require(values[name] == nil, "\(name) stands twice")
                let value: Double = try #require(Double(line[line.index(after: end)...]))
                values[name] = value
            }
        }

        subscript(name: String) -> Double? { values[name] }

        /// Requests of a route by GET, with a status.
        func requests(_ route: String, _ status: Int, _ method: String = "GET") -> Double? {
            values["gate_http_requests_total{route=\"\(route)\",method=\"\(method)\",status=\"\(status)\"}"]
        }

        func decisions(_ gate: String, _ result: String) -> Double? { values["gate_decisions_total{gate=\"\(gate)\",result=\"\(result)\"}"] }
    }

    private static func page(_ server: TestServer) async throws -> Page {
        let answer = try await server.get("/metrics", by: server.admin)
        #expect(answer.status == 200 && answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
        return try Page(answer.text)
    }

    /// Waits for what is counted behind the answer that a test has seen; what does not come, the test's next expectation finds.
    private static func until(_ condition: () async throws -> Bool) async throws {
        for _ in 0..<2_000 {
            if try await condition() { return }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    @Test("Requests in front of the router and behind it are counted as what they were, each once")
    func requests() async throws {
        try await TestServer.running { server in
            let ann = try server.user("acme", "ann")
            let first = try await server.get("/v1/feature_flags", by: ann)
            #expect(first.isFromRoute, "a token not seen before is the route's")
            var fromFront = 0
            for _ in 0..<20 { fromFront += try await server.get("/v1/feature_flags", by: ann).isFromRoute ? 0 : 1 }
            #expect(fromFront == 20)
            let tag = try #require(first["ETag"])
            for _ in 0..<7 { #expect(try await server.get("/v1/feature_flags", by: ann, [("If-None-Match", tag)]).status == 304) }
            for _ in 0..<3 { #expect(try await server.get("/v1/feature_flags?", by: ann).isFromRoute) }
            for _ in 0..<2 { _ = try await server.get("/v1/feature_flags") }
            for _ in 0..<4 { _ = try await server.get("/v1/permissions", by: ann) }
            _ = try await server.send(.HEAD, "/v1/permissions", by: ann)
            _ = try await server.send(.DELETE, "/v1/permissions", by: ann)
            _ = try await server.send(.PURGE, "/v1/permissions", by: ann)
            let page = try await Self.page(server)
            #expect(page.requests("/v1/feature_flags", 200) == 24 && page.requests("/v1/feature_flags", 304) == 7)
            #expect(page.requests("/v1/feature_flags", 401) == 2)
            #expect(page.requests("/v1/permissions", 200) == 4 && page.requests("/v1/permissions", 200, "HEAD") == 1)
            #expect(page.requests("/v1/permissions", 405, "DELETE") == 1)
            #expect(page.requests("/v1/permissions", 405, "OTHER") == 1, "\(page.series.filter { $0.contains("OTHER") })")
            let timed = #"gate_http_request_duration_seconds_count{route="/v1/feature_flags",method="GET"}"#
            #expect(page[timed] == 6, "1 unknown token, 3 with a query, 2 without a credential")
            #expect(try await Self.page(server).requests("/metrics", 200) == 1, "a page counts those before it")
        }
    }

    @Test("What never reaches a route is counted by its problem's code")
    func refusals() async throws {
        try await TestServer.running { server in
            #expect(try await !Self.page(server).series.contains { $0.hasPrefix("gate_http_refusals_total") })
            for target in ["/\u{1}", "/", "/" + String(repeating: "x", count: 5_000)] {
                let host = target == "/" ? "" : "Host: a\r\n"
                _ = try await RawClient.connected(to: server.port) { client in
                    try await client.send("GET \(target) HTTP/1.1\r\n\(host)\r\n")
                    return try await client.readToEnd()
                }
            }
            let page = try await Self.page(server)
            #expect(page[#"gate_http_refusals_total{code="request_malformed"}"#] == 2)
            #expect(page[#"gate_http_refusals_total{code="uri_too_long"}"#] == 1)
        }
    }

    @Test("A request that a connection repeats to the byte is counted each time")
    func repeated() async throws {
        try await TestServer.running { server in
            let ann = try server.user("acme", "ann")
            _ = try await server.get("/v1/gates/canCreate", by: ann)
            try await RawClient.connected(to: server.port) { client in
                let request = "GET /v1/gates/canCreate HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(ann)\r\n\r\n"
                for count in 1...50 {
                    try await client.send(request)
                    try await client.read(until: #""gate":"canCreate""#, times: count)
                }
            }
            let page = try await Self.page(server)
            #expect(page.requests("/v1/gates/{name}", 200) == 51 && page.decisions("canCreate", "allowed") == 51)
        }
    }

    @Test("Decisions are counted by gate and answer, those in lists and on 304 too; a gate that is gone has no series")
    func decisions() async throws {
        try await TestServer.running { server in
            try await server.change(.PUT, "/gates/other", ["flags": ["dark"]])
            let (ann, bob, service) = (try server.user("acme", "ann"), try server.user("acme", "bob"), try await server.token("service"))
            for user in [ann, bob] { _ = try await server.get("/v1/feature_flags", by: user) }
            for _ in 0..<5 { #expect(try await server.get("/v1/gates/canCreate", by: ann).member("allowed") == true) }
            for _ in 0..<3 { #expect(try await server.get("/v1/gates/canCreate", by: bob).member("allowed") == false) }
            let list = try await server.get("/v1/gates", by: ann)
            #expect(list.data.count == 2 && !list.isFromRoute)
            #expect(try await server.get("/v1/gates", by: ann, [("If-None-Match", try #require(list["ETag"]))]).status == 304)
            _ = try await server.get("/v1/gates/canCreate?company_id=acme&user_id=ann", by: service)
            _ = try await server.get("/v1/gates/nope", by: ann)
            let page = try await Self.page(server)
            #expect(page.decisions("canCreate", "allowed") == 8 && page.decisions("canCreate", "denied") == 3)
            #expect(page.decisions("other", "denied") == 2 && page.decisions("other", "allowed") == nil)
            try await server.change(.DELETE, "/gates/other")
            let after = try await Self.page(server)
            #expect(after.decisions("other", "denied") == nil && after.decisions("canCreate", "allowed") == 8)
            try await server.change(.PUT, "/gates/other", ["flags": ["dark"]])
            _ = try await server.get("/v1/gates/other", by: ann)
            #expect(try await Self.page(server).decisions("other", "denied") == 1, "another of the name begins anew")
        }
    }

    @Test("The standards' decisions are counted with the others")
    func standards() async throws {
        try await TestServer.running { server in
            let service = try await server.token("service")
            func post(_ path: String, by token: String, _ json: JSONValue) async throws {
                let answer = try await server.send(.POST, path, by: token, [("Content-Type", "application/json")], body: JSONWriter.bytes(json))
                try #require(answer.status == 200, "\(answer.text)")
            }
            func question(_ user: String) -> JSONValue {
                [
                    "subject": ["type": "user", "id": .string(user)], "resource": ["type": "company", "id": "acme"],
                    "action": ["name": "canCreate"],
                ]
            }
            try await post("/access/v1/evaluation", by: service, question("ann"))
            try await post("/access/v1/evaluations", by: service, ["evaluations": [question("ann"), question("bob"), question("nobody")]])
            #expect(try await Self.page(server).decisions("canCreate", "allowed") == 2)
            #expect(try await Self.page(server).decisions("canCreate", "denied") == 2)
            let ann = try server.user("acme", "ann")
            try await post("/ofrep/v1/evaluate/flags", by: ann, ["context": ["targetingKey": "ann"]])
            try await post("/ofrep/v1/evaluate/flags/canCreate", by: ann, ["context": ["targetingKey": "ann"]])
            try await post("/ofrep/v1/evaluate/flags/embed", by: ann, ["context": ["targetingKey": "ann"]])
            #expect(try await Self.page(server).decisions("canCreate", "allowed") == 4)
        }
    }

    @Test("2 000 different paths, methods and queries make no series but those of their routes")
    func bounded() async throws {
        try await TestServer.running { server in
            let ann = try server.user("acme", "ann")
            func round(_ number: Int) async throws {
                for path in ["/nothing/\(number)", "/v1/gates/g\(number)", "/v1/admin/flags/f\(number)", "/v1/feature_flags?x=\(number)"] {
                    _ = try await server.get(path, by: number.isMultiple(of: 2) ? ann : server.admin)
                }
                _ = try await server.send(.PURGE, "/v1/gates/\(number)", by: ann)
            }
            for number in 0..<2 { try await round(number) }
            _ = try await Self.page(server)
            let before = try await Self.page(server)
            for number in 2..<402 { try await round(number) }
            let after = try await Self.page(server)
            #expect(after.series == before.series)
            #expect(
                after.requests("unmatched", 404) == 402 && after.requests("/v1/gates/{name}", 405, "OTHER") == 402
                    && after.requests("/v1/admin/flags/{code}", 404) == 402)
        }
    }

    @Test("Writes, events, streams, rollouts, sizes and schedules are told as they are")
    func state() async throws {
        try await TestServer.running { server in
            let before = try await Self.page(server)
            #expect(before["gate_revision"] == 2 && before[#"gate_writes_total{result="changed"}"#] == 2)
            try await server.change(.PUT, "/flags/embed/companies/umbrella?for=2h", ["enabled": true])
            try await server.change(.PUT, "/flags/base/companies/umbrella", ["enabled": true])
            #expect(try await server.write(.PUT, "/flags/embed/companies/nowhere", ["enabled": true]).status == 404)
            #expect(try await server.write(.PUT, "/flags/nope/companies/acme", ["enabled": true]).status == 404)
            let key = [("Idempotency-Key", "once")]
            for _ in 0..<3 { _ = try await server.write(.PUT, "/flags/dark/holds", [:], key) }
            try await server.change(.PUT, "/flags/embed/rollout", ["stages": [["name": "all", "percentage": 100]]])
            try await server.change(.PUT, "/event_types/spare", [:])
            let event: JSONValue = ["id": "e1", "event": "spare", "at": "2026-01-01T00:00:00Z"]
            for events in [[event, event], [["id": "e2", "event": "unheard"]]] {
                let body = JSONWriter.bytes(["events": .array(events)])
                let answer = try await server.send(
                    .POST, "/v1/events", by: server.user("acme", "ann"), [("Content-Type", "application/json")], body: body)
                #expect(answer.status == 202, "\(answer.text)")
            }
            let page = try await Self.page(server)
            #expect(page["gate_revision"] == 6 && page[#"gate_writes_total{result="changed"}"#] == 6, "\(page["gate_revision"] ?? -1)")
            #expect(page[#"gate_writes_total{result="unchanged"}"#] == 1 && page[#"gate_writes_total{result="refused"}"#] == 2)
            #expect(page[#"gate_writes_total{result="replayed"}"#] == 2 && page[#"gate_writes_total{result="failed"}"#] == 0)
            #expect(page["gate_write_duration_seconds_count"] == 11 && (page["gate_write_duration_seconds_sum"] ?? 0) > 0)
            #expect(page[#"gate_rollouts{status="draft"}"#] == 1 && page[#"gate_rollouts{status="running"}"#] == 0 && page["gate_flags_held"] == 1)
            #expect(page[#"gate_schedules{status="pending"}"#] == 1 && page[#"gate_schedules{status="failed"}"#] == 0)
            #expect(page[#"gate_events_total{result="accepted"}"#] == 1 && page[#"gate_events_total{result="duplicate"}"#] == 1)
            #expect(page[#"gate_events_total{result="refused"}"#] == 1)
            #expect(page[#"gate_entities{kind="company"}"#] == 3 && page[#"gate_entities{kind="user"}"#] == 3)
            #expect(page[#"gate_entities{kind="flag"}"#] == 4 && page[#"gate_entities{kind="gate"}"#] == 1)
            for file in ["database", "database_wal", "events", "events_wal"] {
                #expect((page["gate_file_size_bytes{file=\"\(file)\"}"] ?? 0) >= 4_096, "\(file)")
            }
            #expect(page["gate_webhook_queue_length"] == 0 && page[#"gate_guard_trips_total{scope="flag",detector="rate"}"#] == 0)
            #expect(page[#"gate_build_info{version="0.1.0"}"#] == 1 && (page["gate_http_connections"] ?? 0) >= 1)
            #if os(Linux)
                let now = Date().timeIntervalSince1970
                let start = try #require(page["process_start_time_seconds"])
                #expect(start > now - 86_400 && start <= now + 1 && (page["process_cpu_seconds_total"] ?? 0) > 0)
                #expect((page["process_resident_memory_bytes"] ?? 0) > 1_000_000 && (page["process_open_fds"] ?? 0) > 3)
            #endif
        }
    }

    @Test("Streams, what they were sent and how long that took are counted; who polls is seen for a minute")
    func streams() async throws {
        try await TestServer.running { server in
            let ann = try server.user("acme", "ann")
            _ = try await server.get("/v1/feature_flags", by: ann)
            _ = try await server.get("/v1/feature_flags", by: ann)
            try await RawClient.connected(to: server.port) { client in
                try await client.send("GET /v1/stream HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(ann)\r\n\r\n")
                try await client.read(until: "event: flags")
                let receipt = try await server.change(.PUT, "/flags/embed/companies/acme?wait=30s", ["enabled": false])
                #expect(receipt["delivery"]?["written"] == 1)
                try await client.read(until: "event: change")
                let page = try await Self.page(server)
                #expect(page["gate_streams"] == 1 && page["gate_stream_events_total"] == 2 && page["gate_streams_cut_total"] == 0)
                #expect(page["gate_delivery_duration_seconds_count"] == 1 && page["gate_pollers"] == 1)
                #expect(page.requests("/v1/stream", 200) == 1)
            }
            try await Self.until { try await Self.page(server)["gate_streams"] == 0 }
            #expect(try await Self.page(server)["gate_streams"] == 0)
            try await server.change(.PUT, "/flags/embed/companies/acme", ["enabled": true])
            server.clock.pass(seconds: 61)
            let page = try await Self.page(server)
            #expect(page["gate_delivery_duration_seconds_count"] == 1, "without a stream there is nothing to deliver")
            #expect(page["gate_pollers"] == 0)
        }
    }

    @Test("A guard's levels and lines are shown, and its trip is counted")
    func guards() async throws {
        try await TestServer.running(TestServer.unlimited + ["--limit", "events_per_user=0"]) { server in
            for name in ["failed", "worked"] { try await server.change(.PUT, "/event_types/\(name)", [:]) }
            let metric: JSONValue = ["name": "create", "errors": ["failed"], "successes": ["worked"], "limit": .number(0.1)]
            try await server.change(.PUT, "/flags/embed/guard", ["metrics": [metric]])
            func fail(_ number: Int, user: String) async throws {
                let event: JSONValue = ["id": .string("e\(number)"), "event": "failed", "at": "2026-01-01T00:00:00Z"]
                let body = JSONWriter.bytes(["events": [event]])
                let answer = try await server.send(
                    .POST, "/v1/events", by: server.user("acme", user), [("Content-Type", "application/json")], body: body)
                try #require(answer.status == 202, "\(answer.text)")
            }
            try await fail(0, user: "u0")
            let page = try await Self.page(server)
            func name(_ what: String, _ company: String, _ detector: String) -> String {
                "gate_guard_\(what){flag=\"embed\",company=\"\(company)\",metric=\"create\",detector=\"\(detector)\"}"
            }
            #expect(page[name("level", "acme", "fast")] == 1_609 && page[name("trip_line", "acme", "fast")] == 8_006)
            #expect(page[name("level", "acme", "slow")] == 693 && page[name("trip_line", "", "slow")] == 6_908)
            #expect(page["gate_guard_detectors"] == 2)
            for number in 1..<6 { try await fail(number, user: "u\(number)") }
            let trips = #"gate_guard_trips_total{scope="company",detector="fast"}"#
            try await Self.until { try await Self.page(server)[trips] == 1 }
            #expect(try await Self.page(server)[trips] == 1)
            #expect(try await server.read("/changes?limit=1").data.first?["actor"] == "guard")
        }
    }

    @Test("With --admin-listen the metrics are on the admin listener, under the same right")
    func adminListener() async throws {
        try await TestServer.running(TestServer.unlimited + ["--admin-listen", "127.0.0.1:0"]) { server in
            let ann = try server.user("acme", "ann")
            for _ in 0..<3 { _ = try await server.get("/v1/feature_flags", by: ann) }
            #expect(try await Self.page(server).requests("/v1/feature_flags", 200) == 3, "what the other listener answered")
            #expect(try await server.get("/metrics").status == 401)
            #expect(try await server.get("/metrics", by: server.token("service")).status == 403)
            #expect(try await server.get("/metrics", by: server.token("read")).status == 200)
        }
    }

    @Test("The names of the routes in front of the router are the router's own")
    func templates() throws {
        let routes: [ReadRoute] = [.featureFlags, .permissions, .gates, .gate(GateName(unchecked: "g"))]
        let known = Set(Routes.published.map(\.path))
        for route in routes { #expect(known.contains(route.template)) }
        #expect(known.contains(StreamController.path))
    }
}
