import NIOHTTP1
import Testing

@testable import GateServer

@Suite("Request head check")
struct RequestHeadCheckTests {
    private func verdict(
        _ method: HTTPMethod = .GET,
        _ uri: String = "/",
        _ headers: [(String, String)] = [("Host", "a")],
        version: HTTPVersion = .http1_1
    ) -> RequestHeadCheck.Verdict {
        RequestHeadCheck().check(HTTPRequestHead(version: version, method: method, uri: uri, headers: HTTPHeaders(headers)))
    }

    private func shape(_ verdict: RequestHeadCheck.Verdict) throws -> RequestShape {
        guard case .accept(let shape) = verdict else {
            throw try #require(refusal(verdict))
        }
        return shape
    }

    private func refusal(_ verdict: RequestHeadCheck.Verdict) -> RequestRefusal? {
        if case .refuse(let refusal) = verdict { refusal } else { nil }
    }

    @Test(
        "What two readers could read differently is refused",
        arguments: [
            [("Content-Length", "1"), ("Transfer-Encoding", "chunked")],
            [("Transfer-Encoding", "chunked"), ("content-length", "1")],
            [("Content-Length", "1"), ("Content-Length", "1")],
            [("Content-Length", "1"), ("Content-Length", "2")],
            [("Content-Length", "1, 1")], [("Content-Length", "+1")], [("Content-Length", "-1")], [("Content-Length", "0x1")],
            [("Content-Length", "")], [("Content-Length", "99999999999999999999")], [("Content-Length", "١")],
            [("Transfer-Encoding", "xchunked")], [("Transfer-Encoding", "identity")], [("Transfer-Encoding", "gzip, chunked")],
            [("Transfer-Encoding", "chunked, identity")], [("Transfer-Encoding", "Chunked")], [("Transfer-Encoding", "")],
            [("Transfer-Encoding", "chunked"), ("transfer-encoding", "chunked")],
            [("Host", "b")], [("host", "a")],
        ]
    )
    func ambiguous(extra: [(String, String)]) {
        #expect(refusal(verdict(.POST, "/", [("Host", "a")] + extra))?.code == .malformed)
    }

    @Test("A Host is a host and a port", arguments: ["", "a,b", "a b", "a/b", "user@a", "a?b", "a#b", "a\\b", "ä", "a\u{1}"])
    func oddHost(value: String) {
        #expect(refusal(verdict(.GET, "/", [("Host", value)]))?.status == .badRequest)
    }

    @Test("Hosts of every kind are accepted", arguments: ["a", "A.b-c:8080", "127.0.0.1:1", "[::1]:80", "a_b", "%41"])
    func goodHost(value: String) throws {
        _ = try shape(verdict(.GET, "/", [("Host", value)]))
    }

    @Test("HTTP/1.1 needs a Host, HTTP/1.0 does not, other versions are refused")
    func hostAndVersion() throws {
        #expect(refusal(verdict(.GET, "/", []))?.status == .badRequest)
        let old = try shape(verdict(.GET, "/", [], version: .http1_0))
        #expect(old.isHTTP10 && old.isLast && !old.mayHaveReadyAnswer)
        #expect(refusal(verdict(version: HTTPVersion(major: 1, minor: 2)))?.status == .badRequest)
        #expect(refusal(verdict(.POST, "/", [("Transfer-Encoding", "chunked")], version: .http1_0))?.status == .badRequest)
    }

    @Test(
        "A target of no known form is refused",
        arguments: [
            (HTTPMethod.GET, "*"), (.GET, "x"), (.GET, "/#a"), (.GET, "/a b"), (.GET, "/\u{7f}"), (.GET, "/é"), (.GET, ""),
            (.CONNECT, "a:1"), (.GET, "a:1"), (.GET, "http://b/"), (.GET, "http://u@a/"), (.GET, "http:///"), (.GET, "ftp://a/"),
            (.GET, "http:/a/"), (.GET, "http://a,a/"),
        ]
    )
    func oddTarget(method: HTTPMethod, uri: String) {
        #expect(refusal(verdict(method, uri))?.code == .malformed)
    }

    @Test(
        "An absolute target that agrees with Host is brought into origin form",
        arguments: [
            ("http://a/x?y", "/x?y"), ("HTTPS://A", "/"), ("http://a?b=/", "/?b=/"), ("http://a//", "//"),
        ])
    func absolute(uri: String, path: String) throws {
        let shape = try shape(verdict(.GET, uri))
        #expect(shape.originForm == path)
        #expect(!shape.mayHaveReadyAnswer)
    }

    @Test("Targets, header bytes and header fields are limited")
    func limits() throws {
        #expect(refusal(verdict(.GET, "/" + String(repeating: "a", count: 4_096)))?.limit == .init(provided: 4_097, allowed: 4_096))
        _ = try shape(verdict(.GET, "/" + String(repeating: "a", count: 4_095)))
        #expect(refusal(verdict(.GET, "/", [("Host", "a"), ("X", String(repeating: "a", count: 16_384))]))?.code == .headersTooLarge)
        let many = (0..<63).map { ("X\($0)", "y") }
        _ = try shape(verdict(.GET, "/", [("Host", "a")] + many))
        #expect(refusal(verdict(.GET, "/", [("Host", "a")] + many + [("Y", "z")]))?.code == .headersTooLarge)
    }

    @Test("Only a plain GET may be answered from ready bytes")
    func plain() throws {
        #expect(try shape(verdict()).mayHaveReadyAnswer)
        #expect(try shape(verdict(.GET, "/", [("Host", "a"), ("Connection", "Keep-Alive"), ("If-None-Match", "x")])).mayHaveReadyAnswer)
        #expect(try !shape(verdict(.HEAD)).mayHaveReadyAnswer)
        for extra in [("Connection", "close"), ("Connection", "te"), ("Content-Length", "0"), ("Upgrade", "h2c"), ("Expect", "100-continue")] {
            #expect(try !shape(verdict(.GET, "/", [("Host", "a"), extra])).mayHaveReadyAnswer)
        }
    }

    @Test("The connection's end, the body and the expectation are read off the fields")
    func facts() throws {
        #expect(try shape(verdict(.GET, "/", [("Host", "a"), ("Connection", "TE,\tClose ")])).isLast)
        #expect(try !shape(verdict(.GET, "/", [("Host", "a"), ("Connection", "closed")])).isLast)
        #expect(try shape(verdict(.GET, "/", [("Host", "a"), ("Connection", "upgrade"), ("Upgrade", "h2c")])).isLast)
        #expect(try shape(verdict(.POST, "/", [("Host", "a"), ("Content-Length", "007")])).body == .length(7))
        #expect(try shape(verdict(.POST, "/", [("Host", "a"), ("Transfer-Encoding", "chunked")])).body == .chunked)
        let expecting = [("Host", "a"), ("Expect", "100-Continue")]
        #expect(try shape(verdict(.POST, "/", expecting + [("Content-Length", "1")])).expectsContinue)
        #expect(try !shape(verdict(.POST, "/", expecting)).expectsContinue)
        #expect(refusal(verdict(.POST, "/", [("Host", "a"), ("Expect", "x")]))?.status == .expectationFailed)
    }
}
