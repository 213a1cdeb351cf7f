import GateCore
import NIOHTTP1
import Testing

@testable import GateServer

/// The five kinds of definition.
@Suite("Definitions", .timeLimit(.minutes(10)))
struct EntityControllerTests {
    struct Definition: Sendable, CustomTestStringConvertible {
        var path: String
        var put: JSONValue
        /// What is read back.
        var shown: JSONValue
        var patch: JSONValue
        var patched: JSONValue
        var unknown: String

        var testDescription: String { path }
        var list: String { String(path[..<path.lastIndex(of: "/")!]) }
    }

    static let definitions = [
        Definition(
            path: "/companies/new:1@x", put: ["name": "New", "groups": ["qa", "beta"]],
            shown: ["id": "new:1@x", "name": "New", "groups": ["beta", "qa"]], patch: ["groups": ["qa"]],
            patched: ["id": "new:1@x", "name": "New", "groups": ["qa"]], unknown: "company_unknown"),
        Definition(
            path: "/flags/new.flag-1", put: ["description": "D", "owner": "CDP", "prerequisites": ["base"], "review_by": "2026-12-01"],
            shown: [
                "code": "new.flag-1", "description": "D", "owner": "CDP", "enabled": false, "prerequisites": ["base"], "client_visible": true,
                "permanent": false, "review_by": "2026-12-01",
            ],
            patch: ["enabled": true, "review_by": nil, "owner": nil],
            patched: [
                "code": "new.flag-1", "description": "D", "owner": "", "enabled": true, "prerequisites": ["base"], "client_visible": true,
                "permanent": false, "review_by": nil,
            ], unknown: "flag_unknown"),
        Definition(
            path: "/permissions/new_key", put: ["name": "N"], shown: ["key": "new_key", "name": "N", "description": ""],
            patch: ["description": "D"], patched: ["key": "new_key", "name": "N", "description": "D"], unknown: "permission_unknown"),
        Definition(
            path: "/roles/new-role", put: ["permissions": ["ticket_create"]],
            shown: ["name": "new-role", "description": "", "permissions": ["ticket_create"]], patch: ["permissions": ["ticket_create", "notes_add"]],
            patched: ["name": "new-role", "description": "", "permissions": ["notes_add", "ticket_create"]], unknown: "role_unknown"),
        Definition(
            path: "/gates/newGate", put: ["flags": ["embed"], "permissions": ["notes_add"]],
            shown: ["name": "newGate", "description": "", "permissions": ["notes_add"], "flags": ["embed"]], patch: ["permissions": nil],
            patched: ["name": "newGate", "description": "", "permissions": [], "flags": ["embed"]], unknown: "gate_unknown"),
    ]

    @Test("A definition is created, read, replaced, patched and deleted", arguments: definitions)
    func life(_ definition: Definition) async throws {
        try await TestServer.running { server in
            let missing = try await server.read(definition.path)
            #expect(missing.status == 404 && missing.code == definition.unknown)
            for (method, body) in [(.PATCH, definition.patch), (.DELETE, nil)] as [(HTTPMethod, JSONValue?)] {
                let answer = try await server.write(method, definition.path, body)
                #expect(answer.status == 404 && answer.code == definition.unknown, "\(answer.text)")
            }

            let created = try await server.write(.PUT, definition.path, definition.put)
            #expect(created.status == 201 && created.member("changed") == true && created.member("revision") == 3, "\(created.text)")
            #expect(created.member("entity") == definition.shown)
            #expect(created["Gate-Revision"].flatMap { Position($0) }?.revision == 3)
            let read = try await server.read(definition.path)
            #expect(try read.json == definition.shown)
            #expect(read["ETag"] == "\"3\"")

            let same = try await server.write(.PUT, definition.path, definition.put)
            #expect(same.status == 200 && same.member("changed") == false && same.member("revision") == 3)
            let patched = try await server.write(.PATCH, definition.path, definition.patch)
            #expect(patched.status == 200 && patched.member("entity") == definition.patched, "\(patched.text)")
            #expect(try await server.read(definition.path)["ETag"] == "\"4\"")
            let replaced = try await server.write(.PUT, definition.path, definition.put)
            #expect(replaced.status == 200 && replaced.member("entity") == definition.shown && replaced.member("revision") == 5)

            #expect(try await server.read(definition.list).data.contains(definition.shown))
            let deleted = try await server.write(.DELETE, definition.path)
            #expect(deleted.status == 200 && deleted.member("changed") == true && deleted.member("entity") == nil)
            #expect(try await server.read(definition.path).status == 404)
            #expect(try await server.revision() == 6)
        }
    }

    @Test("Names in the body must be those of the path, and a patch cannot rename", arguments: definitions)
    func names(_ definition: Definition) async throws {
        try await TestServer.running { server in
            let member = try #require(definition.shown.objectValue?.members.first?.name)
            var named = try #require(definition.put.objectValue)
            named[member] = definition.shown[member]
            if member != "name" || definition.path.hasPrefix("/roles") || definition.path.hasPrefix("/gates") {
                #expect(try await server.write(.PUT, definition.path, .object(named)).status == 201)
            }
            named[member] = "other"
            let put = try await server.write(.PUT, definition.path, .object(named))
            #expect(put.status == 400 && put.pointer == "/\(member)", "\(put.text)")
            let patch = try await server.write(.PATCH, definition.path, [(member): "other"])
            #expect(patch.status == 400 && patch.code == "text_invalid", "\(patch.text)")
        }
    }

    @Test(
        "A name that breaks the rule is 400 with the limit",
        arguments: ["/flags/-x", "/flags/a%20b", "/gates/%C3%A9", "/companies/..%2Fx"])
    func rule(path: String) async throws {
        try await TestServer.running { server in
            for answer in [try await server.read(path), try await server.write(.PUT, path, [:])] {
                #expect(answer.status == 400 && answer.code == "identifier_invalid", "\(answer.text)")
            }
            let long = try await server.write(.PUT, "/flags/" + String(repeating: "f", count: 101), [:])
            #expect(long.status == 400 && long.bound == [101, 100])
        }
    }

    @Test(
        "All pages of a list together have every item once, whatever the limit",
        arguments: ["/companies", "/flags", "/permissions", "/roles", "/gates"])
    func paging(list: String) async throws {
        try await TestServer.running { server in
            let member = ["/companies": "id", "/flags": "code", "/permissions": "key"][list] ?? "name"
            let body: JSONValue = list == "/gates" ? ["flags": ["base"]] : [:]
            for name in ["n1", "N2", "n-3", "n10"] { try await server.change(.PUT, "\(list)/\(name)", body) }
            let whole = try #require(try await server.read(list).json["data"]?.all(member))
            #expect(whole == whole.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } && whole.count >= 5)
            for limit in 1...whole.count + 1 {
                var (found, after, pages) = ([String](), "", 0)
                repeat {
                    let page = try await server.read("\(list)?limit=\(limit)\(after.isEmpty ? "" : "&after=\(after)")").json
                    let names = try #require(page["data"]?.all(member))
                    #expect(names.count == limit || page["next"] == nil)
                    found += names
                    pages += 1
                    after = page["next"]?.stringValue ?? ""
                } while !after.isEmpty && pages <= whole.count
                #expect(found == whole && pages == (whole.count + limit - 1) / limit, "limit \(limit)")
            }
            #expect(try await server.read("\(list)?after=zzz").data.isEmpty)
        }
    }

    @Test("A limit is 1 to 1000", arguments: ["0", "-1", "1001", "x", "", "1.5", "99999999999999999999"])
    func limits(limit: String) async throws {
        try await TestServer.running { server in
            for path in ["/flags", "/changes", "/tokens", "/companies/acme/users", "/flags/base/companies"] {
                let answer = try await server.read("\(path)?limit=\(limit)")
                #expect(answer.status == 400 && answer.code == "parameter_invalid", "\(path): \(answer.text)")
                #expect(try await server.read("\(path)?limit=1000").status == 200)
            }
        }
    }

    @Test(
        "Reads refuse parameters that they do not know", arguments: ["/flags?grp=beta", "/flags/base?x=1", "/status?limit=1", "/explain?flags=base"])
    func unknownParameters(path: String) async throws {
        try await TestServer.running { server in
            let answer = try await server.read(path)
            #expect(answer.status == 400 && answer.code == "parameter_invalid", "\(answer.text)")
        }
    }

    @Test("Companies are listed by group, and groups with their sizes")
    func groups() async throws {
        try await TestServer.running { server in
            #expect(try await server.read("/companies?group=beta").json["data"]?.all("id") == ["acme", "globex"])
            #expect(try await server.read("/companies?group=none").data.isEmpty)
            let groups = try await server.read("/groups").data
            #expect(groups == [["name": "beta", "companies": 2], ["name": "enterprise", "companies": 1]])
        }
    }
}
