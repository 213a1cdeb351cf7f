import GateCore
import HTTPTypes
import NIOHTTP1
import Testing

@testable import GateServer

/// Every identity against every route, for a company of its own, another, and none.
@Suite("Authorization", .timeLimit(.minutes(10)))
struct AuthorizationTests {
    private static let endpoints = Routes.published + Routes.administration

    /// Definitions that nothing depends on, something held, and what the path parameters stand for.
    private static func prepare(_ server: TestServer) async throws -> [String: String] {
        try await server.change(.PUT, "/permissions/spare", [:])
        try await server.change(.PUT, "/roles/spare", [:])
        try await server.change(.PUT, "/gates/spare", ["flags": ["base"]])
        try await server.change(.PUT, "/event_types/spare", [:])
        try await server.change(.PUT, "/event_types/watched", [:])
        for company in ["acme", "umbrella"] {
            try await server.change(.PUT, "/companies/\(company)/users/ann", ["roles": ["agent"], "permissions": ["notes_add": true]])
            try await server.change(.PUT, "/flags/dark/holds/\(company)", [:])
        }
        try await server.change(.PUT, "/flags/dark/holds", [:])
        let stages: JSONValue = ["stages": [["name": "qa"], ["name": "all", "percentage": 100]]]
        for flag in ["embed", "hidden"] {
            try await server.change(.PUT, "/flags/\(flag)/rollout", stages)
            try await server.change(.PUT, "/flags/\(flag)/guard", ["zero_tolerance": ["watched"]])
        }
        try await server.change(.POST, "/flags/hidden/rollout/start", [:])
        let webhook = try await server.change(.POST, "/webhooks", ["url": "https://hooks.invalid/gate"])
        let later = try await server.change(.PUT, "/flags/embed/holds?at=\(server.clock.now + TimeSpan(seconds: 86_400))", [:])
        let undoable = try await server.change(.PUT, "/flags/dark/companies/globex", ["enabled": true])
        let spareToken = try await server.change(.POST, "/tokens", ["kind": "read"])
        return [
            "schedule": try #require(later["schedule"]?["id"]?.stringValue), "webhook": try #require(webhook["id"]?.stringValue),
            "code": "embed", "key": "notes_add", "name": "spare", "user": "ann",
            "revision": try #require(undoable["revision"]?.integerValue).description, "id": try #require(spareToken["id"]?.stringValue),
        ]
    }

    private static func send(_ server: TestServer, _ endpoint: Endpoint, _ path: String, _ body: String?, _ token: String?) async throws -> Answer {
        if endpoint.path == StreamController.path { return try await server.opening(path, by: token) }
        let type = endpoint.path.hasSuffix("/import") ? "application/x-ndjson" : "application/json"
        return try await server.send(
            HTTPMethod(rawValue: endpoint.method.rawValue), path, by: token, body == nil ? [] : [("Content-Type", type)],
            body: body.map { Array($0.utf8) })
    }

    @Test("The table has a row for every route, and none for what is no route")
    func complete() {
        #expect(Set(Self.endpoints.map { "\($0.method) \($0.path)" }) == Set(AuthorizationTable.rows.keys))
        for (name, row) in AuthorizationTable.rows { #expect(row.statuses.count == AuthorizationTable.tokens.count, "\(name)") }
    }

    @Test("Every API token gets from every route what the table says, and nothing is changed by it")
    func tokens() async throws {
        try await TestServer.running { server in
            let known = try await Self.prepare(server)
            var texts: [String] = []
            for token in AuthorizationTable.tokens {
                texts.append(try await server.token(token.kind, flags: token.flags, companies: token.companies))
            }
            let revision = try await server.revision()
            for endpoint in Self.endpoints {
                let name = "\(endpoint.method) \(endpoint.path)"
                guard let row = AuthorizationTable.rows[name] else { continue }
                let isAboutCompany = row.isAboutCompany(endpoint.path)
                for (index, company) in AuthorizationTable.companies.enumerated() where index == 0 || isAboutCompany {
                    let (path, body) = AuthorizationTable.request(endpoint, row, known, company: company)
                    for (column, token) in AuthorizationTable.tokens.enumerated() {
                        let answer = try await Self.send(server, endpoint, path, body, texts[column])
                        let expected = row.expected(column: column, company: index)
                        #expect(answer.status == expected, "\(token.name): \(endpoint.method) \(path): \(answer.text)")
                        if answer.status == 403 { #expect(answer.code == "right_missing", "\(token.name): \(name)") }
                    }
                }
            }
            #expect(try await server.revision() == revision)
        }
    }

    @Test("Nobody, a bad token, an unknown token and an expired user are told to show a credential")
    func strangers() async throws {
        try await TestServer.running { server in
            let known = try await Self.prepare(server)
            let expired = try server.user("acme", "ann", ttl: 5)
            let good = try server.user("acme", "ann")
            let unknown = APITokenText.generate(.admin).text
            server.clock.pass(seconds: 6)
            let strangers: [(String?, String)] = [
                (nil, "credential_missing"), ("nonsense", "credential_invalid"), (unknown, "credential_invalid"), (expired, "credential_invalid"),
                (good + "A", "credential_invalid"),
            ]
            for endpoint in Self.endpoints {
                guard let row = AuthorizationTable.rows["\(endpoint.method) \(endpoint.path)"] else { continue }
                let (path, body) = AuthorizationTable.request(endpoint, row, known, company: "acme")
                for (credential, told) in strangers {
                    // A credential that is not looked at is none.
                    let code = endpoint.access == .streamToken ? "credential_missing" : told
                    let answer = try await Self.send(server, endpoint, path, body, credential)
                    guard endpoint.access != .open else {
                        #expect(answer.status == 200)
                        continue
                    }
                    #expect(answer.status == 401 && answer.code == code, "\(code): \(endpoint.method) \(path): \(answer.text)")
                    #expect(answer["WWW-Authenticate"]?.hasPrefix("Bearer") == true)
                }
            }
        }
    }

    @Test("To a user everything but their own answers is the path that does not exist, byte for byte", arguments: AuthorizationTable.companies)
    func users(of home: String) async throws {
        try await TestServer.running { server in
            let known = try await Self.prepare(server)
            let user = try server.user(home, "ann")
            for endpoint in Self.endpoints {
                guard let row = AuthorizationTable.rows["\(endpoint.method) \(endpoint.path)"] else { continue }
                if endpoint.access == .streamToken {
                    #expect(try await server.get(endpoint.path, by: user).status == 401)
                    continue
                }
                if endpoint.access.admitsUsers {
                    let path = AuthorizationTable.request(endpoint, row, known, company: home).path.prefix { $0 != "?" }.description
                    let answer = try await Self.send(server, endpoint, path, row.body, user)
                    #expect(answer.status == (endpoint.access == .telemetry ? 202 : 200), "\(path)")
                    continue
                }
                for company in AuthorizationTable.companies where company == home || row.isAboutCompany(endpoint.path) {
                    let (path, body) = AuthorizationTable.request(endpoint, row, known, company: company)
                    let answer = try await Self.send(server, endpoint, path, body, user)
                    let nothing = try await Self.send(server, endpoint, "/v1/admin/there/is/nothing/here/at/all", body, user)
                    #expect(answer.status == 404 && nothing.status == 404, "\(endpoint.method) \(path): \(answer.text)")
                    #expect(answer.bytes == nothing.bytes)
                    #expect(Self.telling(answer) == Self.telling(nothing))
                }
            }
            let unknownGate = try await server.get("/v1/gates/nope", by: user)
            #expect(try await unknownGate.bytes == server.get("/v1/nope", by: user).bytes)
        }
    }

    /// The headers, without those that differ between any two answers.
    private static func telling(_ answer: Answer, but passed: [String] = []) -> [String] {
        answer.headers.filter { !(["date", "x-request-id"] + passed).contains($0.name.lowercased()) }.map { "\($0.name.lowercased()): \($0.value)" }
            .sorted()
    }

    @Test("A method that a path does not take is 405 with Allow to who may use the path, and what the path itself is to others")
    func otherMethods() async throws {
        try await TestServer.running { server in
            let known = try await Self.prepare(server)
            let user = try server.user("acme", "ann")
            let methods: [HTTPRequest.Method] = [.get, .post, .put, .patch, .delete]
            for (path, endpoints) in Dictionary(grouping: Self.endpoints, by: \.path) {
                let taken = Set(endpoints.map(\.method))
                guard let row = AuthorizationTable.rows["\(endpoints[0].method) \(path)"] else { continue }
                let filled = AuthorizationTable.request(endpoints[0], row, known, company: "acme").path
                for method in methods where !taken.contains(method) {
                    let method = HTTPMethod(rawValue: method.rawValue)
                    let answer = try await server.send(method, filled, by: server.admin)
                    #expect(answer.status == 405 && answer.code == "method_not_allowed", "\(method) \(path)")
                    let allowed = Set((answer["Allow"] ?? "").split(separator: ", ").map { String($0) })
                    let head: Set<String> = taken.contains(.get) && !endpoints[0].isEndless ? ["HEAD"] : []
                    #expect(allowed == Set(taken.map(\.rawValue)).union(head).union(["OPTIONS"]), "\(method) \(path)")
                    let access = endpoints[0].access
                    let expected = access.admitsUsers || !access.looksAtCredential ? 405 : 404
                    #expect(try await server.send(method, filled, by: user).status == expected, "\(method) \(path)")
                    let anonymous = try await server.send(method, filled)
                    #expect(anonymous.status == (access.looksAtCredential ? 401 : 405), "\(method) \(path)")
                }
            }
        }
    }

    @Test("HEAD answers what GET does, without the body")
    func head() async throws {
        try await TestServer.running { server in
            let known = try await Self.prepare(server)
            // A stream has no end, and is asked for with GET alone.
            for endpoint in Self.endpoints where endpoint.method == .get && !endpoint.isEndless {
                guard let row = AuthorizationTable.rows["GET \(endpoint.path)"] else { continue }
                let (path, _) = AuthorizationTable.request(endpoint, row, known, company: "acme")
                let get = try await server.get(path, by: server.admin)
                let head = try await server.send(.HEAD, path, by: server.admin)
                #expect(head.status == get.status && head.bytes.isEmpty, "\(path)")
                // The metrics count the one request before the other.
                let passed = path == "/metrics" ? ["content-length"] : []
                #expect(Self.telling(head, but: passed) == Self.telling(get, but: passed), "\(path)")
                let stranger = try await server.send(.HEAD, path)
                #expect(stranger.status == (endpoint.access == .open ? 200 : 401) && stranger.bytes.isEmpty)
            }
        }
    }
}
