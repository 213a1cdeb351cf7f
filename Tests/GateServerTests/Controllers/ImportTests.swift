import AsyncHTTPClient
import GateCore
import NIOCore
import NIOHTTP1
import Testing

@testable import GateServer

/// NDJSON, streamed.
@Suite("Import", .timeLimit(.minutes(10)))
struct ImportTests {
    private static func line(_ number: Int) -> String {
        #"{"kind":"user","company_id":"umbrella","user_id":"u\#(number)","permissions":{"notes_add":true},"roles":["agent"]}"# + "\n"
    }

    /// Sends text in pieces that end anywhere, without saying how long it will be.
    private static func post(
        _ server: TestServer, _ text: String, query: String = "reason=import", type: String = "application/x-ndjson", pieces: Int = 5_000
    ) async throws -> Answer {
        let bytes = Array(text.utf8)
        let parts = stride(from: 0, to: bytes.count, by: pieces).map { ByteBuffer(bytes: bytes[$0..<min($0 + pieces, bytes.count)]) }
        let stream = AsyncStream<ByteBuffer> { continuation in
            for part in parts { continuation.yield(part) }
            continuation.finish()
        }
        return try await server.stream(
            .POST, "/v1/admin/import?\(query)", by: server.admin, [("Content-Type", type)], body: .stream(stream, length: .unknown))
    }

    @Test("25 000 lines are three changes, and every user is there")
    func many() async throws {
        try await TestServer.running { server in
            let answer = try await Self.post(server, (0..<25_000).map(Self.line).joined())
            #expect(answer.status == 200, "\(answer.text)")
            #expect(try answer.json == ["lines": 25_000, "changes": 3, "revision": 5])
            #expect(try await server.read("/status").member("users") == 25_003)
            let last = try await server.read("/companies/umbrella/users/u24999")
            #expect(last.member("roles") == ["agent"] && last["ETag"] == "\"5\"")
            #expect(try await server.read("/companies/umbrella/users/u0")["ETag"] == "\"3\"")
            #expect(try await server.read("/changes/4").member("command") == ["command": "import", "entities": 10_000])
            #expect(try await server.get("/v1/gates/canCreate", by: server.user("umbrella", "u7")).member("checks")?[0]?["satisfied"] == true)
        }
    }

    @Test("A bad line is refused by its number; what was committed before it stays, and that is said")
    func badLine() async throws {
        try await TestServer.running { server in
            let text = (0..<10_003).map(Self.line).joined() + #"{"kind":"user","company_id":"umbrella","user_id":"bad","roles":["nope"],}"# + "\n"
            let answer = try await Self.post(server, text)
            #expect(answer.status == 400 && answer.code == "json_malformed", "\(answer.text)")
            let detail = answer.member("detail")?.stringValue ?? ""
            #expect(detail.hasPrefix("line 10004: ") && detail.contains("1 changes, up to revision 3, are committed"), "\(detail)")
            let status = try await server.read("/status").json
            #expect(status["revision"] == 3 && status["users"] == 10_003, "the 3 lines behind the first 10 000 are not")
        }
    }

    @Test("A line about what is not there is refused when its part is committed")
    func unknown() async throws {
        try await TestServer.running { server in
            let answer = try await Self.post(server, #"{"kind":"user","company_id":"umbrela","user_id":"x","roles":["agent"]}"#)
            #expect(answer.status == 404 && answer.code == "company_unknown" && answer.member("nearest") == ["umbrella"])
            #expect(answer.member("detail")?.stringValue?.contains("0 changes") == true)
            let asked = try await Self.post(
                server, #"{"kind":"user","company_id":"umbrela","user_id":"x","roles":["agent"]}"#, query: "reason=x&new_company=true")
            #expect(asked.status == 200 && asked.member("changes") == 1)
        }
    }

    @Test("Any kind of manifest may stand on a line; blank lines and the last line's end do not matter")
    func kinds() async throws {
        try await TestServer.running { server in
            let text =
                "\r\n" + #"{"kind":"permission","name":"p1"}"# + "\r\n\n" + #"{"kind":"company","id":"c1","groups":["g"]}"# + "\n"
                + #"{"kind":"flag","name":"f1","enabled":true,"companies":{"c1":"on"}}"#
            let answer = try await Self.post(server, text, pieces: 7)
            #expect(try answer.json == ["lines": 5, "changes": 1, "revision": 3], "\(answer.text)")
            #expect(try await server.read("/flags/f1/companies/c1").json == ["enabled": true])
            let again = try await Self.post(server, text)
            #expect(try again.json == ["lines": 5, "changes": 0, "revision": 3])
            #expect(try await Self.post(server, "").json == ["lines": 0, "changes": 0, "revision": 3])
        }
    }

    @Test("A dry run writes nothing")
    func dryRun() async throws {
        try await TestServer.running { server in
            let answer = try await Self.post(server, Self.line(1), query: "reason=x&dry_run=true")
            #expect(answer.status == 200 && answer.member("changes") == 1)
            #expect(try await server.revision() == TestUniverse.revision)
        }
    }

    @Test("It takes a reason before it reads, NDJSON only, and nothing unknown")
    func refused() async throws {
        try await TestServer.running { server in
            for text in ["", Self.line(1)] {
                let answer = try await Self.post(server, text, query: "")
                #expect(answer.status == 400 && answer.code == "reason_missing", "\(answer.text)")
            }
            #expect(try await Self.post(server, Self.line(1), type: "application/json").status == 415)
            #expect(try await Self.post(server, Self.line(1), query: "reason=x&part=1").code == "parameter_invalid")
            let long = try await Self.post(server, #"{"kind":"permission","name":""# + String(repeating: "p", count: 70_000) + "\"}\n")
            #expect(long.status == 400 && long.code == "limit_exceeded" && long.bound[1] == 65_536)
            #expect(try await server.revision() == TestUniverse.revision)
        }
    }

    @Test("A body over the limit is 413 with both sizes")
    func tooLarge() async throws {
        try await TestServer.running(TestServer.unlimited + ["--limit", "import_bytes=1000"]) { server in
            let answer = try await Self.post(server, (0..<100).map(Self.line).joined())
            #expect(answer.status == 413 && answer.code == "body_too_large" && answer.member("limit") == "import_bytes", "\(answer.text)")
            #expect(answer.bound[1] == 1_000 && answer.bound[0]! > 1_000)
            #expect(try await server.revision() == TestUniverse.revision)
            #expect(try await Self.post(server, Self.line(1)).status == 200)
            let manifests = JSONValue.array((0..<100).map { ["kind": "permission", "name": .string("p\($0)")] })
            #expect(try await server.write(.POST, "/apply", ["manifests": manifests]).status == 413)
        }
    }
}
