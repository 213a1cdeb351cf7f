import GateCore
import NIOHTTP1
import Testing

@testable import GateServer

/// AuthZEN 1.0, "Access Evaluations API".
@Suite("AuthZEN evaluations", .timeLimit(.minutes(10)))
struct AuthZENBatchTests {
    private static let path = AuthZENAsker.evaluations
    private static let yes = AuthZENAsker.ann
    private static let no = AuthZENAsker.question("bob", "canCreate", "acme")
    private static let broken: JSONValue = ["subject": "ann"]

    struct Case: Sendable {
        var semantic: String?
        var items: [JSONValue]
        var decisions: [Bool?]
    }

    private static let semantics: [Case] = [
        Case(items: [yes, no, yes], decisions: [true, false, true]),
        Case(semantic: "execute_all", items: [no, broken, yes, no], decisions: [false, false, true, false]),
        Case(semantic: "deny_on_first_deny", items: [yes, yes, no, yes], decisions: [true, true, false]),
        Case(semantic: "deny_on_first_deny", items: [yes, broken, yes], decisions: [true, false]),
        Case(semantic: "deny_on_first_deny", items: [no, yes], decisions: [false]),
        Case(semantic: "deny_on_first_deny", items: [yes, yes], decisions: [true, true]),
        Case(semantic: "permit_on_first_permit", items: [no, broken, yes, no, yes], decisions: [false, false, true]),
        Case(semantic: "permit_on_first_permit", items: [yes, no], decisions: [true]),
        Case(semantic: "permit_on_first_permit", items: [no, no], decisions: [false, false]),
    ]

    @Test("Each semantic answers in order, up to the decision that ends it")
    func semantics() async throws {
        try await TestServer.running { server in
            for test in Self.semantics {
                var request: JSONObject = ["evaluations": .array(test.items)]
                if let semantic = test.semantic { request["options"] = ["evaluations_semantic": .string(semantic), "another_option": "value"] }
                let answer = try await server.asked(Self.path, .object(request))
                #expect(answer.decisions == test.decisions, "\(test)")
                #expect(answer["decision"] == nil, "beside evaluations there is no decision")
            }
        }
    }

    @Test("What an evaluation leaves out it takes whole from above, and what it has stands instead")
    func defaults() async throws {
        try await TestServer.running { server in
            let defaults = AuthZENAsker.ann.with(["context": ["time": "2025-06-27T18:03-07:00"]])
            let items: [JSONValue] = [
                [:], ["subject": AuthZENAsker.subject("bob")], ["subject": AuthZENAsker.subject("bob"), "action": ["name": "notes_add"]],
                ["resource": AuthZENAsker.resource("umbrella")], ["context": ["source": "item"]], ["subject": nil], ["unknown": 1],
                // Nothing is merged within a part: this subject has no type.
                ["subject": ["id": "ann"]],
            ]
            let answer = try await server.asked(Self.path, defaults.with(["evaluations": .array(items)]))
            #expect(answer.decisions == [true, false, true, false, true, true, true, false])
            let context = answer["evaluations"]?[7]?["context"]
            #expect(context?["reason"] == "member_missing" && context?["error"]?["status"] == 400)
            #expect(context?["error"]?["message"]?.stringValue?.contains("/evaluations/7/subject/type") == true)
        }
    }

    @Test("An evaluation that cannot be made is denied in its place, with its error")
    func failures() async throws {
        try await TestServer.running { server in
            let items: [(JSONValue, String)] = [
                (Self.broken, "type_mismatch"), ([:], "member_missing"), (1, "type_mismatch"), (nil, "type_mismatch"), ([], "type_mismatch"),
                (Self.yes.with(["context": 1]), "type_mismatch"), (Self.yes.with(["resource": ["properties": 1]]), "type_mismatch"),
            ]
            let answer = try await server.asked(Self.path, ["evaluations": .array(items.map(\.0) + [Self.yes])])
            #expect(answer.decisions == Array(repeating: false, count: items.count) + [true])
            for (index, item) in items.enumerated() {
                let context = answer["evaluations"]?[index]?["context"]
                #expect(context?["reason"]?.stringValue == item.1 && context?["error"]?["status"] == 400, "\(item.0)")
                #expect(context?["error"]?["message"]?.stringValue?.hasPrefix("\(item.1): ") == true)
            }
        }
    }

    @Test("What is wrong with the request as a whole is a bad request, whatever the evaluations say")
    func wholeRequest() async throws {
        try await TestServer.running { server in
            let wholes: [JSONValue] = [
                ["subject": "alice"], ["subject": ["type": "user"]], ["action": ["name": 1]], ["resource": []], ["context": 1], ["options": []],
                ["options": ["evaluations_semantic": "execute_some"]], ["options": ["evaluations_semantic": 1]],
                ["options": ["evaluations_semantic": "EXECUTE_ALL"]],
            ]
            for whole in wholes {
                let answer = try await server.ask(Self.path, JSONValue.object(["evaluations": [Self.yes]]).with(whole))
                #expect(answer.status == 400, "\(whole): \(answer.text)")
            }
            for evaluations in ["x", 1, true, [:]] as [JSONValue] {
                let answer = try await server.ask(Self.path, Self.yes.with(["evaluations": evaluations]))
                #expect(answer.status == 400 && answer.code == "type_mismatch", "\(evaluations): \(answer.text)")
            }
        }
    }

    @Test("Without evaluations, or with none in them, it is a single evaluation")
    func single() async throws {
        try await TestServer.running { server in
            for none in [[:], ["evaluations": []]] as [JSONValue] {
                #expect(try await server.asked(Self.path, Self.yes.with(none)) == ["decision": true])
                let denied = try await server.asked(Self.path, Self.no.with(none))
                #expect(denied["decision"] == false && denied["evaluations"] == nil)
                #expect(try await server.ask(Self.path, none).code == "member_missing")
            }
        }
    }

    @Test("A request has at most a hundred evaluations; more are refused with both numbers")
    func bound() async throws {
        try await TestServer.running { server in
            func answer(_ count: Int) async throws -> Answer {
                let items = Array(repeating: JSONValue.object([:]), count: count)
                return try await server.ask(Self.path, Self.yes.with(["evaluations": .array(items)]))
            }
            #expect(try await answer(100).json.decisions == Array(repeating: true, count: 100))
            let refused = try await answer(101)
            #expect(refused.status == 400 && refused.code == "limit_exceeded")
            #expect(refused.text.hasSuffix("(evaluations: provided 101, allowed 100)"), "\(refused.text)")
        }
    }
}
