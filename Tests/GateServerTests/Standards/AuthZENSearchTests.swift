import GateCore
import NIOHTTP1
import Testing

@testable import GateServer

/// AuthZEN 1.0, "Search APIs".
@Suite("AuthZEN searches", .timeLimit(.minutes(10)))
struct AuthZENSearchTests {
    private static let (subjects, resources, actions) = (AuthZENAsker.searches[0], AuthZENAsker.searches[1], AuthZENAsker.searches[2])

    private static func ids(_ answer: JSONValue) -> [String] { answer["results"]?.all("id") ?? [] }
    private static func names(_ answer: JSONValue) -> [String] { answer["results"]?.all("name") ?? [] }

    @Test("A subject search finds the users of the company who may, each with the type")
    func subjectSearch() async throws {
        try await TestServer.running { server in
            for user in ["Zoe", "amy"] { try await server.change(.PUT, "/companies/acme/users/\(user)", ["permissions": ["notes_add": true]]) }
            try await server.change(.PUT, "/companies/acme/users/off", ["permissions": ["notes_add": false]])
            let all = try await server.asked(Self.subjects, AuthZENAsker.question("", "notes_add", "acme").with(["subject": ["id": nil]]))
            #expect(
                all == [
                    "page": ["next_token": "", "count": 4],
                    "results": .array(["Zoe", "amy", "ann", "bob"].map { ["type": "user", "id": .string($0)] }),
                ])
            #expect(try await Self.ids(server.asked(Self.subjects, AuthZENAsker.ann)) == ["ann"])
            // The id of what is looked for is ignored, even one of a wrong type.
            for id in ["bob", 1, [:]] as [JSONValue] {
                #expect(try await Self.ids(server.asked(Self.subjects, AuthZENAsker.ann.with(["subject": ["id": id]]))) == ["ann"])
            }
            #expect(try await Self.ids(server.asked(Self.subjects, AuthZENAsker.question("", "canCreate", "umbrella"))) == [])
        }
    }

    @Test("A resource search finds the companies where a user may")
    func resourceSearch() async throws {
        try await TestServer.running { server in
            let ann = try await server.asked(Self.resources, AuthZENAsker.ann)
            #expect(ann["results"] == [["type": "company", "id": "acme"]])
            #expect(try await Self.ids(server.asked(Self.resources, AuthZENAsker.question("uma", "notes_add", "x"))) == ["umbrella"])
            #expect(try await Self.ids(server.asked(Self.resources, AuthZENAsker.question("uma", "canCreate", "x"))) == [])
            let open = AuthZENAsker.ann.with(["resource": ["id": nil]])
            #expect(try await Self.ids(server.asked(Self.resources, open)) == ["acme"])
        }
    }

    @Test("An action search finds gates and permissions, each name once, and does not look at an action")
    func actionSearch() async throws {
        try await TestServer.running { server in
            try await server.change(.PUT, "/gates/Based", ["flags": ["base"]])
            try await server.change(.PUT, "/gates/notes_add", ["permissions": ["ticket_create"]])
            let ann = try await server.asked(Self.actions, AuthZENAsker.ann.with(["action": nil]))
            #expect(Self.names(ann) == ["Based", "canCreate", "notes_add", "ticket_create"])
            #expect(ann["results"]?[0] == ["name": "Based"])
            // Bob has the permission notes_add, but that name is a gate's now.
            #expect(try await Self.names(server.asked(Self.actions, AuthZENAsker.question("bob", "", "acme"))) == ["Based"])
            #expect(try await Self.names(server.asked(Self.actions, AuthZENAsker.ann.with(["action": 1]))) == Self.names(ann))
        }
    }

    @Test("What a search finds an evaluation permits, and what it does not find an evaluation denies")
    func agreement() async throws {
        try await TestServer.running { server in
            try await server.change(.PUT, "/gates/based", ["flags": ["base"]])
            for user in ["ann", "bob", "uma"] {
                for company in ["acme", "globex", "umbrella"] {
                    let found = try await Self.names(server.asked(Self.actions, AuthZENAsker.question(user, "", company)))
                    for action in ["based", "canCreate", "notes_add", "ticket_create"] {
                        let question = AuthZENAsker.question(user, action, company)
                        let isPermitted = try await server.asked(AuthZENAsker.evaluation, question)["decision"] == true
                        #expect(found.contains(action) == isPermitted, "\(question)")
                        #expect(try await Self.ids(server.asked(Self.resources, question)).contains(company) == isPermitted, "\(question)")
                        let isKnown = (company == "umbrella") == (user == "uma") && company != "globex"
                        #expect(try await Self.ids(server.asked(Self.subjects, question)).contains(user) == (isPermitted && isKnown), "\(question)")
                    }
                }
            }
        }
    }

    @Test("What is unknown has no results, and is no error")
    func unknown() async throws {
        let empty: [(String, JSONValue, String?)] = [
            (Self.subjects, ["subject": ["type": "spaceship"]], "subject_type_unknown"),
            (Self.subjects, ["action": ["name": "fly"]], "action_unknown"),
            (Self.subjects, ["resource": ["type": "record"]], "resource_type_unknown"),
            (Self.subjects, ["resource": ["id": "nowhere"]], "company_unknown"),
            (Self.resources, ["subject": ["type": "spaceship"]], "subject_type_unknown"),
            (Self.resources, ["subject": ["id": "a b"]], "subject_unknown"),
            (Self.resources, ["resource": ["type": "record"]], "resource_type_unknown"),
            (Self.resources, ["action": ["name": "fly"]], "action_unknown"),
            (Self.resources, ["subject": ["id": "nobody"]], nil),
            (Self.actions, ["subject": ["type": "spaceship"]], "subject_type_unknown"),
            (Self.actions, ["resource": ["type": "record"]], "resource_type_unknown"),
            (Self.actions, ["resource": ["id": "nowhere"]], "company_unknown"), (Self.actions, ["subject": ["id": "nobody"]], nil),
        ]
        try await TestServer.running { server in
            for (path, patch, reason) in empty {
                let answer = try await server.asked(path, AuthZENAsker.ann.with(patch))
                #expect(answer["results"] == [] && answer["page"] == ["next_token": "", "count": 0], "\(path) \(patch)")
                #expect(answer["context"]?["reason"]?.stringValue == reason, "\(path) \(patch)")
            }
        }
    }

    @Test("What a search needs and does not have, or has of a wrong type, is a bad request")
    func broken() async throws {
        let broken: [(String, [JSONValue])] = [
            (Self.subjects, [["action": nil], ["resource": ["id": nil]], ["subject": ["type": nil]], ["subject": nil], ["resource": nil]]),
            (Self.resources, [["subject": nil], ["subject": ["id": nil]], ["resource": ["type": nil]], ["action": nil], ["resource": nil]]),
            (Self.actions, [["resource": nil], ["subject": ["id": nil]], ["resource": ["id": nil]], ["subject": nil], ["resource": ["type": nil]]]),
        ]
        let pages: [JSONValue] = [
            1, [], ["limit": "x"], ["limit": -1], ["limit": .number(1.5)], ["token": 1], ["token": "x"], ["token": "AAAAAAAAAAAAAAAAAAAAAAAAAAAA"],
            ["properties": []],
        ]
        try await TestServer.running { server in
            for (path, patches) in broken {
                for patch in patches + pages.map({ ["page": $0] }) + [["context": "x"], ["subject": "x"], ["resource": 1]] {
                    let answer = try await server.ask(path, AuthZENAsker.ann.with(patch))
                    #expect(answer.status == 400 && answer["Content-Type"] == "text/plain; charset=utf-8", "\(path) \(patch): \(answer.text)")
                }
            }
        }
    }
}
