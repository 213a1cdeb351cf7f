import GateCore
import NIOHTTP1
import Testing

@testable import GateServer

/// What OpenFeature clients are answered.
@Suite("OFREP", .timeLimit(.minutes(10)))
struct OFREPTests {
    @Test("A flag and a gate answer in OFREP's shape, to the byte")
    func one() async throws {
        try await TestServer.running { server in
            let ann = try server.user("acme", "ann")
            let flag = try await server.evaluate("embed", by: ann)
            #expect(flag.status == 200 && flag["Content-Type"] == "application/json")
            #expect(
                flag.text
                    == #"{"key":"embed","value":true,"reason":"TARGETING_MATCH","variant":"on","metadata":{"gateReason":"company_on","revision":1}}"#)
            let gate = try await server.evaluate("canCreate", by: ann)
            #expect(
                gate.text
                    == #"{"key":"canCreate","value":true,"reason":"TARGETING_MATCH","variant":"on","metadata":{"gateReason":"allowed","revision":1}}"#
            )
            let position = try await server.get("/v1/gates", by: ann)["Gate-Revision"]
            for answer in [flag, gate] {
                #expect(answer["Gate-Revision"] == position && answer["Cache-Control"] == "private, no-cache")
                #expect(answer["Vary"] == "Origin, Cookie, Authorization")
            }
        }
    }

    /// The value, OpenFeature's reason, Gate's reason.
    private static func telling(_ answer: Answer) -> [JSONValue?] {
        [answer.member("value"), answer.member("reason"), answer.member("metadata")?["gateReason"]]
    }

    @Test("Every reason of Gate's has its name in OpenFeature")
    func reasons() async throws {
        try await TestServer.running { server in
            let (acme, globex) = (try server.user("acme", "ann"), try server.user("globex", "gil"))
            let umbrella = try server.user("umbrella", "uma")
            func expect(_ key: String, _ user: String, _ expected: [JSONValue?], _ comment: Comment) async throws {
                #expect(try await Self.telling(server.evaluate(key, by: user)) == expected, comment)
            }
            try await expect("embed", acme, [true, "TARGETING_MATCH", "company_on"], "an explicit state")
            try await expect("dark", acme, [false, "DISABLED", "flag_off"], "the master switch")
            try await expect("embed", umbrella, [false, "DEFAULT", "not_targeted"], "nothing aims at it")
            try await server.change(.PUT, "/flags/embed/companies/umbrella", ["enabled": false])
            try await expect("embed", umbrella, [false, "TARGETING_MATCH", "company_off"], "an explicit off")
            try await server.change(.PUT, "/flags/base/companies/globex", ["enabled": false])
            try await expect("embed", globex, [false, "DEFAULT", "prerequisite_off"], "what it stands on is off")
            try await server.change(.PUT, "/flags/base/holds/acme", [:])
            try await expect("base", acme, [false, "DISABLED", "held"], "a hold")
            try await expect("canCreate", acme, [false, "TARGETING_MATCH", "prerequisite_off"], "a gate, by a flag")
            try await expect("canCreate", umbrella, [false, "TARGETING_MATCH", "company_off"], "a gate, by a flag")
            try await expect("canCreate", globex, [false, "TARGETING_MATCH", "permission_missing"], "a gate, by a permission")

            let stages: JSONValue = [
                "stages": [["name": "qa", "companies": ["acme"], "groups": ["enterprise"]], ["name": "all", "percentage": 100]]
            ]
            try await server.change(.PUT, "/flags/fresh", ["enabled": true])
            try await server.change(.PUT, "/flags/fresh/rollout", stages)
            try await expect("fresh", acme, [false, "DEFAULT", "not_targeted"], "a rollout that has not begun")
            try await server.change(.POST, "/flags/fresh/rollout/start", [:])
            try await expect("fresh", acme, [true, "TARGETING_MATCH", "rollout"], "a stage names the company")
            try await expect("fresh", umbrella, [true, "TARGETING_MATCH", "rollout"], "a stage names its group")
            try await expect("fresh", globex, [false, "DEFAULT", "not_targeted"], "a stage that is not reached")
            try await server.change(.POST, "/flags/fresh/rollout/advance?force=true", [:])
            try await expect("fresh", globex, [true, "SPLIT", "rollout"], "a percentage")
            try await expect("fresh", acme, [true, "TARGETING_MATCH", "rollout"], "named stays named")
        }
    }

    @Test("The revision is that of the change which decided, as explain shows it")
    func revision() async throws {
        try await TestServer.running { server in
            let ann = try server.user("acme", "ann")
            let flip = try #require(try await server.change(.PUT, "/flags/embed/companies/acme", ["enabled": false])["revision"])
            try await server.change(.PATCH, "/flags/dark", ["description": "something else"])
            for key in ["embed", "canCreate"] {
                #expect(try await server.evaluate(key, by: ann).member("metadata")?["revision"] == flip, "\(key)")
            }
            let explained = try await server.read("/explain?flag=embed&company_id=acme").member("decided_by")?["revision"]
            #expect(explained == flip)
            #expect(try await server.evaluate("embed", by: server.user("umbrella", "uma")).member("metadata")?["revision"] == 0)
        }
    }

    @Test("What is not there is FLAG_NOT_FOUND with its key, and a flag kept from clients is not there for users")
    func unknown() async throws {
        try await TestServer.running { server in
            let ann = try server.user("acme", "ann")
            // Swift's own comparison would take the Kelvin sign for it.
            try await server.change(.PUT, "/flags/K", [:])
            let unknown = [
                ("nope", "nope"), ("hidden", "hidden"), ("a%20b", "a b"), ("%E2%84%AA", "\u{212A}"), ("EMBED", "EMBED"), ("..%2Fx", "../x"),
            ]
            for (sent, key) in unknown {
                let answer = try await server.evaluate(sent, by: ann)
                #expect(answer.status == 404 && answer["Content-Type"] == "application/json", "\(sent)")
                #expect(answer.member("key")?.stringValue == key && answer.member("errorCode") == "FLAG_NOT_FOUND", "\(answer.text)")
                #expect(answer.member("errorDetails")?.stringValue?.isEmpty == false)
            }
            let service = try await server.token("service")
            let context: JSONValue = ["targetingKey": "ann", "companyId": "acme"]
            #expect(try await server.evaluate("hidden", by: service, context: context).member("value") == true)
            let all = try await server.evaluate(by: ann).json["flags"]?.all("key")
            #expect(all == ["K", "base", "dark", "embed", "canCreate"])
            let everything = try await server.evaluate(by: service, context: context).json["flags"]?.all("key")
            #expect(everything == ["K", "base", "dark", "embed", "hidden", "canCreate"])
        }
    }

    @Test("A user's token says who asks, whatever the context says")
    func users() async throws {
        try await TestServer.running { server in
            let bob = try server.user("acme", "bob")
            let contexts: [JSONValue] = [
                [:], ["targetingKey": "ann"], ["targetingKey": ""], ["targetingKey": "no id at all!"],
                ["targetingKey": "ann", "companyId": "umbrella"],
                ["company_id": 7, "anything": ["at": ["all"]]],
            ]
            for context in contexts {
                let gate = try await server.evaluate("canCreate", by: bob, context: context)
                #expect(Self.telling(gate) == [false, "TARGETING_MATCH", "permission_missing"], "\(context.text)")
                #expect(try await server.evaluate("embed", by: bob, context: context).member("value") == true, "\(context.text)")
            }
            let visitor = try server.user("globex", "visitor", roles: ["agent"])
            #expect(try await server.evaluate("canCreate", by: visitor).member("value") == true, "roles of the token count")
            #expect(try await server.evaluate("embed", by: bob, query: "?company_id=umbrella").status == 400)
        }
    }

    @Test("With an API token the context names company and user, within the token's limits")
    func tokens() async throws {
        try await TestServer.running { server in
            let service = try await server.token("service", companies: ["acme"])
            for name in ["companyId", "company_id"] {
                let context: JSONValue = .object(JSONObject([("targetingKey", "ann"), (name, "acme"), ("plan", "free")]))
                #expect(try await server.evaluate("canCreate", by: service, context: context).member("value") == true)
            }
            let cases: [(JSONValue, Int, String)] = [
                (["companyId": "acme"], 400, "TARGETING_KEY_MISSING"), (["companyId": "acme", "targetingKey": ""], 400, "TARGETING_KEY_MISSING"),
                (["companyId": "acme", "targetingKey": nil], 400, "INVALID_CONTEXT"),
                (["companyId": "acme", "targetingKey": 5], 400, "INVALID_CONTEXT"), (["targetingKey": "ann"], 400, "INVALID_CONTEXT"),
                (["targetingKey": "ann", "companyId": "a b"], 400, "INVALID_CONTEXT"),
                (["targetingKey": "ann", "companyId": nil], 400, "INVALID_CONTEXT"),
                (["targetingKey": "a b", "companyId": "acme"], 400, "INVALID_CONTEXT"),
                (["targetingKey": "ann", "companyId": "acme", "company_id": "umbrella"], 400, "INVALID_CONTEXT"),
                (["targetingKey": "uma", "companyId": "umbrella"], 403, "GENERAL"),
            ]
            for (context, status, code) in cases {
                for key in ["embed", nil] {
                    let answer = try await server.evaluate(key, by: service, context: context)
                    #expect(answer.status == status && answer.member("errorCode")?.stringValue == code, "\(context.text): \(answer.text)")
                    #expect(answer.member("key")?.stringValue == key)
                }
            }
        }
    }

    @Test("What goes wrong has OFREP's shape, never that of a problem")
    func errors() async throws {
        try await TestServer.running(["--limit", "body_bytes=200", "--limit", "failed_logins_per_minute=0"]) { server in
            let ann = try server.user("acme", "ann")
            let json = [("Content-Type", "application/json")]
            func post(_ body: String, _ headers: [(String, String)] = json, by token: String? = ann, key: String = "/embed") async throws -> Answer {
                try await server.send(.POST, TestServer.evaluatePath + key, by: token, headers, body: Array(body.utf8))
            }
            let good = #"{"context":{"targetingKey":"ann"}}"#
            let cases: [(Answer, Int, String)] = [
                (try await post("{"), 400, "PARSE_ERROR"), (try await post(""), 400, "PARSE_ERROR"), (try await post("[]"), 400, "PARSE_ERROR"),
                (try await post(#"{"context":{"a":1,"a":2}}"#), 400, "PARSE_ERROR"),
                (try await post(#"{"context":"# + String(repeating: "[", count: 40)), 400, "PARSE_ERROR"),
                (try await post("{}"), 400, "INVALID_CONTEXT"), (try await post(#"{"context":null}"#), 400, "INVALID_CONTEXT"),
                (try await post(#"{"context":"ann"}"#), 400, "INVALID_CONTEXT"),
                (try await post(#"{"context":{"targetingKey":1}}"#), 400, "INVALID_CONTEXT"),
                (try await post(good, by: nil), 401, "GENERAL"), (try await post(good, by: "bad"), 401, "GENERAL"),
                (try await post(good, by: server.token("events")), 403, "GENERAL"),
                (try await post(good, key: "/nope"), 404, "FLAG_NOT_FOUND"),
                (try await server.get(TestServer.evaluatePath + "/embed", by: ann), 405, "GENERAL"),
                (try await post(good + String(repeating: " ", count: 200)), 413, "GENERAL"),
                (try await post(good, [("Content-Type", "text/plain")]), 415, "PARSE_ERROR"), (try await post(good, []), 415, "PARSE_ERROR"),
                (try await post(good, [("Content-Type", "application/merge-patch+json")]), 415, "PARSE_ERROR"),
                (try await post(good, json, key: ""), 200, ""), (try await post("{}", json, key: ""), 400, "INVALID_CONTEXT"),
            ]
            for (index, (answer, status, code)) in cases.enumerated() {
                #expect(answer.status == status && answer["Content-Type"] == "application/json", "\(index): \(answer.status) \(answer.text)")
                guard status >= 400 else { continue }
                #expect(answer.member("errorCode")?.stringValue == code, "\(index): \(answer.text)")
                #expect(answer.member("errorDetails")?.stringValue?.isEmpty == false && answer["Cache-Control"] == "no-store", "\(index)")
                #expect((answer.member("key") == nil) == (index >= cases.count - 2), "\(index): \(answer.text)")
                #expect((answer["WWW-Authenticate"] != nil) == (status == 401) && (answer["Allow"] == "POST, OPTIONS") == (status == 405), "\(index)")
            }
        }
    }

    @Test("A gate's answer counts in the metrics as anywhere, a flag's does not")
    func metrics() async throws {
        try await TestServer.running { server in
            let (ann, bob) = (try server.user("acme", "ann"), try server.user("acme", "bob"))
            for key in ["canCreate", "embed", nil, "nope"] { _ = try await server.evaluate(key, by: ann) }
            _ = try await server.evaluate("canCreate", by: bob)
            let page = try await server.get("/metrics", by: server.admin).text
            let lines = page.split(separator: "\n").filter { $0.hasPrefix("gate_decisions_total{") }
            #expect(
                lines == [
                    #"gate_decisions_total{gate="canCreate",result="allowed"} 2"#, #"gate_decisions_total{gate="canCreate",result="denied"} 1"#,
                ])
        }
    }

    @Test("Evaluations count as every other read of a user does")
    func limits() async throws {
        try await TestServer.running(["--limit", "evaluations_per_user=3"]) { server in
            let ann = try server.user("acme", "ann")
            #expect(try await server.get("/v1/feature_flags", by: ann).status == 200)
            #expect(try await server.evaluate("embed", by: ann).status == 200)
            #expect(try await server.evaluate(by: ann).status == 200)
            for key in ["embed", nil] {
                let answer = try await server.evaluate(key, by: ann)
                #expect(answer.status == 429 && answer["Retry-After"] == "1" && answer.member("errorCode") == "GENERAL")
                #expect(answer.member("key")?.stringValue == key)
            }
            #expect(try await server.evaluate(by: server.user("acme", "bob")).status == 200)
        }
    }

    @Test("Pages of the allowed origins may evaluate and follow the stream, no others")
    func crossOrigin() async throws {
        try await TestServer.running { server in
            let ann = try server.user("acme", "ann")
            let ours = [("Origin", TestUniverse.origin)]
            for path in [TestServer.evaluatePath, TestServer.evaluatePath + "/embed"] {
                let asked = [("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "authorization,content-type")]
                let preflight = try await server.send(.OPTIONS, path, ours + asked)
                #expect(preflight.status == 204 && preflight["Access-Control-Allow-Origin"] == TestUniverse.origin)
                #expect(preflight["Access-Control-Allow-Methods"] == "POST")
                #expect(preflight["Access-Control-Allow-Headers"] == "Authorization, Content-Type, If-None-Match, Gate-Min-Revision")
                let strange = try await server.send(.OPTIONS, path, [("Origin", "https://evil.test")] + asked)
                #expect(strange.status == 401 && strange["Access-Control-Allow-Origin"] == nil)
            }
            let answer = try await server.evaluate(by: ann, ours)
            #expect(answer["Access-Control-Allow-Origin"] == TestUniverse.origin && answer["Access-Control-Allow-Credentials"] == "true")
            #expect(answer["Access-Control-Expose-Headers"] == "ETag, Retry-After, Gate-Revision")
            #expect(try await server.evaluate(by: ann, [("Origin", "https://evil.test")])["Access-Control-Allow-Origin"] == nil)
            let preflight = try await server.send(.OPTIONS, "/ofrep/v1/stream", ours + [("Access-Control-Request-Method", "GET")])
            #expect(preflight.status == 204 && preflight["Access-Control-Allow-Methods"] == "GET, HEAD")
        }
    }
}
