import GateCore
import NIOHTTP1
import Testing

@testable import GateServer

/// What front ends and back ends are answered.
@Suite("Reads", .timeLimit(.minutes(10)))
struct ReadTests {
    @Test("feature_flags has the visible flags by the bytes of their codes, and no revision")
    func featureFlags() async throws {
        try await TestServer.running { server in
            try await server.change(.PUT, "/flags/Zed", [:])
            let answer = try await server.get("/v1/feature_flags", by: server.user("acme", "ann"))
            #expect(answer.status == 200)
            #expect(answer["Content-Type"] == "application/json")
            #expect(
                answer.text
                    == #"{"data":[{"code":"Zed","enabled":false,"enabled_for_company":false},"#
                    + #"{"code":"base","enabled":true,"enabled_for_company":true},"#
                    + #"{"code":"dark","enabled":false,"enabled_for_company":true},"#
                    + #"{"code":"embed","enabled":true,"enabled_for_company":true}],"meta":{"company_id":"acme"}}"#)
        }
    }

    @Test("A flag that is kept from clients is shown to API tokens alone")
    func hidden() async throws {
        try await TestServer.running { server in
            let path = "/v1/feature_flags?company_id=acme"
            for kind in ["service", "read", "ops", "admin"] {
                let answer = try await server.get(path, by: server.token(kind))
                #expect(try answer.json["data"]?.all("code") == ["base", "dark", "embed", "hidden"], "\(kind)")
            }
            let user = try server.user("acme", "ann")
            #expect(try await server.get("/v1/feature_flags", by: user).json["data"]?.all("code") == ["base", "dark", "embed"])
            try await server.change(.PATCH, "/flags/hidden", ["client_visible": true])
            #expect(try await server.get("/v1/feature_flags", by: user).json["data"]?.all("code") == ["base", "dark", "embed", "hidden"])
        }
    }

    @Test("A clause on a flag that is kept from users tells them its outcome and nothing more, in front of the router and behind it")
    func hiddenClauses() async throws {
        try await TestServer.running { server in
            try await server.change(.PATCH, "/flags/hidden", ["prerequisites": ["base"]])
            try await server.change(.PATCH, "/flags/embed", ["prerequisites": ["base", "hidden"]])
            try await server.change(.PUT, "/gates/secretGate", ["flags": ["embed", "hidden"]])
            let user = try server.user("acme", "ann")
            let base =
                #"{"kind":"flag","code":"base","satisfied":true,"enabled":true,"enabled_for_company":true,"reason":"company_on","prerequisites":[]}"#
            let kept = #"{"kind":"flag","satisfied":true,"reason":"company_on"}"#
            let expected =
                #"{"gate":"secretGate","company_id":"acme","user_id":"ann","allowed":true,"reason":"allowed","checks":[{"kind":"flag","code":"embed","#
                + #""satisfied":true,"enabled":true,"enabled_for_company":true,"reason":"company_on","prerequisites":[\#(base),\#(kept)]},\#(kept)]}"#
            for path in ["/v1/gates/secretGate", "/v1/gates/secretGate", "/v1/gates/secretGate?"] {
                #expect(try await server.get(path, by: user).text == expected)
            }
            for path in ["/v1/gates", "/v1/gates", "/v1/gates?"] {
                let text = try await server.get(path, by: user).text
                #expect(text.contains(expected) && !text.contains("\"hidden\""))
            }
            let token = try await server.token("service")
            for path in ["/v1/gates", "/v1/gates/secretGate"] {
                let text = try await server.get("\(path)?company_id=acme&user_id=ann", by: token).text
                #expect(text.ranges(of: #""code":"hidden","satisfied":true"#).count == (path == "/v1/gates" ? 3 : 2))
            }
            try await server.change(.PUT, "/flags/hidden/companies/acme", ["enabled": false])
            let denied = try await server.get("/v1/gates/secretGate", by: user)
            #expect(denied.member("allowed") == false && denied.member("reason") == "prerequisite_off")
            #expect(denied.member("checks")?[1] == ["kind": "flag", "satisfied": false, "reason": "company_off"])
            try await server.change(.PATCH, "/flags/hidden", ["client_visible": true])
            #expect(try await server.get("/v1/gates/secretGate", by: user).member("checks")?[1]?["code"] == "hidden")
        }
    }

    @Test("To an unknown company everything is off, and it is no error")
    func unknownCompany() async throws {
        try await TestServer.running { server in
            let user = try server.user("nowhere", "ann")
            let flags = try await server.get("/v1/feature_flags", by: user)
            #expect(flags.status == 200)
            #expect(flags.data.count == 3 && flags.data.allSatisfy { $0["enabled_for_company"] == false })
            #expect(try flags.json["meta"]?["company_id"] == "nowhere")
            let permissions = try await server.get("/v1/permissions", by: user)
            #expect(permissions.data[0]["permissions"]?.arrayValue?.map { $0["is_enabled"] } == [false, false])
            let gate = try await server.get("/v1/gates/canCreate", by: user)
            #expect(gate.member("allowed") == false && gate.member("reason") == "permission_missing")
        }
    }

    @Test("permissions has every defined key, exactly so")
    func permissions() async throws {
        try await TestServer.running { server in
            let answer = try await server.get("/v1/permissions", by: server.user("acme", "bob"))
            #expect(
                answer.text
                    == #"{"data":[{"company_id":"acme","user_id":"bob","permissions":[{"name":"notes_add","is_enabled":true},"#
                    + #"{"name":"ticket_create","is_enabled":false}]}]}"#)
        }
    }

    /// `Object.values(data)[0].permissions.find(p => p.name === KEY)?.is_enabled === true`
    private static func walk(_ body: JSONValue, _ key: String) -> Bool {
        let values = body["data"]?.arrayValue ?? body["data"]?.objectValue?.members.map(\.value) ?? []
        return values.first?["permissions"]?.arrayValue?.first { $0["name"]?.stringValue == key }?["is_enabled"] == true
    }

    @Test("The RFC's own walk over the permissions finds what the user may", arguments: ["ann", "bob", "nobody"])
    func walked(user: String) async throws {
        try await TestServer.running { server in
            let body = try await server.get("/v1/permissions", by: server.user("acme", user)).json
            #expect(Self.walk(body, "ticket_create") == (user == "ann"))
            #expect(Self.walk(body, "notes_add") == (user != "nobody"))
            #expect(!Self.walk(body, "no_such_key"))
            let elsewhere = try await server.get("/v1/permissions", by: server.user("globex", user)).json
            #expect(!Self.walk(elsewhere, "notes_add"), "permissions are of a user within a company")
        }
    }

    @Test("Roles of the token's claim count beside the stored ones")
    func tokenRoles() async throws {
        try await TestServer.running { server in
            let user = try server.user("globex", "visitor", roles: ["agent", "no_such_role"])
            #expect(try await Self.walk(server.get("/v1/permissions", by: user).json, "ticket_create"))
            #expect(try await server.get("/v1/gates/canCreate", by: user).member("allowed") == true)
            #expect(try await server.get("/v1/gates/canCreate", by: server.user("globex", "visitor")).member("allowed") == false)
        }
    }

    @Test("A gate's decision shows every clause, also behind the first that fails")
    func gate() async throws {
        try await TestServer.running { server in
            let prerequisite =
                #"{"kind":"flag","code":"base","satisfied":true,"enabled":true,"enabled_for_company":true,"reason":"company_on","prerequisites":[]}"#
            let flag =
                #"{"kind":"flag","code":"embed","satisfied":true,"enabled":true,"enabled_for_company":true,"reason":"company_on","prerequisites":["#
                + prerequisite + "]}"
            let ann = try await server.get("/v1/gates/canCreate", by: server.user("acme", "ann"))
            let allowed =
                #"{"gate":"canCreate","company_id":"acme","user_id":"ann","allowed":true,"reason":"allowed","checks":["#
                + #"{"kind":"permission","key":"ticket_create","satisfied":true,"reason":"role","role":"agent"},"# + flag + "]}"
            #expect(ann.text == allowed)
            let gates = try await server.get("/v1/gates", by: server.user("acme", "ann"))
            #expect(gates.text == #"{"data":["# + allowed + "]}")
            let bob = try await server.get("/v1/gates/canCreate", by: server.user("acme", "bob"))
            #expect(
                bob.text
                    == #"{"gate":"canCreate","company_id":"acme","user_id":"bob","allowed":false,"reason":"permission_missing","checks":["#
                    + #"{"kind":"permission","key":"ticket_create","satisfied":false,"reason":"not_granted"},"# + flag + "]}")
        }
    }

    @Test("gates are sorted by the bytes of their names")
    func gates() async throws {
        try await TestServer.running { server in
            for name in ["zeta", "Alpha", "beta.2"] { try await server.change(.PUT, "/gates/\(name)", ["flags": ["base"]]) }
            let answer = try await server.get("/v1/gates", by: server.user("acme", "ann"))
            #expect(try answer.json["data"]?.all("gate") == ["Alpha", "beta.2", "canCreate", "zeta"])
        }
    }

    @Test("A service token must say whom it asks about, and only about companies of its own")
    func service() async throws {
        try await TestServer.running { server in
            let service = try await server.token("service")
            for path in ["/v1/feature_flags", "/v1/permissions?company_id=acme", "/v1/gates?user_id=ann", "/v1/gates/canCreate"] {
                let answer = try await server.get(path, by: service)
                #expect(answer.status == 400 && answer.code == "parameter_missing", "\(path)")
            }
            let gate = try await server.get("/v1/gates/canCreate?company_id=acme&user_id=ann", by: service)
            #expect(gate.member("allowed") == true)
            #expect(try await server.get("/v1/gates/canCreate?company_id=a%20b&user_id=ann", by: service).code == "identifier_invalid")
            let unknown = try await server.get("/v1/gates/canCreat?company_id=acme&user_id=ann", by: service)
            #expect(unknown.status == 404 && unknown.code == "gate_unknown" && unknown.member("nearest") == ["canCreate"])
        }
    }

    @Test(
        "A user may not ask about others, nor about themselves by name",
        arguments: ["/v1/feature_flags", "/v1/permissions", "/v1/gates", "/v1/gates/canCreate"])
    func asking(path: String) async throws {
        try await TestServer.running { server in
            let user = try server.user("acme", "ann")
            for query in ["company_id=umbrella", "company_id=acme", "user_id=bob", "company_id", "user_id=", "%63ompany_id=umbrella"] {
                let answer = try await server.get("\(path)?\(query)", by: user)
                #expect(answer.status == 400 && answer.code == "parameter_invalid", "\(query): \(answer.text)")
            }
            #expect(try await server.get("\(path)?other=1", by: user).status == 200)
        }
    }

    @Test("The cookie works, and Bearer counts when both are there")
    func cookie() async throws {
        try await TestServer.running { server in
            let (ann, uma) = (try server.user("acme", "ann"), try server.user("umbrella", "uma"))
            for _ in 0..<3 {
                let answer = try await server.get("/v1/permissions", [("Cookie", "other=1; global_sso_token=\(ann)")])
                #expect(answer.data.first?["user_id"] == "ann")
                let both = try await server.get("/v1/permissions", by: uma, [("Cookie", "global_sso_token=\(ann)")])
                #expect(both.data.first?["user_id"] == "uma")
                #expect(try await server.get("/v1/permissions", by: "bad", [("Cookie", "global_sso_token=\(ann)")]).status == 401)
            }
            #expect(try await server.get("/v1/permissions", [("Cookie", "sso=\(ann)")]).status == 401)
            // The same text in the other header is no credential, however often it was one here.
            #expect(try await server.get("/v1/permissions", [("Cookie", "Bearer \(uma)")]).status == 401)
            #expect(try await server.get("/v1/permissions", [("Authorization", "other=1; global_sso_token=\(ann)")]).status == 401)
            #expect(try await server.get("/v1/permissions", [("Cookie", "global_sso_token=\(server.admin)")]).status == 401)
        }
    }
}
