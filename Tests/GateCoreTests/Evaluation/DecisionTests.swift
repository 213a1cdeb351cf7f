import Testing

@testable import GateCore

@Suite("A decision")
struct DecisionTests {
    private func state(_ more: Entity...) throws -> Snapshot {
        var state = try Snapshot(
            .company(Company(id: "acme")), .company(Company(id: "globex")), .permission(Permission(key: "create")),
            .permission(Permission(key: "view")), .role(Role(name: "agent", permissions: ["create"])),
            .role(Role(name: "lead", permissions: ["create", "view"])), .flag(Flag(code: "embed", enabled: true)),
            .flag(Flag(code: "panel", enabled: true)), .flagState(FlagState(flag: "embed", company: "acme", enabled: true)),
            .gate(Gate(name: "canCreate", permissions: ["create", "view"], flags: ["embed", "panel"])))
        for (index, entity) in more.enumerated() { try state.apply([.put(entity)], revision: Int64(100 + index)) }
        return state
    }

    private func user(_ states: [PermissionKey: Bool] = [:], roles: [RoleName] = []) -> Entity {
        .user(User(company: "acme", id: "ada", grants: Grants(states, roles: roles)))
    }

    private let ada = Subject(company: "acme", user: "ada")

    @Test("on a permission lets the explicit state decide over a role", arguments: [true, false])
    func explicitOverRole(explicit: Bool) throws {
        let check = try state(user(["create": explicit], roles: ["lead"])).permission("create", of: ada)
        #expect(check == .permission("create", reason: explicit ? .userOn : .userOff, role: nil, decidedAt: 100))
        #expect(check.satisfied == explicit)
    }

    @Test("on a permission without a state names the first role that has it, and when that role changed")
    func role() throws {
        #expect(
            try state(user(roles: ["lead", "agent"])).permission("create", of: ada)
                == .permission("create", reason: .role, role: "agent", decidedAt: 5))
        #expect(
            try state(user(roles: ["agent", "lead"])).permission("view", of: ada) == .permission("view", reason: .role, role: "lead", decidedAt: 6))
    }

    @Test("takes the roles of the user's token, beside or without stored ones")
    func tokenRole() throws {
        let withToken = Subject(company: "acme", user: "ada", tokenRoles: ["gone", "lead"])
        #expect(try state().permission("view", of: withToken) == .permission("view", reason: .role, role: "lead", decidedAt: 6))
        #expect(try state(user(roles: ["agent"])).permission("view", of: withToken).satisfied)
        #expect(try !state(user(["view": false])).permission("view", of: withToken).satisfied)
        #expect(try state().decide("canCreate", withToken)?.checks.prefix(2).allSatisfy(\.satisfied) == true)
    }

    @Test("on a key that is not defined is false, even for a user of whom it is stored")
    func unknownKey() throws {
        var state = try state(user(["create": true], roles: ["agent"]))
        try state.apply([.delete(.permission("create"))], revision: 200)
        #expect(state.permission("create", of: ada) == .permission("create", reason: .permissionUnknown, role: nil, decidedAt: 0))
        #expect(!state.permission("nothing", of: ada).satisfied)
    }

    @Test("on a user of whom nothing is stored is not_granted")
    func notGranted() throws {
        #expect(try state().permission("create", of: ada) == .permission("create", reason: .notGranted, role: nil, decidedAt: 0))
        #expect(
            try state(user(["view": true])).permission("create", of: ada) == .permission("create", reason: .notGranted, role: nil, decidedAt: 100))
    }

    @Test("on the same user in another company has none of the permissions")
    func otherCompany() throws {
        let state = try state(user(["create": true], roles: ["lead"]))
        for key in ["create", "view"] as [PermissionKey] {
            #expect(state.permission(key, of: ada).satisfied)
            #expect(!state.permission(key, of: Subject(company: "globex", user: "ada")).satisfied)
        }
        #expect(state.decide("canCreate", Subject(company: "globex", user: "ada"))?.reason == "permission_missing")
    }

    @Test("has a check for every clause after the first failure too, permissions first, in the gate's order")
    func everyClause() throws {
        let decision = try #require(try state().decide("canCreate", ada))
        #expect(!decision.allowed)
        #expect(decision.reason == "permission_missing")
        #expect(decision.checks.map(\.satisfied) == [false, false, true, false])
        let names = decision.checks.map { check in
            switch check {
            case .permission(let key, _, _, _): key.rawValue
            case .flag(let trace): trace.code.rawValue
            }
        }
        #expect(names == ["create", "view", "embed", "panel"])
    }

    @Test("gives the first failing flag's reason when the permissions are there")
    func flagReason() throws {
        let granted = user(["create": true, "view": true])
        #expect(try state(granted).decide("canCreate", ada)?.reason == "not_targeted")
        let held = try state(granted, .hold(Hold(flag: "embed")))
        #expect(held.decide("canCreate", ada)?.reason == "held")
        #expect(try state(granted, .flag(Flag(code: "panel", enabled: false))).decide("canCreate", ada)?.reason == "flag_off")
        let on = try state(granted, .flagState(FlagState(flag: "panel", company: "acme", enabled: true)))
        #expect(on.decide("canCreate", ada)?.reason == "allowed")
        #expect(on.decide("canCreate", ada)?.allowed == true)
    }

    @Test("on a gate that does not exist is none")
    func noGate() throws {
        #expect(try state().decide("nothing", ada) == nil)
        #expect(try Answers.gate(state(), "nothing", ada, clientsOnly: false) == nil)
    }

    @Test("has the members that the interface promises, and nothing about revisions")
    func shape() throws {
        let state = try state(user(["create": true], roles: ["lead"]))
        let bytes = try #require(Answers.gate(state, "canCreate", ada, clientsOnly: false))
        let json = try JSONParser.parse(bytes)
        #expect(json.objectValue?.members.map(\.name) == ["gate", "company_id", "user_id", "allowed", "reason", "checks"])
        #expect(
            json["checks"]?.arrayValue?.first?.text == #"{"kind":"permission","key":"create","satisfied":true,"reason":"user_on"}"#)
        #expect(
            json["checks"]?.arrayValue?.last?.text
                == #"{"kind":"flag","code":"panel","satisfied":false,"enabled":true,"enabled_for_company":false,"#
                + #""reason":"not_targeted","prerequisites":[]}"#)
    }

    @Test("on permissions lists every defined key, sorted, in the shape that front ends read")
    func permissionsAnswer() throws {
        let text = String(decoding: try Answers.permissions(state(user(["view": true])), ada), as: UTF8.self)
        #expect(
            text == #"{"data":[{"company_id":"acme","user_id":"ada","permissions":[{"name":"create","is_enabled":false},"#
                + #"{"name":"view","is_enabled":true}]}]}"#)
    }

    @Test("explains itself by the changes that brought it about")
    func explanation() throws {
        let decision = try #require(try state(user(["create": true], roles: ["lead"])).decide("canCreate", ada))
        let explanation = Explanation.gate(decision)
        #expect(explanation.revisions == [100, 6, 9])
        let change = Change(
            revision: 9, at: Timestamp(microseconds: 0), actor: "token/x", reason: "go", command: [:], operations: [], entities: [],
            previousHash: [], hash: [])
        let checks = try #require(explanation.json([9: change])["checks"]?.arrayValue)
        #expect(checks[2]["decided_by"]?["actor"] == "token/x")
        #expect(checks[2]["decided_by"]?["revision"] == 9)
        #expect(checks[0]["decided_by"] == .null)
        #expect(checks[3]["decided_by"] == .null)
    }
}
