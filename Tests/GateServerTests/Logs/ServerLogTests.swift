import GateCore
import Logging
import NIOHTTP1
import Synchronization
import Testing

@testable import GateServer

/// What a running server logs.
@Suite("The server's log", .timeLimit(.minutes(10)))
struct ServerLogTests {
    /// Collects what a logger is told.
    final class Book: Sendable {
        private let bytes = Mutex<[UInt8]>([])

        func logger(_ level: Logger.Level) -> Logger {
            Logger(label: "gate") { LineLogHandler(label: $0, .json, level: level) { line in self.bytes.withLock { $0 += line } } }
        }

        var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }
        var lines: [JSONValue] { text.split(separator: "\n").compactMap { try? JSONParser.parse(Array($0.utf8)) } }

        func lines(_ message: String) -> [JSONValue] { lines.filter { $0["message"]?.stringValue == message } }
    }

    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let traceparent = ("traceparent", "00-\(trace)-b7ad6b7169203331-01")

    @Test("A change is one line: revision, actor, company, and the flag in OpenTelemetry's words; it bears the caller's trace and the request's id")
    func changes() async throws {
        let book = Book()
        try await TestServer.running(logger: book.logger(.info)) { server in
            let path = "/flags/embed/companies/acme"
            let answer = try await server.write(.PUT, path, ["enabled": false], [Self.traceparent])
            #expect(answer.status == 200)
            let line = try #require(book.lines("a change was committed").last)
            let position = try #require(answer["Gate-Revision"])
            #expect(line["revision"] == 3 && line["actor"]?.stringValue?.hasPrefix("token/") == true && line["kinds"] == "flag_state")
            #expect(line["company_id"] == "acme" && line["feature_flag.key"] == "embed" && line["feature_flag.result.variant"] == "off")
            #expect(line["feature_flag.version"] == .string(position) && line["feature_flag.provider.name"] == "gate" && line["flips"] == 2)
            #expect(line["trace_id"] == .string(Self.trace) && line["parent_span_id"] == "b7ad6b7169203331")
            let span = try #require(line["span_id"]?.stringValue)
            #expect(span.utf8.count == 16 && line["traceparent"] == .string("00-\(Self.trace)-\(span)-01"))
            #expect(line["request_id"] == answer["X-Request-ID"].map { .string($0) })
            #expect(line["chain_head"] == answer.member("chain_head"))
            #expect(book.lines("a change was committed").first?["actor"] == "seeds")
            let count = book.lines("a change was committed").count
            #expect(count == 3)
            try await server.change(.PUT, path, ["enabled": false])
            #expect(book.lines("a change was committed").count == count, "nothing changed")
            try await server.change(.PUT, "/companies/acme/users/ann", ["roles": []])
            let user = try #require(book.lines("a change was committed").last)
            #expect(user["kinds"] == "user" && user["company_id"] == "acme" && user["feature_flag.key"] == nil && user["trace_id"] == nil)
            #expect(!book.text.contains("a test"), "reasons are people's words")
            #expect(!book.text.contains("ann"))
        }
    }

    @Test("A trace that is not valid is ignored")
    func invalidTrace() async throws {
        let book = Book()
        try await TestServer.running(logger: book.logger(.debug)) { server in
            for value in ["00-\(Self.trace)-0000000000000000-01", "ff-\(Self.trace)-b7ad6b7169203331-01", "nonsense"] {
                _ = try await server.get("/readyz", by: nil, [("traceparent", value)])
            }
            _ = try await server.get("/readyz", by: nil, [Self.traceparent, Self.traceparent])
            #expect(!book.text.contains("trace_id"))
            _ = try await server.get("/readyz", by: nil, [Self.traceparent])
            let line = try #require(book.lines("a request was answered").last)
            #expect(line["http.route"] == "/readyz" && line["http.response.status_code"] == 200 && line["trace_id"] == .string(Self.trace))
            #expect(line["duration_ms"] != nil && line["http.request.method"] == "GET" && line["request_id"] != nil)
        }
    }

    @Test("At the lowest level there is no credential, no query, no path and no user in it")
    func secrets() async throws {
        let book = Book()
        try await TestServer.running(logger: book.logger(.trace)) { server in
            let user = try server.user("acme", "Siti-Rahmawati")
            let service = try await server.token("service")
            let made = try await server.change(.POST, "/webhooks", ["url": "https://hooks.invalid/hush"])
            let secret = try #require(made["secret"]?.stringValue)
            for token in [user, service, server.admin, "gate_admin_nonsense", user + "x"] {
                for path in ["/v1/feature_flags", "/v1/gates/canCreate?company_id=acme&user_id=Siti-Rahmawati", "/ofrep/v1/stream?token=\(token)"] {
                    _ = try await server.get(path, by: token)
                    _ = try await server.get(path, by: nil, [("Cookie", "global_sso_token=\(token)")])
                }
            }
            _ = try await server.read("/companies/acme/users/Siti-Rahmawati")
            try await server.change(.PUT, "/companies/acme/users/Siti-Rahmawati", ["permissions": ["notes_add": true]])
            let text = book.text
            #expect(book.lines("a request was answered").count > 10)
            for unwanted in [user, service, server.admin, secret, "Siti", "canCreate", "token=", "company_id=", "hush"] {
                #expect(!text.contains(unwanted), "\(unwanted)")
            }
            #expect(!text.contains(String(user.suffix(20))) && !text.contains(String(service.suffix(20))))
        }
    }
}
