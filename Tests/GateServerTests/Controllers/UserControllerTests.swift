import GateCore
import NIOHTTP1
import Testing

@testable import GateServer

/// What users have within a company.
@Suite("Users", .timeLimit(.minutes(10)))
struct UserControllerTests {
    private static let ann = "/companies/acme/users/ann"

    @Test("A user's states and roles are replaced as a whole, and taken away")
    func life() async throws {
        try await TestServer.running { server in
            let path = "/companies/umbrella/users/new"
            #expect(try await server.read(path).code == "user_unknown")
            let created = try await server.write(.PUT, path, ["permissions": ["notes_add": false], "roles": ["agent"]])
            let shown: JSONValue = ["company_id": "umbrella", "user_id": "new", "permissions": ["notes_add": false], "roles": ["agent"]]
            #expect(created.status == 201 && created.member("entity") == shown)
            let read = try await server.read(path)
            #expect(try read.json == shown && read["ETag"] == "\"3\"")
            let replaced = try await server.write(.PUT, path, ["permissions": ["ticket_create": true]])
            #expect(replaced.status == 200 && replaced.member("entity")?["roles"] == [])
            let emptied = try await server.write(.PUT, path, [:])
            #expect(emptied.status == 200 && emptied.member("changed") == true)
            #expect(try await server.read(path).status == 404, "a user without anything is none")
            #expect(try await server.write(.DELETE, path).code == "user_unknown")
            #expect(try await server.write(.DELETE, Self.ann).member("changed") == true)
            #expect(try await server.read("/companies/acme/users").json["data"]?.all("user_id") == ["bob"])
        }
    }

    @Test("One state is set and cleared, and the others stay")
    func states() async throws {
        try await TestServer.running { server in
            let path = Self.ann + "/permissions/ticket_create"
            #expect(try await server.read(path).code == "entity_unknown")
            let off = try await server.write(.PUT, path, ["enabled": false])
            #expect(off.status == 200 && off.member("entity")?["roles"] == ["agent"])
            #expect(
                off.member("impact")?["gates"]
                    == [["gate": "canCreate", "company_id": "acme", "user_id": "ann", "before": true, "after": false]])
            #expect(try await server.read(path).json == ["enabled": false])
            #expect(
                try await server.read(Self.ann + "/permissions").data == [
                    ["name": "notes_add", "is_enabled": true, "reason": "role", "role": "agent"],
                    ["name": "ticket_create", "is_enabled": false, "reason": "user_off"],
                ])
            #expect(try await server.write(.DELETE, path).member("impact")?["total"] == 1)
            #expect(try await server.write(.DELETE, path).member("changed") == false)
            #expect(try await server.read(path).status == 404)
            let fresh = try await server.write(.PUT, "/companies/globex/users/gus/permissions/notes_add", ["enabled": true])
            #expect(fresh.status == 201, "the user's first state makes the user")
        }
    }

    @Test("A role is given and taken")
    func roles() async throws {
        try await TestServer.running { server async throws in
            let path = "/companies/acme/users/bob/roles/agent"
            #expect(try await server.write(.PUT, path).member("entity")?["roles"] == ["agent"])
            #expect(try await server.write(.PUT, path, [:]).member("changed") == false)
            #expect(try await server.write(.PUT, path, ["x": 1]).pointer == "/x")
            #expect(try await server.write(.DELETE, path).member("entity")?["permissions"] == ["notes_add": true])
            #expect(try await server.write(.DELETE, path).member("changed") == false)
        }
    }

    @Test("What is not defined is refused, with the nearest that is")
    func unknown() async throws {
        try await TestServer.running { server in
            let key = try await server.write(.PUT, Self.ann + "/permissions/ticket_creat", ["enabled": true])
            #expect(key.status == 404 && key.code == "permission_unknown" && key.member("nearest") == ["ticket_create"])
            let role = try await server.write(.PUT, Self.ann + "/roles/agnet")
            #expect(role.status == 404 && role.code == "role_unknown" && role.member("nearest") == ["agent"])
            let whole = try await server.write(.PUT, Self.ann, ["permissions": ["nope": true]])
            #expect(whole.code == "permission_unknown" && whole.pointer == "/permissions/nope")
            let company = try await server.write(.PUT, "/companies/acm/users/x", ["roles": ["agent"]])
            #expect(company.code == "company_unknown" && company.member("nearest") == ["acme"])
            #expect(try await server.read("/companies/acm/users").code == "company_unknown")
            #expect(try await server.write(.PUT, Self.ann, ["user_id": "bob"]).pointer == "/user_id")
            let registered = try await server.write(.PUT, "/companies/acm/users/x?new_company=true", ["roles": ["agent"]])
            #expect(registered.status == 201)
            #expect(try await server.read("/companies/acm/users").data.count == 1)
        }
    }

    @Test("If-Match of a state or role speaks of the user")
    func ifMatch() async throws {
        try await TestServer.running { server in
            let path = Self.ann + "/permissions/notes_add"
            #expect(try await server.write(.PUT, path, ["enabled": true], [("If-Match", "\"0\"")]).status == 412)
            let tag = try #require(try await server.read(Self.ann)["ETag"])
            #expect(tag == "\"1\"")
            #expect(try await server.write(.PUT, path, ["enabled": true], [("If-Match", tag)]).status == 200)
            #expect(try await server.write(.PUT, Self.ann + "/roles/agent", [:], [("If-Match", tag)]).status == 412)
        }
    }

    @Test("All pages of a company's users have every user once")
    func paging() async throws {
        try await TestServer.running { server in
            for number in 0..<7 { try await server.change(.PUT, "/companies/globex/users/u\(number)@x:1", ["roles": ["agent"]]) }
            var (found, after) = ([String](), "")
            for _ in 0..<8 {
                let page = try await server.read("/companies/globex/users?limit=3\(after)").json
                found += page["data"]?.all("user_id") ?? []
                guard let next = page["next"]?.stringValue else { break }
                after = "&after=\(next)"
            }
            #expect(found == (0..<7).map { "u\($0)@x:1" })
            #expect(try await server.read("/companies/globex/users?limit=7").member("next") == nil)
        }
    }
}
