import GateCore
import NIOHTTP1
import Testing

@testable import GateServer

/// AuthZEN 1.0, "Pagination".
@Suite("AuthZEN pages", .timeLimit(.minutes(10)))
struct AuthZENPageTests {
    private static let path = AuthZENAsker.searches[1]
    private static let request = AuthZENAsker.question("ann", "based", "x")

    private static func prepare(_ server: TestServer) async throws {
        try await server.change(.PUT, "/flags/free", ["enabled": true])
        try await server.change(.PUT, "/flags/free/rollout", ["stages": [["name": "all", "percentage": 100]]])
        try await server.change(.POST, "/flags/free/rollout/start", [:])
        try await server.change(.PUT, "/gates/based", ["flags": ["free"]])
    }

    /// Every page's ids, following the tokens.
    private static func pages(_ server: TestServer, _ page: JSONObject, repeatingLimit: Bool = true) async throws -> [[String]] {
        var pages: [[String]] = []
        var page = page
        repeat {
            let answer = try await server.asked(path, request.with(["page": .object(page)]))
            let ids = answer["results"]?.all("id") ?? []
            #expect(answer["page"]?["count"] == .integer(Int64(ids.count)))
            pages.append(ids)
            page["token"] = try #require(answer["page"]?["next_token"])
            if !repeatingLimit { page["limit"] = nil }
        } while page["token"] != "" && pages.count < 20
        return pages
    }

    @Test("Pages go through the results in the order of their bytes; a token keeps the limit where it is not said again")
    func walk() async throws {
        try await TestServer.running { server in
            try await Self.prepare(server)
            try await server.change(.PUT, "/companies/Zeta", [:])
            try await server.change(.PUT, "/companies/beta.2", [:])
            #expect(try await Self.pages(server, [:]) == [["Zeta", "acme", "beta.2", "globex", "umbrella"]])
            for repeating in [true, false] {
                let pages = try await Self.pages(server, ["limit": 2], repeatingLimit: repeating)
                #expect(pages == [["Zeta", "acme"], ["beta.2", "globex"], ["umbrella"]])
            }
            // A last page that is full says that it is the last.
            #expect(try await Self.pages(server, ["limit": 5]) == [["Zeta", "acme", "beta.2", "globex", "umbrella"]])
            #expect(try await Self.pages(server, ["limit": 100_000, "token": ""]).count == 1)
            let none = try await server.asked(Self.path, Self.request.with(["page": ["limit": 0]]))
            #expect(none["results"] == [] && none["page"]?["next_token"] != "")
        }
    }

    @Test("A page has 100 results unless told otherwise, and never more than 1000")
    func limits() async throws {
        try await TestServer.running { server in
            try await Self.prepare(server)
            let lines = (0..<1_005).map { #"{"kind":"company","id":"c\#($0)"}"# }.joined(separator: "\n")
            let imported = try await server.send(
                .POST, "/v1/admin/import?reason=a%20test", by: server.admin, [("Content-Type", "application/x-ndjson")], body: Array(lines.utf8))
            #expect(imported.status == 200, "\(imported.text)")
            #expect(try await Self.pages(server, [:]).map(\.count) == Array(repeating: 100, count: 10) + [8])
            let pages = try await Self.pages(server, ["limit": 2_000])
            #expect(pages.map(\.count) == [1_000, 8])
            #expect(pages.joined().elementsEqual(pages.joined().sorted()) && Set(pages.joined()).count == 1_008)
        }
    }

    @Test("A token is good for its own request alone: any entity, context or limit that is different is a bad request")
    func binding() async throws {
        try await TestServer.running { server in
            try await Self.prepare(server)
            let first = Self.request.with(["context": ["a": 1, "b": 2], "page": ["limit": 1]])
            let token = try #require(try await server.asked(Self.path, first)["page"]?["next_token"]?.stringValue)
            let next = first.with(["page": ["token": .string(token)]])
            #expect(try await server.asked(Self.path, next)["results"]?.all("id") == ["globex"])
            // The order of members says nothing, nor does the id that is looked for, nor what is unknown.
            for same in [["resource": ["id": "other"]], ["more": 1], ["page": ["more": 1]]] as [JSONValue] {
                #expect(try await server.ask(Self.path, next.with(same)).status == 200, "\(same)")
            }
            let reordered = next.with(["context": nil]).with(["context": ["b": 2, "a": 1]])
            #expect(try await server.ask(Self.path, reordered).status == 200)
            let others: [JSONValue] = [
                ["subject": ["id": "bob"]], ["subject": ["properties": ["a": 1]]], ["action": ["name": "canCreate"]], ["context": nil],
                ["context": ["a": 2]],
                ["page": ["limit": 2]], ["page": ["token": .string(token + "A")]], ["page": ["token": .string(String(token.dropLast(3)))]],
                ["page": ["token": .string((token.hasPrefix("A") ? "B" : "A") + token.dropFirst())]],
            ]
            for other in others {
                let answer = try await server.ask(Self.path, next.with(other))
                #expect(answer.status == 400 && answer.text.contains("/page/token"), "\(other): \(answer.text)")
            }
            #expect(try await server.ask(AuthZENAsker.searches[0], next).status == 400)
        }
    }

    @Test("What is added or removed between pages does not lead astray")
    func changes() async throws {
        try await TestServer.running { server in
            try await Self.prepare(server)
            let first = Self.request.with(["page": ["limit": 1]])
            let token = try #require(try await server.asked(Self.path, first)["page"]?["next_token"])
            try await server.change(.PUT, "/flags/free/companies/acme", ["enabled": false])
            try await server.change(.PUT, "/companies/aaa", [:])
            try await server.change(.PUT, "/companies/beta", [:])
            #expect(try await server.asked(Self.path, first.with(["page": ["token": token]]))["results"]?.all("id") == ["beta"])
        }
    }

    @Test("The smallest names behind one are found as by sorting all", arguments: [1, 2, 7, 100, 5_000])
    func smallest(count: Int) {
        var random = TestRandom(seed: 42)
        let names = Set((0..<3_000).map { _ in String(UInt32.random(in: .min ... .max, using: &random), radix: 36) })
        let (first, second) = (names.filter { $0 < "8" }, names.filter { $0 >= "8" })
        for after in ["", "5", "k", "zzzzzzzz"] {
            let expected = Array(names.filter { $0 > after }.sorted().prefix(count))
            #expect(AuthZENPage.smallest(count, of: [first.lazy.map { $0 }, Array(second)], after: after) == expected)
        }
    }

    @Test("A request decides on so many candidates and no more; the pages together miss none and repeat none", arguments: [1, 3, 10, 64])
    func bounded(bound: Int) throws {
        let names = (0..<64).map { "n" + String($0 + 100) }
        let members = try JSONReader(Self.request).members()
        var page: JSONValue = ["limit": 4]
        var found: [String] = []
        for _ in 0..<100 {
            var looked = 0
            let part = try AuthZENPage(JSONReader(page), of: .resource, members).part(of: [names.shuffled()], atMost: bound) { name in
                looked += 1
                return name.hasSuffix("3") || name.hasSuffix("4")
            }
            #expect(looked <= bound && part.names.count <= 4)
            found += part.names
            guard part.nextToken != "" else { break }
            page = ["limit": 4, "token": .string(part.nextToken)]
        }
        #expect(found == names.filter { $0.hasSuffix("3") || $0.hasSuffix("4") })
    }
}
