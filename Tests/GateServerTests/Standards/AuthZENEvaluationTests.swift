import GateCore
import NIOHTTP1
import Testing

@testable import GateServer

/// AuthZEN 1.0, "Access Evaluation API".
@Suite("AuthZEN evaluation", .timeLimit(.minutes(10)))
struct AuthZENEvaluationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var question: JSONValue
        /// Nil is a permit.
        var reason: String?

        init(_ user: String, _ action: String, _ company: String, _ reason: String?) {
            question = AuthZENAsker.question(user, action, company)
            self.reason = reason
        }

        init(_ patch: JSONValue, _ reason: String) {
            question = AuthZENAsker.ann.with(patch)
            self.reason = reason
        }

        var testDescription: String { String(decoding: JSONWriter.bytes(question), as: UTF8.self) }
    }

    static let cases = [
        Case("ann", "canCreate", "acme", nil), Case("bob", "canCreate", "acme", "permission_missing"),
        Case("uma", "canCreate", "umbrella", "not_targeted"), Case("nobody", "canCreate", "acme", "permission_missing"),
        Case("ann", "canCreate", "globex", "permission_missing"),
        Case("ann", "ticket_create", "acme", nil), Case("bob", "notes_add", "acme", nil), Case("bob", "ticket_create", "acme", "permission_missing"),
        Case("ann", "canCreate", "nowhere", "company_unknown"), Case("ann", "ticket_create", "nowhere", "company_unknown"),
        Case("ann", "fly", "acme", "action_unknown"), Case("ann", "", "acme", "action_unknown"), Case("ann", "can create", "acme", "action_unknown"),
        // A flag is no action; and the sign of the kelvin is no K, although Unicode has them equal.
        Case("ann", "embed", "acme", "action_unknown"), Case("ann", "\u{212A}elvin", "acme", "action_unknown"),
        Case("a nn", "canCreate", "acme", "subject_unknown"), Case("", "canCreate", "acme", "subject_unknown"),
        Case("ann", "canCreate", "ac/me", "company_unknown"), Case("ann", "canCreate", "", "company_unknown"),
        Case(["subject": ["type": "robot"]], "subject_type_unknown"), Case(["subject": ["type": ""]], "subject_type_unknown"),
        Case(["subject": ["type": "User"]], "subject_type_unknown"), Case(["resource": ["type": "record"]], "resource_type_unknown"),
    ]

    @Test("Both endpoints permit, and deny with a reason and the clauses; what is unknown is denied")
    func decisions() async throws {
        try await TestServer.running { server in
            try await server.change(.PUT, "/permissions/Kelvin", [:])
            for path in [AuthZENAsker.evaluation, AuthZENAsker.evaluations] {
                for test in Self.cases {
                    let answer = try await server.asked(path, test.question)
                    guard let reason = test.reason else {
                        #expect(answer == ["decision": true], "\(test.testDescription)")
                        continue
                    }
                    #expect(answer["decision"] == false, "\(test.testDescription)")
                    #expect(answer["context"]?["reason"]?.stringValue == reason, "\(test.testDescription)")
                    #expect(answer["context"]?["checks"]?.arrayValue != nil, "\(test.testDescription)")
                }
            }
        }
    }

    @Test("A denial shows the clauses of our own decision; a permission's is one")
    func trace() async throws {
        try await TestServer.running { server in
            let denied = try await server.asked(AuthZENAsker.evaluation, AuthZENAsker.question("bob", "canCreate", "acme"))
            let own = try await server.get("/v1/gates/canCreate?company_id=acme&user_id=bob", by: server.admin).json
            #expect(denied["context"]?["checks"] == own["checks"] && own["checks"]?.arrayValue?.count == 2)
            let permission = try await server.asked(AuthZENAsker.evaluation, AuthZENAsker.question("bob", "ticket_create", "acme"))
            #expect(
                permission["context"]?["checks"] == [["kind": "permission", "key": "ticket_create", "satisfied": false, "reason": "not_granted"]])
        }
    }

    @Test("A name that is a gate's and a permission's is the gate's")
    func sameName() async throws {
        try await TestServer.running { server in
            try await server.change(.PUT, "/permissions/both", [:])
            try await server.change(.PUT, "/gates/both", ["permissions": ["notes_add"]])
            #expect(try await server.asked(AuthZENAsker.evaluation, AuthZENAsker.question("bob", "both", "acme"))["decision"] == true)
            try await server.change(.DELETE, "/gates/both")
            #expect(try await server.asked(AuthZENAsker.evaluation, AuthZENAsker.question("bob", "both", "acme"))["decision"] == false)
        }
    }

    @Test("An answer is that of the state after the last write, and says which")
    func revision() async throws {
        try await TestServer.running { server in
            #expect(try await server.asked(AuthZENAsker.evaluation, AuthZENAsker.ann)["decision"] == true)
            try await server.change(.PATCH, "/flags/embed", ["enabled": false])
            let answer = try await server.ask(AuthZENAsker.evaluation, AuthZENAsker.ann)
            #expect(answer.member("decision") == false && answer.member("context")?["reason"] == "flag_off")
            let revision = try await server.revision()
            #expect(answer["Gate-Revision"]?.hasSuffix("-\(revision)") == true && answer["Cache-Control"] == "no-store")
        }
    }

    @Test("Members that the specification does not know are ignored, wherever they are; so are properties, context and null ones")
    func unknownMembers() async throws {
        let patches: [JSONValue] = [
            ["foo": "bar", "futureField": ["nested": true]], ["subject": ["department": "Sales", "properties": ["role": "manager", "n": [1]]]],
            ["action": ["properties": ["method": "GET"]]], ["resource": ["properties": [:], "owner": []]],
            ["context": ["time": "1985-10-26T01:22-07:00"]],
        ]
        try await TestServer.running { server in
            for path in AuthZENAsker.paths {
                let plain = try await server.asked(path, AuthZENAsker.ann)
                for patch in patches { #expect(try await server.asked(path, AuthZENAsker.ann.with(patch)) == plain, "\(path) \(patch)") }
                let nulls = JSONWriter.bytes(AuthZENAsker.ann).dropLast() + #","context":null,"page":null,"evaluations":null,"options":null}"#.utf8
                let answer = try await server.send(
                    .POST, path, by: server.admin, [("Content-Type", "application/json")], body: Array(nulls))
                #expect(try answer.status == 200 && answer.json == plain, "\(path): \(answer.text)")
            }
            // On the single endpoint a batch is such a member, even a wrong one.
            let single = try await server.asked(AuthZENAsker.evaluation, AuthZENAsker.ann.with(["evaluations": 1, "options": false]))
            #expect(single == ["decision": true])
            // Without evaluations there is nothing for options to say.
            #expect(try await server.asked(AuthZENAsker.evaluations, AuthZENAsker.ann.with(["options": 1])) == ["decision": true])
        }
    }

    /// What is taken from the whole request, or put in, and where the error then points.
    static let broken: [(patch: JSONValue, pointer: String)] = [
        (["subject": nil], "/subject"), (["action": nil], "/action"), (["resource": nil], "/resource"),
        (["subject": ["type": nil]], "/subject/type"), (["subject": ["id": nil]], "/subject/id"), (["action": ["name": nil]], "/action/name"),
        (["resource": ["type": nil]], "/resource/type"), (["resource": ["id": nil]], "/resource/id"),
        (["subject": "alice"], "/subject"), (["subject": ["type": 1]], "/subject/type"), (["subject": ["id": ["x"]]], "/subject/id"),
        (["action": "canCreate"], "/action"), (["action": ["name": 123]], "/action/name"), (["resource": []], "/resource"),
        (["resource": ["id": false]], "/resource/id"), (["resource": ["properties": "x"]], "/resource/properties"),
        (["subject": ["properties": []]], "/subject/properties"), (["action": ["properties": 1]], "/action/properties"),
        (["context": "now"], "/context"),
    ]

    @Test("A part that is missing or of a wrong type is a bad request, with its place")
    func wrongParts() async throws {
        try await TestServer.running { server in
            for path in [AuthZENAsker.evaluation, AuthZENAsker.evaluations] {
                for (patch, pointer) in Self.broken {
                    let answer = try await server.ask(path, AuthZENAsker.ann.with(patch))
                    #expect(answer.status == 400 && ["member_missing", "type_mismatch"].contains(answer.code), "\(path) \(patch): \(answer.text)")
                    #expect(answer.text.contains(pointer), "\(path) \(patch): \(answer.text)")
                    #expect(answer["Content-Type"] == "text/plain; charset=utf-8" && answer["Cache-Control"] == "no-store")
                }
            }
        }
    }
}
