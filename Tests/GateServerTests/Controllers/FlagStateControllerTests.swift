import GateCore
import NIOHTTP1
import Testing

@testable import GateServer

/// States for companies, and holds.
@Suite("Flag states", .timeLimit(.minutes(10)))
struct FlagStateControllerTests {
    private static func value(_ server: TestServer, _ flag: String, _ company: String) async throws -> JSONValue? {
        try await server.read("/explain?flag=\(flag)&company_id=\(company)").member("satisfied")
    }

    @Test("A state is set, read, replaced and cleared")
    func life() async throws {
        try await TestServer.running { server in
            let path = "/flags/embed/companies/umbrella"
            #expect(try await server.read(path).code == "entity_unknown")
            let created = try await server.write(.PUT, path, ["enabled": true])
            #expect(created.status == 201)
            #expect(created.member("entity") == ["flag": "embed", "company_id": "umbrella", "enabled": true])
            #expect(
                created.member("impact") == [
                    "flags": [["code": "embed", "company_id": "umbrella", "before": false, "after": true]],
                    "gates": [["gate": "canCreate", "company_id": "umbrella", "before": false, "after": true]], "total": 2, "truncated": false,
                ])
            let read = try await server.read(path)
            #expect(try read.json == ["enabled": true] && read["ETag"] == "\"3\"")
            #expect(try await server.write(.PUT, path, ["enabled": false]).status == 200)
            #expect(try await server.write(.DELETE, path).member("changed") == true)
            #expect(try await server.read(path).status == 404)
            let nothing = try await server.write(.DELETE, path)
            #expect(nothing.status == 200 && nothing.member("changed") == false)
        }
    }

    @Test("A company that nobody knows is refused with the nearest, and registered when that is asked for")
    func unknownCompany() async throws {
        try await TestServer.running { server in
            for path in ["/flags/embed/companies/acmee", "/flags/embed/holds/acmee"] {
                let answer = try await server.write(.PUT, path, path.contains("holds") ? [:] : ["enabled": true])
                #expect(answer.status == 404 && answer.code == "company_unknown" && answer.member("nearest") == ["acme"], "\(answer.text)")
            }
            #expect(try await server.read("/companies/acmee").status == 404)
            let many = try await server.write(
                .PATCH, "/flags/embed/companies", ["companies": ["acme": ["enabled": false], "acmee": ["enabled": true]]])
            #expect(many.status == 404 && many.member("nearest") == ["acme"])
            #expect(try await server.revision() == TestUniverse.revision, "all of it or nothing")
            let created = try await server.write(.PUT, "/flags/base/companies/acmee?new_company=true", ["enabled": true])
            #expect(created.status == 201)
            #expect(try await server.read("/companies/acmee").json == ["id": "acmee", "name": "acmee", "groups": []])
            #expect(try await Self.value(server, "base", "acmee") == true)
        }
    }

    @Test("Several companies and groups are one change; null clears; a company that is named counts before its group")
    func many() async throws {
        try await TestServer.running { server in
            let body: JSONValue = [
                "companies": ["acme": ["enabled": true], "umbrella": nil], "groups": ["beta": ["enabled": false], "enterprise": ["enabled": true]],
            ]
            let answer = try await server.write(.PATCH, "/flags/base/companies", body)
            #expect(answer.status == 200 && answer.member("revision") == 3, "\(answer.text)")
            let rows = try await server.read("/flags/base/companies").data
            #expect(
                rows == [
                    ["company_id": "acme", "enabled": true, "held": false, "value": true, "reason": "company_on"],
                    ["company_id": "globex", "enabled": false, "held": false, "value": false, "reason": "company_off"],
                    ["company_id": "umbrella", "enabled": nil, "held": false, "value": false, "reason": "not_targeted"],
                ])
            for (state, companies) in [("on", ["acme"]), ("off", ["globex"]), ("none", ["umbrella"])] {
                #expect(try await server.read("/flags/base/companies?state=\(state)").json["data"]?.all("company_id") == companies)
            }
            #expect(try await server.read("/flags/base/companies?state=held").status == 400)
            let command = try await server.read("/changes/3").member("command")
            #expect(command?["command"] == "set_states" && command?["groups"]?["beta"] == false && command?["companies"]?["umbrella"] == .null)
            #expect(try await server.read("/changes/3").member("entities")?.arrayValue?.count == 2, "acme's state was so already")
        }
    }

    @Test("Groups that contradict each other, or that nobody is in, are refused")
    func groups() async throws {
        try await TestServer.running { server in
            try await server.change(.PATCH, "/companies/acme", ["groups": ["beta", "qa"]])
            let both: JSONValue = ["groups": ["beta": ["enabled": true], "qa": ["enabled": false]]]
            let answer = try await server.write(.PATCH, "/flags/embed/companies", both)
            #expect(answer.status == 400 && answer.code == "parameter_invalid")
            let cleared: JSONValue = ["groups": ["beta": nil, "qa": ["enabled": false]]]
            #expect(try await server.write(.PATCH, "/flags/embed/companies", cleared).status == 400)
            let nobody = try await server.write(.PATCH, "/flags/embed/companies", ["groups": ["gamma": ["enabled": true]]])
            #expect(nobody.status == 404 && nobody.code == "company_unknown")
            let odd: [(JSONValue, String)] = [
                (["companies": ["acme": true]], "/companies/acme"), (["companies": ["acme": [:]]], "/companies/acme/enabled"),
                (["companies": ["acme": ["enabled": nil]]], "/companies/acme/enabled"), (["companies": ["a b": nil]], "/companies/a b"),
                (["company": [:]], "/company"), (["groups": []], "/groups"),
            ]
            for (body, pointer) in odd {
                let answer = try await server.write(.PATCH, "/flags/embed/companies", body)
                #expect(answer.status == 400 && answer.pointer == pointer, "\(answer.text)")
            }
            #expect(try await server.write(.PATCH, "/flags/nope/companies", ["companies": ["acme": nil]]).code == "flag_unknown")
        }
    }

    @Test("A hold makes the flag false for all, explicit states included, until it is lifted")
    func holds() async throws {
        try await TestServer.running { server in
            #expect(try await server.read("/flags/base/holds").json == ["data": []])
            let held = try await server.write(.PUT, "/flags/base/holds", [:])
            #expect(held.status == 201 && held.member("entity") == ["flag": "base", "company_id": nil])
            #expect(try await server.write(.PUT, "/flags/base/holds").member("changed") == false, "the body may be left out")
            #expect(try await Self.value(server, "base", "acme") == false)
            #expect(try await Self.value(server, "embed", "acme") == false, "what stands on it goes too")
            #expect(try await server.read("/explain?flag=base&company_id=acme").member("reason") == "held")
            #expect(try await server.write(.PUT, "/flags/base/holds/globex", [:]).status == 201)
            #expect(
                try await server.read("/flags/base/holds").data == [["flag": "base", "company_id": nil], ["flag": "base", "company_id": "globex"]])
            #expect(try await server.write(.DELETE, "/flags/base/holds").status == 200)
            #expect(try await Self.value(server, "base", "acme") == true)
            #expect(try await Self.value(server, "base", "globex") == false)
            #expect(try await server.read("/flags/base/companies?state=on").data[1]["held"] == true)
            #expect(try await server.write(.DELETE, "/flags/base").code == "held")
            #expect(try await server.write(.DELETE, "/companies/globex").code == "held")
            #expect(try await server.write(.DELETE, "/flags/base/holds/globex").member("changed") == true)
            #expect(try await server.write(.DELETE, "/flags/base/holds/globex").member("changed") == false)
            #expect(try await Self.value(server, "base", "globex") == true)
        }
    }

    @Test("A hold has no members, and what is asked about must be there")
    func holdBodies() async throws {
        try await TestServer.running { server in
            let answer = try await server.write(.PUT, "/flags/base/holds/acme", ["company_id": "globex"])
            #expect(answer.status == 400 && answer.pointer == "/company_id")
            for path in ["/flags/nope/holds", "/flags/nope/companies", "/flags/nope/dependents"] {
                #expect(try await server.read(path).code == "flag_unknown", "\(path)")
            }
            for path in ["/flags/nope/holds", "/flags/nope/holds/acme", "/flags/nope/companies/acme"] {
                #expect(try await server.write(.DELETE, path).code == "flag_unknown", "\(path)")
            }
            #expect(try await server.write(.DELETE, "/flags/base/holds/nowhere").code == "company_unknown")
            #expect(
                try await server.read("/flags/embed/dependents").json == ["data": [["kind": "gate", "name": "canCreate"]]])
            #expect(try await server.read("/flags/base/dependents").json == ["data": [["kind": "flag", "code": "embed"]]])
        }
    }
}
