import ArgumentParser
import GateCore
import Testing

@testable import GateServer

@Suite("The client's address")
struct ClientAddressTests {
    struct Case: Sendable {
        var peer: String?
        var forwarded: [String]
        var trusted: String?
        var expected: String

        init(_ peer: String?, _ forwarded: [String], _ trusted: String?, _ expected: String) {
            (self.peer, self.forwarded, self.trusted, self.expected) = (peer, forwarded, trusted, expected)
        }
    }

    static let cases = [
        // Nobody is trusted, or not this peer.
        Case("10.0.0.1", ["203.0.113.9"], nil, "10.0.0.1"), Case("198.51.100.1", ["203.0.113.9"], "10.0.0.0/8", "198.51.100.1"),
        Case(nil, ["203.0.113.9"], "10.0.0.0/8", "unknown"), Case("10.0.0.1", [], "10.0.0.0/8", "10.0.0.1"),
        // What the proxy says, and not what the client made up before it.
        Case("10.0.0.1", ["203.0.113.9"], "10.0.0.0/8", "203.0.113.9"), Case("10.0.0.1", ["1.2.3.4, 203.0.113.9"], "10.0.0.0/8", "203.0.113.9"),
        Case("10.0.0.1", ["1.2.3.4", "203.0.113.9"], "10.0.0.0/8", "203.0.113.9"),
        // Proxies behind each other, and nobody but proxies.
        Case("10.0.0.1", ["1.2.3.4,203.0.113.9 , 10.9.9.9"], "10.0.0.0/8", "203.0.113.9"),
        Case("10.0.0.1", ["10.0.0.3,10.0.0.2"], "10.0.0.0/8", "10.0.0.3"),
        // What is no address ends the way.
        Case("10.0.0.1", ["203.0.113.9, unknown"], "10.0.0.0/8", "10.0.0.1"), Case("10.0.0.1", ["203.0.113.9, "], "10.0.0.0/8", "10.0.0.1"),
        Case("10.0.0.1", ["203.0.113.9, nonsense, 10.0.0.2"], "10.0.0.0/8", "10.0.0.2"),
        // Ports, version 6, version 4 in version 6.
        Case("10.0.0.1", ["203.0.113.9:4711"], "10.0.0.0/8", "203.0.113.9"), Case("10.0.0.1", ["[2001:db8::1]:443"], "10.0.0.0/8", "2001:db8::1"),
        Case("::1", ["2001:db8::1"], "::1", "2001:db8::1"), Case("::ffff:10.0.0.1", ["203.0.113.9"], "10.0.0.0/8", "203.0.113.9"),
        Case("10.0.0.1", ["203.0.113.9"], "10.0.0.1", "203.0.113.9"), Case("10.0.0.2", ["203.0.113.9"], "10.0.0.1", "10.0.0.2"),
    ]

    @Test("is the nearest that is no trusted proxy's", arguments: cases)
    func nearest(example: Case) throws {
        let trusted = try example.trusted.map { text throws(GateError) in try AddressRange(text) }
        #expect(ClientAddress.of(peer: example.peer, forwarded: example.forwarded, trusted: trusted) == example.expected)
    }

    @Test("counts failed logins: behind a trusted proxy each client's own, else the peer's whatever a header says", arguments: [true, false])
    func failedLogins(isTrusted: Bool) async throws {
        let proxy = isTrusted ? ["--trust-proxy", "127.0.0.1/32"] : []
        try await TestServer.running(["--limit", "failed_logins_per_minute=3"] + proxy) { server in
            func attempt(from client: String) async throws -> Int {
                try await server.get("/v1/feature_flags", by: "nonsense", [("X-Forwarded-For", "1.1.1.1, \(client)")]).status
            }
            var statuses: [Int] = []
            for last in [1, 1, 1, 1, 2] { statuses.append(try await attempt(from: "203.0.113.\(last)")) }
            #expect(statuses == [401, 401, 401, 429, isTrusted ? 401 : 429])
            server.clock.pass(seconds: 60)
            let later = try await attempt(from: "203.0.113.1")
            #expect(later == 401)
        }
    }

    @Test(
        "is not asked of everybody, or of what is no range: the server does not start",
        arguments: ["0.0.0.0/0", "::/0", "p", "10.0.0.0/33", "10/8", ""])
    func proxies(text: String) async throws {
        let options = try ServerOptions.parse(["--trust-proxy", text])
        let error = await #expect(throws: GateError.self) { _ = try await ServerConfiguration(options) }
        #expect(error?.code == .parameterInvalid && error?.detail.contains("--trust-proxy") == true)
    }
}
