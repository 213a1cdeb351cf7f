import GateCore
import NIOHTTP1
import Testing

@testable import GateServer

/// Definitions as files have them.
@Suite("Manifests", .timeLimit(.minutes(10)))
struct ManifestControllerTests {
    private static let embed: JSONValue = [
        "kind": "flag", "name": "embed", "enabled": true, "prerequisites": ["base"], "companies": ["acme": "on", "globex": true, "umbrella": "on"],
    ]

    @Test("A plan names what it would do; applied under its name it does just that, and once")
    func planned() async throws {
        try await TestServer.running { server in
            let body: JSONValue = ["manifests": [Self.embed, ["kind": "permission", "name": "fresh"]]]
            let plan = try await server.send(
                .POST, "/v1/admin/plan", by: server.admin, [("Content-Type", "application/json")], body: JSONWriter.bytes(body))
            #expect(plan.status == 200, "\(plan.text)")
            let hash = try #require(plan.member("plan_hash"))
            #expect(plan.member("operations")?.arrayValue?.map { $0["entity"]?["kind"] } == ["permission", "flag_state"])
            #expect(plan.member("operations")?[1]?["before"] == .null && plan.member("impact")?["total"] == 2)
            #expect(try await server.revision() == TestUniverse.revision)
            let applying: JSONValue = ["manifests": body["manifests"]!, "plan_hash": hash]
            let applied = try await server.write(.POST, "/apply", applying)
            #expect(applied.status == 200 && applied.member("revision") == 3 && applied.member("impact") == plan.member("impact"))
            let again = try await server.write(.POST, "/apply", applying)
            #expect(again.status == 409 && again.code == "plan_changed")
            let same = try await server.write(.POST, "/apply", body)
            #expect(same.status == 200 && same.member("changed") == false)
        }
    }

    @Test("A state that moved on since the plan is 409")
    func moved() async throws {
        try await TestServer.running { server in
            let body: JSONValue = ["manifests": [Self.embed], "prune": false, "force": false]
            let plan = try await server.send(
                .POST, "/v1/admin/plan", by: server.admin, [("Content-Type", "application/json")], body: JSONWriter.bytes(body))
            try await server.change(.PATCH, "/flags/embed", ["owner": "CDP"])
            let answer = try await server.write(.POST, "/apply", ["manifests": [Self.embed], "plan_hash": try #require(plan.member("plan_hash"))])
            #expect(answer.status == 409 && answer.code == "plan_changed")
            #expect(try await server.revision() == 3)
        }
    }

    @Test("What somebody turned off since the last apply is not turned on again, unless it is forced")
    func conflict() async throws {
        try await TestServer.running { server in
            try await server.change(.POST, "/apply", ["manifests": [Self.embed]])
            try await server.change(.PUT, "/flags/embed/companies/acme", ["enabled": false])
            try await server.change(.DELETE, "/flags/embed/companies/globex")
            try await server.change(.PATCH, "/flags/embed", ["enabled": false])
            let answer = try await server.write(.POST, "/apply", ["manifests": [Self.embed]])
            #expect(answer.status == 409 && answer.code == "apply_conflict")
            #expect(answer.member("conflicts")?.arrayValue?.compactMap { $0["revision"]?.integerValue }.sorted() == [4, 5, 6])
            #expect(try await server.revision() == 6)
            #expect(try await server.write(.POST, "/apply", ["manifests": [Self.embed], "force": true]).status == 200)
            #expect(try await server.read("/flags/embed/companies/acme").json == ["enabled": true])
            #expect(try await server.write(.POST, "/apply", ["manifests": [["kind": "flag", "name": "base", "enabled": false]]]).status == 200)
            let turnedOn = try await server.write(.POST, "/apply", ["manifests": [["kind": "flag", "name": "base", "enabled": true]]])
            #expect(turnedOn.status == 200, "manifests turned it off, so manifests may turn it on")
        }
    }

    @Test("What is exported is what apply reads: applied again it changes nothing, in an empty database it gives the same")
    func export() async throws {
        let manifests = try await TestServer.running { server in
            try await server.change(.PUT, "/flags/base/holds/acme", [:])
            try await server.change(.PUT, "/flags/fresh", ["review_by": "2027-01-31", "description": "\"quoted\" é\\"])
            let manifests = try #require(try await server.read("/export").member("manifests"))
            let same = try await server.write(.POST, "/apply", ["manifests": manifests])
            #expect(same.status == 200 && same.member("changed") == false, "\(same.text)")
            let pruned = try await server.write(.POST, "/apply", ["manifests": manifests, "prune": true])
            #expect(pruned.member("changed") == false)
            #expect(Set(manifests.all("kind")) == ["company", "permission", "role", "flag", "gate", "user"], "no tokens, no holds")
            #expect(try await server.read("/export?kind=role").member("manifests")?.all("kind") == ["role"])
            #expect(try await server.read("/export?kind=roles").status == 400)
            #expect(try await server.read("/export?kind=token").member("manifests") == [])
            return manifests
        }
        try await TestServer.running(seeds: "{kind: permission, name: notes_add}\n") { server in
            try await server.change(.POST, "/apply", ["manifests": manifests])
            #expect(try await server.read("/export").member("manifests") == manifests)
        }
    }

    @Test("Prune removes what the manifests do not name, of the kinds that they have")
    func prune() async throws {
        try await TestServer.running { server in
            let role: JSONValue = ["kind": "role", "name": "viewer", "permissions": ["notes_add"]]
            let kept = try await server.write(.POST, "/apply", ["manifests": [role]])
            #expect(kept.status == 200)
            #expect(try await server.read("/roles").json["data"]?.all("name") == ["agent", "viewer"])
            let needed = try await server.write(.POST, "/apply", ["manifests": [role], "prune": true])
            #expect(needed.status == 409 && needed.code == "has_dependents")
            for user in ["acme/users/ann", "umbrella/users/uma"] { try await server.change(.DELETE, "/companies/\(user)") }
            #expect(try await server.write(.POST, "/apply", ["manifests": [role], "prune": true]).status == 200)
            #expect(try await server.read("/roles").json["data"]?.all("name") == ["viewer"])
            #expect(try await server.read("/flags").data.count == 4)
        }
    }

    @Test("A manifest that is wrong is refused with its place, and nothing is applied")
    func wrong() async throws {
        try await TestServer.running { server in
            let good: JSONValue = ["kind": "permission", "name": "fresh"]
            let cases: [(JSONValue, String, String?)] = [
                (["kind": "flog", "name": "x"], "text_invalid", "/manifests/1/kind"), (["name": "x"], "member_missing", "/manifests/1/kind"),
                (["kind": "flag"], "member_missing", "/manifests/1/code"), (["kind": "token", "id": "x"], "manifest_invalid", "/manifests/1/kind"),
                (["kind": "flag", "name": "x", "on": true], "member_unknown", "/manifests/1/on"),
                (["kind": "flag", "name": "x", "companies": ["acme": "yes"]], "type_mismatch", "/manifests/1/companies/acme"),
                (["kind": "flag", "name": "x", "companies": ["nowhere": "on"]], "company_unknown", nil), ("x", "type_mismatch", "/manifests/1"),
            ]
            for (manifest, code, pointer) in cases {
                let answer = try await server.write(.POST, "/apply", ["manifests": [good, manifest]])
                #expect(answer.code == code && answer.pointer == pointer, "\(answer.text)")
            }
            #expect(try await server.write(.POST, "/apply", [:]).pointer == "/manifests")
            #expect(try await server.write(.POST, "/apply", ["manifest": []]).pointer == "/manifest")
            #expect(try await server.revision() == TestUniverse.revision)
        }
    }
}
