import GateCore
import NIOHTTP1
import Testing

@testable import GateServer

/// What AuthZEN's endpoints are asked in the tests.
enum AuthZENAsker {
    static let evaluation = "/access/v1/evaluation"
    static let evaluations = "/access/v1/evaluations"
    static let searches = ["/access/v1/search/subject", "/access/v1/search/resource", "/access/v1/search/action"]
    static let paths = [evaluation, evaluations] + searches
    static let configuration = "/.well-known/authzen-configuration"

    /// May ann of acme create tickets? It is a whole request for every endpoint.
    static let ann = question("ann", "canCreate", "acme")

    static func question(_ user: String, _ action: String, _ company: String) -> JSONValue {
        ["subject": subject(user), "action": ["name": .string(action)], "resource": resource(company)]
    }

    static func subject(_ user: String) -> JSONValue { ["type": "user", "id": .string(user)] }
    static func resource(_ company: String) -> JSONValue { ["type": "company", "id": .string(company)] }
}

extension JSONValue {
    /// The same object with some members otherwise; null takes one away.
    func with(_ patch: JSONValue) -> JSONValue { merging(patch) }

    /// The decisions of a batch, as true and false.
    var decisions: [Bool?] { self["evaluations"]?.arrayValue?.map { $0["decision"]?.boolValue } ?? [] }
}

extension TestServer {
    /// Asks as a client does that knows nothing of Gate.
    func ask(
        _ path: String, _ json: JSONValue, by token: String? = nil, _ headers: [(String, String)] = [("Content-Type", "application/json")]
    ) async throws -> Answer {
        try await send(.POST, path, by: token ?? admin, headers, body: JSONWriter.bytes(json))
    }

    /// An answer that has to be 200.
    func asked(_ path: String, _ json: JSONValue, by token: String? = nil) async throws -> JSONValue {
        let answer = try await ask(path, json, by: token)
        try #require(answer.status == 200, "\(path): \(answer.text)")
        #expect(answer["Content-Type"] == "application/json")
        return try answer.json
    }
}
