import Foundation
import NIOCore
import NIOHTTP1
import Testing

@testable import GateServer

@Suite("Refusal bytes")
struct RefusalBytesTests {
    @Test("A refusal is a whole problem response that ends its connection")
    func whole() throws {
        let text = String(
            buffer: RefusalBytes.make(status: .badRequest, code: "request_malformed", detail: "No.", extraHeaders: [("Retry-After", "1")])
        )
        let halves = text.split(separator: "\r\n\r\n", maxSplits: 1).map(String.init)
        let lines = halves[0].components(separatedBy: "\r\n")
        #expect(lines[0] == "HTTP/1.1 400 Bad Request")
        #expect(lines.contains("Content-Type: application/problem+json"))
        #expect(lines.contains("Content-Length: \(halves[1].utf8.count)"))
        #expect(lines.contains("Connection: close"))
        #expect(lines.contains("Retry-After: 1"))
        #expect(lines.contains { $0.hasPrefix("Date: ") && $0.hasSuffix(" GMT") })
        #expect(halves[1] == #"{"type":"about:blank","title":"Bad Request","status":400,"detail":"No.","code":"request_malformed"}"#)
    }

    @Test("A limit adds what was provided and what is allowed")
    func limit() throws {
        let text = String(buffer: RequestRefusal.targetTooLong(provided: 5_000, allowed: 4_096).bytes)
        #expect(text.hasPrefix("HTTP/1.1 414 "))
        #expect(text.hasSuffix(#""code":"uri_too_long","provided":5000,"allowed":4096}"#))
    }

    @Test("Any text makes a valid JSON string", arguments: ["\"", "\\", "\u{0}\u{1f}\n", "é\u{2028}🚪"])
    func escaping(detail: String) throws {
        var bytes = RefusalBytes.make(status: .badRequest, code: "c", detail: detail)
        let all = bytes.readString(length: bytes.readableBytes) ?? ""
        let body = try #require(all.range(of: "\r\n\r\n")).upperBound
        let object = try JSONSerialization.jsonObject(with: Data(all[body...].utf8)) as? [String: Any]
        #expect(object?["detail"] as? String == detail)
    }
}
