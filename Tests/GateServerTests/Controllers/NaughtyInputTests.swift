import Foundation
import GateCore
import NIOCore
import NIOHTTP1
import Testing

@testable import GateServer

/// Whatever is sent: never an internal error, never a change that was not asked for.
@Suite("Naughty input", .timeLimit(.minutes(10)))
struct NaughtyInputTests {
    private static let corpus: URL = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let corpora =
            ProcessInfo.processInfo.environment["GATE_CORPORA"].map { URL(fileURLWithPath: $0) } ?? root.appending(path: "../shared/corpora")
        return corpora.appending(path: "JSONTestSuite/test_parsing").standardizedFileURL
    }()

    private static var isThere: Bool { FileManager.default.fileExists(atPath: corpus.path) }

    @Test(
        "JSONTestSuite: what is no JSON changes nothing, and no body is an internal error",
        .enabled(if: isThere, "skipped: there is no \(corpus.path) (set GATE_CORPORA)"))
    func jsonTestSuite() async throws {
        try await TestServer.running { server in
            let names = try FileManager.default.contentsOfDirectory(atPath: Self.corpus.path).filter { $0.hasSuffix(".json") }.sorted()
            #expect(names.count > 300)
            for name in names {
                let body = try Array(Data(contentsOf: Self.corpus.appending(path: name)))
                let revision = try await server.revision()
                let requests: [(HTTPMethod, String, String)] = [
                    (.PUT, "/flags/fuzz", "application/json"), (.PATCH, "/flags/base", "application/merge-patch+json"),
                    (.PUT, "/flags/base/companies/acme", "application/json"), (.POST, "/import", "application/x-ndjson"),
                ]
                for (method, path, type) in requests {
                    let answer = try await server.send(
                        method, "/v1/admin\(path)?reason=fuzz", by: server.admin, [("Content-Type", type)], body: body)
                    #expect(answer.status < 500, "\(name) to \(path): \(answer.text)")
                    // A blank line of an import is no line; every other body of these must be refused.
                    guard name.hasPrefix("n_"), path != "/import" || !body.allSatisfy({ [0x20, 0x09, 0x0A, 0x0D].contains($0) }) else { continue }
                    #expect((400..<500).contains(answer.status), "\(name) to \(path): \(answer.text)")
                    if path != "/import" {
                        #expect(["json_malformed", "json_too_deep", "json_duplicate_key", "body_too_large"].contains(answer.code), "\(name)")
                    }
                }
                if name.hasPrefix("n_") || name.contains("duplicated_key") { #expect(try await server.revision() == revision, "\(name)") }
            }
            #expect(try await server.read("/audit").member("valid") == true)
        }
    }

    private static let pieces = [
        "%", "%00", "%ff", "%2e%2e", "%2F", "..", "/", "//", "\u{0}", "\r", "\t", "é", "😀", "\u{202E}", "{", "}", "*", "?", "&", "=", "+", ";", "#",
        "flags", "admin", "v1", "gates", "companies", "feature_flags", "null", "undefined", "-1", "0", "NaN", "'", "\"", "<script>", "{code}",
    ]

    private static func target(_ random: inout TestRandom) -> [UInt8] {
        let prefixes = [
            "/", "/v1/", "/v1/gates/", "/v1/admin/", "/v1/admin/flags/", "/v1/admin/companies/acme/users/", "/v1/admin/changes/",
            "/v1/feature_flags?",
        ]
        var bytes = Array(random.pick(prefixes).utf8)
        for _ in 0..<Int.random(in: 0..<6, using: &random) {
            bytes += random.one(in: 4) ? random.bytes(1...4) : Array(random.pick(pieces).utf8)
        }
        if random.one(in: 2) {
            bytes += Array("?\(random.pick(["limit", "after", "reason", "company_id", "group", "x"]))=".utf8) + random.bytes(0...8)
        }
        return bytes
    }

    @Test("Random bytes in paths, queries and headers are never an internal error", arguments: [1, 2, 3])
    func randomBytes(seed: UInt64) async throws {
        try await TestServer.running { server in
            var random = TestRandom(seed: seed)
            let revision = try await server.revision()
            let user = try server.user("acme", "ann")
            for round in 0..<150 {
                var bytes = Array(random.pick(["GET", "PUT", "PATCH", "DELETE", "POST", "HEAD", "OPTIONS", "TRACE", "FOO"]).utf8) + [0x20]
                bytes += Self.target(&random) + Array(" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n".utf8)
                if !random.one(in: 4) { bytes += Array("Authorization: Bearer \(random.one(in: 3) ? user : server.admin)\r\n".utf8) }
                let names = [
                    "If-Match", "If-None-Match", "Idempotency-Key", "Gate-Min-Revision", "Cookie", "Origin", "Content-Type", "X-Any", "Authorization",
                ]
                for _ in 0..<Int.random(in: 0..<3, using: &random) {
                    bytes += Array("\(random.pick(names)): ".utf8) + random.bytes(0...12) + [0x0D, 0x0A]
                }
                bytes += [0x0D, 0x0A]
                let request = bytes
                let answer = try await RawClient.connected(to: server.port) { client in
                    try await client.channel.writeAndFlush(ByteBuffer(bytes: request))
                    client.closeOutput()
                    return try await client.readToEnd()
                }
                let place = Comment(rawValue: "seed \(seed), round \(round): \(String(decoding: bytes, as: UTF8.self))")
                let status = answer.split(separator: " ", maxSplits: 2).dropFirst().first.flatMap { Int($0) }
                #expect(answer.hasPrefix("HTTP/1.1 ") && status.map { (200..<500).contains($0) } == true, place)
            }
            #expect(try await server.revision() == revision, "no reason was ever given")
        }
    }

    @Test("Percent signs that give no UTF-8 are refused", arguments: ["%FF", "%C3", "%C3%28", "%", "%4", "%ZZ", "%ED%A0%80", "a%00b"])
    func percent(name: String) async throws {
        try await TestServer.running { server in
            for target in ["/v1/admin/roles/\(name)", "/v1/admin/roles?after=\(name)"] {
                let raw = try await RawClient.connected(to: server.port) { client in
                    try await client.send(
                        "GET \(target) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(server.admin)\r\nConnection: close\r\n\r\n")
                    return try await client.readToEnd()
                }
                let isText = name == "a%00b" && target.contains("?")
                #expect(raw.hasPrefix(isText ? "HTTP/1.1 200" : "HTTP/1.1 400"), "\(target): \(raw)")
            }
        }
    }

    @Test("Odd but well-formed requests mean what they say, or nothing")
    func odd() async throws {
        try await TestServer.running { server in
            let huge = String(repeating: "a", count: 3_900)
            let expected: [(HTTPMethod, String, Int)] = [
                (.GET, "/v1/admin/flags/\(huge)", 400), (.GET, "/v1/gates/\(huge)?company_id=acme&user_id=ann", 400),
                (.GET, "/v1/admin/flags?after=\(huge)", 200), (.GET, "/v1/admin/flags?&&&", 200), (.GET, "/v1/admin/flags?limit=1&limit=1", 400),
                (.GET, "/v1/admin/changes?actor=%27%20OR%201=1--", 200), (.GET, "/v1/admin/changes?actor=%00", 200),
                (.GET, "/v1/admin/companies/%2E%2E", 400), (.GET, "/v1/admin/flags/base%2Fcompanies", 400), (.GET, "/", 404),
                (.GET, "/v1/admin", 404), (.GET, "/v1/admin/flags/base/companies/acme/x", 404), (.POST, "/v1/admin/flags/base", 405),
                (.DELETE, "/v1/admin/changes/1", 405), (.TRACE, "/v1/admin/flags", 405), (.GET, "/v1/admin/explain?flag=base&company_id=%C3%A9", 400),
            ]
            for (method, path, status) in expected {
                let answer = try await server.send(method, path, by: server.admin)
                #expect(answer.status == status, "\(method) \(path.prefix(60)): \(answer.text)")
            }
        }
    }
}
