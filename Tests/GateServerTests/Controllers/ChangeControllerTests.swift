import GateCore
import NIOHTTP1
import Testing

@testable import GateServer

/// The history: listed, shown, undone, explained, verified.
@Suite("History", .timeLimit(.minutes(10)))
struct ChangeControllerTests {
    private static func revisions(_ answer: Answer) -> [Int64] { answer.data.compactMap { $0["revision"]?.integerValue } }

    @Test("Changes are listed newest first, filtered by flag, company and actor, and paged without a gap")
    func list() async throws {
        try await TestServer.running { server in
            let ops = try await server.token("ops")
            let id = try #require(try await server.read("/tokens").data.first { $0["kind"] == "ops" }?["id"]?.stringValue)
            try await server.change(.PUT, "/flags/embed/companies/umbrella", ["enabled": true])
            #expect(try await server.write(.PUT, "/flags/base/companies/umbrella", ["enabled": false], by: ops).status == 200)
            try await server.change(.PUT, "/companies/umbrella/users/x", ["roles": ["agent"]])
            try await server.change(.PUT, "/flags/embed/holds", [:])
            #expect(try await Self.revisions(server.read("/changes")) == [7, 6, 5, 4, 3, 2, 1])
            #expect(try await Self.revisions(server.read("/changes?flag=embed")) == [7, 4, 1])
            #expect(try await Self.revisions(server.read("/changes?company=umbrella")) == [6, 5, 4, 1])
            #expect(try await Self.revisions(server.read("/changes?flag=embed&company=umbrella")) == [4, 1])
            #expect(try await Self.revisions(server.read("/changes?actor=token/\(id)")) == [5])
            #expect(try await Self.revisions(server.read("/changes?actor=seeds")) == [1])
            #expect(try await Self.revisions(server.read("/changes?flag=nope")).isEmpty)
            for (filter, whole) in [("", [7, 6, 5, 4, 3, 2, 1]), ("&company=umbrella", [6, 5, 4, 1])] as [(String, [Int64])] {
                for limit in 1...8 {
                    var (found, after) = ([Int64](), "")
                    for _ in 0..<8 {
                        let page = try await server.read("/changes?limit=\(limit)\(filter)\(after)")
                        found += Self.revisions(page)
                        guard let next = page.member("next")?.stringValue else { break }
                        after = "&after=\(next)"
                    }
                    #expect(found == whole, "limit \(limit)\(filter)")
                }
            }
            for query in ["after=x", "after=0", "after=-1", "flag=a%20b", "company=", "actr=x"] {
                #expect(try await server.read("/changes?\(query)").status == 400, "\(query)")
            }
        }
    }

    @Test("A change shows who, when, why, and everything before and after, chained to the one before it")
    func change() async throws {
        try await TestServer.running { server in
            server.clock.pass(seconds: 5)
            try await server.change(.PUT, "/flags/embed/companies/acme", ["enabled": false])
            let (change, before) = (try await server.read("/changes/3").json, try await server.read("/changes/2").json)
            #expect(change["revision"] == 3 && change["reason"] == "a test" && change["at"]?.stringValue == "\(server.clock.now)")
            let entity: JSONValue = ["kind": "flag_state", "flag": "embed", "company_id": "acme"]
            #expect(change["command"]?["command"] == "put" && change["command"]?["entity"]?.canonicalBytes == entity.canonicalBytes)
            #expect(change["entities"]?[0]?["entity"] == entity)
            #expect(change["entities"]?[0]?["before"]?["enabled"] == true && change["entities"]?[0]?["after"]?["enabled"] == false)
            #expect(change["previous_hash"] == before["hash"] && change["hash"]?.stringValue?.count == 64)
            #expect(try await server.read("/status").member("chain_head") == change["hash"])
            #expect(try await server.read("/changes/99").code == "change_unknown")
            for odd in ["0", "x", "-1", "1.0", "99999999999999999999"] {
                #expect(try await server.read("/changes/\(odd)").status == 400, "\(odd)")
            }
        }
    }

    @Test("Undo restores what a change replaced; a later change stands in its way and is named, unless it is forced")
    func undo() async throws {
        try await TestServer.running { server in
            let path = "/flags/embed/companies/acme"
            try await server.change(.PUT, path, ["enabled": false])
            let undone = try await server.write(.POST, "/changes/3/undo", [:])
            #expect(undone.status == 200 && undone.member("revision") == 4 && undone.member("impact")?["total"] == 2)
            #expect(try await server.read(path).json == ["enabled": true])
            let again = try await server.write(.POST, "/changes/3/undo")
            #expect(again.status == 409 && again.code == "undo_conflict")
            let conflict: JSONValue = ["entity": ["kind": "flag_state", "flag": "embed", "company_id": "acme"], "revision": 4]
            #expect(again.member("conflicts") == [conflict])
            try await server.change(.PATCH, "/flags/embed/companies", ["companies": ["acme": ["enabled": false], "globex": nil]])
            try await server.change(.PUT, "/flags/embed/companies/globex", ["enabled": false])
            let partly = try await server.write(.POST, "/changes/5/undo", [:])
            #expect(partly.status == 409 && partly.member("conflicts")?.arrayValue?.count == 1)
            #expect(partly.member("conflicts")?[0]?["entity"]?["company_id"] == "globex")
            #expect(try await server.write(.POST, "/changes/5/undo", ["force": true]).status == 200)
            #expect(try await server.read("/flags/embed/companies/globex").json == ["enabled": true])
            #expect(try await server.read(path).json == ["enabled": true])
            #expect(try await server.write(.POST, "/changes/77/undo", [:]).code == "change_unknown")
            #expect(try await server.write(.POST, "/changes/5/undo", ["force": 1]).pointer == "/force")
        }
    }

    @Test("Tokens and holds are not undone")
    func notUndoable() async throws {
        try await TestServer.running { server in
            try await server.change(.PUT, "/flags/base/holds/acme", [:])
            for revision in [2, 3] {
                for body in [[:], ["force": true]] as [JSONValue] {
                    let answer = try await server.write(.POST, "/changes/\(revision)/undo", body)
                    #expect(answer.status == 409 && answer.code == "not_undoable", "\(revision): \(answer.text)")
                }
            }
            #expect(try await server.revision() == 3)
        }
    }

    @Test("The audit finds the history whole after every kind of write")
    func audit() async throws {
        try await TestServer.running { server in
            try await server.change(.PUT, "/flags/fresh", ["prerequisites": ["base"]])
            try await server.change(.PUT, "/flags/fresh/companies/new?new_company=true", ["enabled": true])
            try await server.change(.PUT, "/flags/fresh/holds/new", [:])
            try await server.change(.DELETE, "/flags/fresh/holds/new")
            try await server.change(.DELETE, "/flags/fresh")
            try await server.change(.PUT, "/companies/new/users/u", ["roles": ["agent"], "permissions": ["notes_add": false]])
            try await server.change(.DELETE, "/companies/new")
            try await server.change(.POST, "/changes/1/undo", ["force": true])
            let audit = try await server.read("/audit")
            #expect(audit.member("valid") == true && audit.member("problems") == [], "\(audit.text)")
            #expect(audit.member("checked") == 10 && audit.member("revision") == 10)
            #expect(try await audit.member("chain_head") == server.read("/status").member("chain_head"))
        }
    }

    @Test("explain says at each clause which change decided it")
    func explain() async throws {
        try await TestServer.running { server in
            let id = try #require(try await server.read("/tokens").data.first?["id"]?.stringValue)
            try await server.change(.PUT, "/flags/embed/companies/acme", ["enabled": false])
            let gate = try await server.read("/explain?gate=canCreate&company_id=acme&user_id=ann").json
            #expect(gate["allowed"] == false && gate["reason"] == "company_off")
            let permission = gate["checks"]?[0]
            #expect(permission?["decided_by"]?["entity"] == ["kind": "role", "name": "agent"] && permission?["decided_by"]?["revision"] == 1)
            let flag = gate["checks"]?[1]?["decided_by"]
            #expect(flag?["entity"] == ["kind": "flag_state", "flag": "embed", "company_id": "acme"])
            #expect(flag?["revision"] == 3 && flag?["reason"] == "a test" && flag?["actor"]?.stringValue == "token/\(id)")
            #expect(flag?["at"]?.stringValue == "\(server.clock.now)")
            #expect(gate["checks"]?[1]?["prerequisites"]?[0]?["decided_by"]?["revision"] == 1)
            let nothing = try await server.read("/explain?flag=embed&company_id=umbrella").json
            #expect(nothing["reason"] == "not_targeted" && nothing["decided_by"] == .null && nothing["company_id"] == "umbrella")
            let unknown = try await server.read("/explain?flag=nope&company_id=umbrella").json
            #expect(unknown["reason"] == "flag_not_found" && unknown["satisfied"] == false)
            let nobody = try await server.read("/explain?gate=canCreate&company_id=acme&user_id=nobody").json
            #expect(nobody["checks"]?[0]?["reason"] == "not_granted" && nobody["checks"]?[0]?["decided_by"] == .null)
            #expect(try await server.read("/explain?gate=canCreat&company_id=acme&user_id=ann").member("nearest") == ["canCreate"])
            for query in ["company_id=acme", "flag=embed", "flag=embed&gate=canCreate&company_id=acme", "gate=canCreate&company_id=acme"] {
                #expect(try await server.read("/explain?\(query)").code == "parameter_missing", "\(query)")
            }
        }
    }
}
