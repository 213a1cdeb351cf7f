import GateCore
import NIOHTTP1
import Testing

@testable import GateServer

/// Entity tags, positions, and what changes them.
@Suite("Revisions of reads", .timeLimit(.minutes(10)))
struct RevisionTests {
    private static let paths = ["/v1/feature_flags", "/v1/permissions", "/v1/gates", "/v1/gates/canCreate"]

    /// Asked twice before: from then on it is answered in front of the router.
    private static func warm(_ server: TestServer, _ path: String, _ user: String) async throws -> Answer {
        _ = try await server.get(path, by: user)
        return try await server.get(path, by: user)
    }

    @Test("Every read has its tag, position and cache rules", arguments: paths)
    func headers(path: String) async throws {
        try await TestServer.running { server in
            let user = try server.user("acme", "ann")
            for answer in [try await server.get(path, by: user), try await server.get(path, by: user)] {
                let tag = try #require(answer["ETag"])
                #expect(tag.hasPrefix("\"") && tag.hasSuffix("\"") && tag.count > 10)
                let position = try #require(answer["Gate-Revision"].flatMap { Position($0) })
                #expect(position.revision == TestUniverse.revision)
                #expect(answer["Cache-Control"] == "private, no-cache")
                #expect(answer["Vary"] == "Origin, Cookie, Authorization")
                #expect(answer["X-Content-Type-Options"] == "nosniff")
            }
        }
    }

    @Test("If-None-Match gives 304 with the tag and the position, from the route and in front of it", arguments: paths)
    func notModified(path: String) async throws {
        try await TestServer.running { server in
            let user = try server.user("acme", "ann")
            let first = try await Self.warm(server, path, user)
            let tag = try #require(first["ETag"])
            for value in [tag, "W/\(tag)", "\"x\", \(tag)", "\"x\",W/\(tag) , \"y\"", "*"] {
                for (path, isRoute) in [(path, false), (path + "?", true)] {
                    let answer = try await server.get(path, by: user, [("If-None-Match", value)])
                    #expect(answer.status == 304 && answer.bytes.isEmpty, "\(value)")
                    #expect(answer.isFromRoute == isRoute)
                    #expect(answer["ETag"] == tag && answer["Gate-Revision"] == first["Gate-Revision"])
                    #expect(answer["Content-Type"] == nil && answer["Content-Length"] == nil)
                }
            }
            for value in ["\"x\"", String(tag.dropLast(2)) + "\"", "\"\"", tag.filter { $0 != "\"" }] {
                #expect(try await server.get(path, by: user, [("If-None-Match", value)]).status == 200, "\(value)")
                #expect(try await server.get(path + "?", by: user, [("If-None-Match", value)]).status == 200, "\(value)")
            }
        }
    }

    @Test("Another company's flip leaves the tag as it is, one's own changes it, and its undoing brings it back")
    func tags() async throws {
        try await TestServer.running { server in
            let user = try server.user("acme", "ann")
            var before: [String: String] = [:]
            for path in Self.paths { before[path] = try await Self.warm(server, path, user)["ETag"] }
            try await server.change(.PUT, "/flags/embed/companies/globex", ["enabled": false])
            try await server.change(.PUT, "/companies/globex/users/gus", ["roles": ["agent"]])
            for path in Self.paths {
                let answer = try await server.get(path, by: user)
                #expect(answer["ETag"] == before[path], "\(path)")
                #expect(answer["Gate-Revision"].flatMap { Position($0) }?.revision == TestUniverse.revision + 2)
            }
            try await server.change(.PUT, "/flags/embed/companies/acme", ["enabled": false])
            for path in Self.paths where path != "/v1/permissions" {
                let answer = try await server.get(path, by: user)
                #expect(answer["ETag"] != before[path], "\(path)")
                #expect(try await server.get(path, by: user, [("If-None-Match", before[path] ?? "")]).status == 200)
            }
            #expect(try await server.get("/v1/permissions", by: user)["ETag"] == before["/v1/permissions"])
            try await server.change(.PUT, "/flags/embed/companies/acme", ["enabled": true])
            for path in Self.paths { #expect(try await server.get(path, by: user)["ETag"] == before[path], "\(path)") }
        }
    }

    @Test("Two databases with one state have different tags")
    func incarnations() async throws {
        let tags = try await [0, 1].concurrently { _ in
            try await TestServer.running { server in try await server.get("/v1/feature_flags", by: server.user("acme", "ann"))["ETag"] }
        }
        #expect(tags.count == 2 && tags[0] != nil && tags[0] != tags[1])
    }

    @Test("Gate-Min-Revision: reached is answered, of another incarnation is passed over, malformed is refused")
    func minRevision() async throws {
        try await TestServer.running { server in
            let user = try server.user("acme", "ann")
            let write = try await server.write(.PUT, "/flags/dark/companies/umbrella", ["enabled": true])
            let reached = try #require(write["Gate-Revision"])
            let answer = try await server.get("/v1/feature_flags", by: user, [("Gate-Min-Revision", reached)])
            #expect(answer.status == 200 && answer["Gate-Revision"] == reached)
            for other in ["ffffffffffffffff-999999", "a-b-5"] {
                #expect(try await server.get("/v1/feature_flags", by: user, [("Gate-Min-Revision", other)]).status == 200, "\(other)")
            }
            for malformed in ["5", "-5", "x-", "x-5a", "x--", "x-99999999999999999999"] {
                let answer = try await server.get("/v1/feature_flags", by: user, [("Gate-Min-Revision", malformed)])
                #expect(answer.status == 400 && answer.code == "parameter_invalid", "\(malformed)")
            }
        }
    }

    @Test("A revision that does not come is 503 with Retry-After; one that comes is waited for")
    func future() async throws {
        try await TestServer.running { server in
            let user = try server.user("acme", "ann")
            let now = try #require(try await server.get("/v1/feature_flags", by: user)["Gate-Revision"].flatMap { Position($0) })
            let next = Position(incarnation: now.incarnation, revision: now.revision + 1)
            let never = try await server.get("/v1/feature_flags", by: user, [("Gate-Min-Revision", "\(next)")])
            #expect(never.status == 503 && never.code == "revision_not_reached")
            #expect(never["Retry-After"].flatMap { Int($0) } != nil)
            async let waiting = server.get("/v1/feature_flags", by: user, [("Gate-Min-Revision", "\(next)")])
            try await server.change(.PUT, "/flags/dark/companies/umbrella", ["enabled": true])
            let answer = try await waiting
            #expect(answer.status == 200 && answer["Gate-Revision"] == "\(next)")
        }
    }

    @Test("HEAD has the headers of GET")
    func head() async throws {
        try await TestServer.running { server in
            let user = try server.user("acme", "ann")
            for path in Self.paths {
                let get = try await server.get(path + "?", by: user)
                let head = try await server.send(.HEAD, path, by: user)
                #expect(head.status == 200 && head.bytes.isEmpty)
                for name in ["ETag", "Gate-Revision", "Content-Type", "Content-Length", "Cache-Control", "Vary"] {
                    #expect(head[name] == get[name], "\(name)")
                }
            }
        }
    }
}

extension Array where Element: Sendable {
    /// The results of a closure for each element, in their order, made at the same time.
    func concurrently<Result: Sendable>(_ body: @escaping @Sendable (Element) async throws -> Result) async throws -> [Result] {
        try await withThrowingTaskGroup(of: (Int, Result).self) { group in
            for (index, element) in enumerated() { group.addTask { (index, try await body(element)) } }
            var results: [(Int, Result)] = []
            for try await result in group { results.append(result) }
            return results.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }
}
