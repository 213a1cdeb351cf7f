import NIOCore
import Testing

@testable import GateServer

/// The whole pipeline, over real sockets.
@Suite("Gate HTTP channel", .timeLimit(.minutes(1)))
struct GateHTTPChannelTests {
    private static func get(_ path: String, _ extra: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: a\r\n\(extra)\r\n"
    }

    private static let post = "POST /echo HTTP/1.1\r\nHost: a\r\n"
    private static let chunked = post + "Transfer-Encoding: chunked\r\n\r\n"
    /// What must not be executed when it follows a malformed request.
    private static let smuggled = "GET /hot/smuggled HTTP/1.1\r\nHost: a\r\n\r\nGET /cold/smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test("Hot and cold requests on one connection, one after the other")
    func oneAfterTheOther() async throws {
        try await LiveServer.running { server in
            try await RawClient.connected(to: server.port) { client in
                for path in ["/hot/1", "/cold/1", "/hot/2", "/cold/2"] {
                    try await client.send(Self.get(path))
                    try await client.read(until: path)
                }
                try await client.send(Self.post + "Content-Length: 5\r\n\r\nhello")
                try await client.read(until: "hello")
                try await client.send(Self.chunked + "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nT: u\r\n\r\n")
                try await client.read(until: "abcdefg")
                try await client.send(Self.get("/cold/last", "Connection: Close\r\n"))
                let text = try await client.readToEnd()
                #expect(text.contains("/cold/last"))
                #expect(text.lowercased().contains("connection: close"))
            }
        }
    }

    @Test(
        "A connection that was taken over keeps no HTTP handler, and no task waits for its requests",
        arguments: ["", "GET /cold/1 HTTP/1.1\r\nHost: a\r\n\r\n"])
    func takenOver(behind: String) async throws {
        try await LiveServer.running { server in
            try await RawClient.connected(to: server.port) { client in
                try await client.send(Self.get("/hot/1"))
                try await client.read(until: "/hot/1")
                try await client.send(Self.get("/taken") + behind)
                await server.desk.taskEnded()
                // The decoder leaves in a turn of its own.
                var text = ""
                for _ in 0..<50 where text.isEmpty || text.contains("ByteToMessageHandler") {
                    try await client.send("what is there?")
                    text = try await client.readMore() ?? ""
                }
                #expect(text.contains("Taken"))
                for gone in [
                    "RepeatedRequestHandler", "RequestLineWatch", "ByteToMessageHandler", "HTTPResponseEncoder", "ReadyAnswerHandler",
                    "RequestDeadlineHandler",
                    "HTTP1ToHTTPServerCodec",
                ] { #expect(!text.contains(gone), "\(gone)") }
            }
            #expect(server.desk.executed == ["/hot/1"])
        }
    }

    @Test("Pipelined requests are answered in their order")
    func pipelined() async throws {
        try await LiveServer.running { server in
            let paths = (0..<200).map { $0 % 3 == 1 ? "/cold/\($0)" : "/hot/\($0)" }
            try await RawClient.connected(to: server.port) { client in
                try await client.send(paths.map { Self.get($0) }.joined() + Self.get("/cold/end", "Connection: close\r\n"))
                let text = try await client.readToEnd()
                var rest = text[...]
                for path in paths + ["/cold/end"] {
                    let found = try #require(rest.firstRange(of: "\r\n\r\n\(path)"), "\(path) is missing or out of order")
                    rest = rest[found.upperBound...]
                }
            }
            #expect(server.desk.executed == paths + ["/cold/end"])
        }
    }

    @Test("A client that closes its half gets all its answers", arguments: ["/hot/large", "/large"])
    func halfClosed(path: String) async throws {
        try await LiveServer.running { server in
            try await RawClient.connected(to: server.port) { client in
                try await client.send(Self.get(path) + Self.get("/cold/1") + Self.get(path) + Self.get("/hot/end"))
                client.closeOutput()
                #expect(try await client.readToEnd().hasSuffix("/hot/end"))
            }
        }
    }

    @Test("A last answer is not cut short by the moment a client has to close after it")
    func slowReader() async throws {
        try await LiveServer.running(.init(deadlines: .init(linger: .milliseconds(100)))) { server in
            try await RawClient.connected(to: server.port) { client in
                try await client.send(Self.get("/large", "Connection: close\r\n"))
                var count = 0
                try await client.drain(until: "\r\n\r\n", slowly: .milliseconds(400)) { count += $0 }
                #expect(count > 8_000_000)
            }
        }
    }

    @Test("A client that sends and does not read makes the server keep little, and is served when it reads")
    func endless() async throws {
        try await LiveServer.running { server in
            try await RawClient.connected(to: server.port) { client in
                try await client.send(String(repeating: Self.get("/hot/large"), count: 600) + Self.get("/hot/end"))
                // The answers are 30 MB. Sockets take a few of them; then the server must stop asking for more.
                try await Task.sleep(for: .milliseconds(300))
                #expect(server.desk.executed.count < 400)
                var count = 0
                try await client.drain(until: "/hot/end", slowly: .zero) { count += $0 }
                #expect(count > 30_000_000)
            }
            #expect(server.desk.executed.count == 601)
        }
    }

    @Test(
        "A malformed request is answered 400 and closed, and nothing behind it is executed",
        arguments: [
            post + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            post + "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n",
            post + "Transfer-Encoding: xchunked\r\n\r\n", post + "Transfer-Encoding: identity\r\n\r\n",
            post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", post + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
            post + "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", post + "Transfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n",
            post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            post + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
            post + "Content-Length: 1, 1\r\n\r\nx", post + "Content-Length: +1\r\n\r\nx", post + "Content-Length: -1\r\n\r\nx",
            post + "Content-Length: 0x1\r\n\r\nx", post + "Content-Length: 1 1\r\n\r\nx", post + "Content-Length:\r\n\r\nx",
            post + "Content-Length : 1\r\n\r\nx", post + "Content-Length: 99999999999999999999\r\n\r\nx",
            "GET /hot/x HTTP/1.1\nHost: a\n\n", "GET /hot/x HTTP/1.1\nHost: a\r\n\r\n", "GET /hot/x HTTP/1.1\r\nHost: a\nX: y\r\n\r\n",
            "GET /hot/x HTTP/1.1\r\nHost: a\r\n\n",
            "GET /hot/x HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", "GET /hot/x HTTP/1.1\r\nHost: a\r\r\n\r\n",
            "GET /hot/x HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", "GET /hot/x HTTP/1.1\r\n Host: a\r\n\r\n",
            "GET /hot/x HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", "GET /hot/x HTTP/1.1\r\nHost: a\r\nX\0: a\r\n\r\n",
            "GET /hot/x HTTP/1.1\r\nHost: a\r\nX: \u{1}\r\n\r\n", "GET /hot/x HTTP/1.1\r\nHost: a\r\nX: \u{7f}\r\n\r\n",
            "GET /hot/\0 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /hot/\u{1} HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /hot/é HTTP/1.1\r\nHost: a\r\n\r\n", "GET /hot/#x HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /hot/x HTTP/1.1\r\n\r\n", "GET /hot/x HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "GET /hot/x HTTP/1.1\r\nHost: a, b\r\n\r\n",
            "GET /hot/x HTTP/1.1\r\nHost : a\r\n\r\n", "GET /hot/x HTTP/1.1\r\nHost: a\r\nfoo\r\n\r\n",
            "GET /hot/x HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n",
            "GET http://b/hot/x HTTP/1.1\r\nHost: a\r\n\r\n", "GET http://a@b/hot/x HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET * HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /hot/x HTTP/2.0\r\nHost: a\r\n\r\n",
            "GET /hot/x HTTP/1.1 \r\nHost: a\r\n\r\n", "GET /hot/x\r\n\r\n", "FOO /hot/x HTTP/1.1\r\nHost: a\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\u{16}\u{3}\u{1}",
            chunked + "-1\r\nx\r\n0\r\n\r\n", chunked + "0x1\r\nx\r\n0\r\n\r\n", chunked + "\r\nx\r\n0\r\n\r\n", chunked + "1 \r\nx\r\n0\r\n\r\n",
            chunked + "fffffffffffffffff\r\nx\r\n0\r\n\r\n", chunked + "1\nx\r\n0\r\n\r\n", chunked + "1\r\nx\n0\r\n\r\n",
            chunked + "1\r\nxyz\r\n0\r\n\r\n", chunked + "1;a\nx\r\n0\r\n\r\n", chunked + "0\r\n\n", chunked + "0\r\nA: b\r\n c\r\n\r\n",
            chunked + "0\r\nContent-Length: 5\r\n\r\n",
        ]
    )
    func malformed(request: String) async throws {
        try await LiveServer.running { server in
            try await RawClient.connected(to: server.port) { client in
                try await client.send(request + Self.smuggled)
                let text = try await client.readToEnd()
                #expect(text.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
                #expect(text.contains("Content-Type: application/problem+json\r\n"))
                #expect(text.contains("Connection: close\r\n"))
                #expect(text.contains(#""code":"request_malformed""#))
                #expect(text.components(of: "\r\n\r\n") == 1)
            }
            #expect(!server.desk.executed.contains { $0.contains("smuggled") || $0.contains("hot") })
        }
    }

    @Test(
        "Limits on the target and the headers are answered by their own statuses",
        arguments: [
            ("GET /\(String(repeating: "a", count: 4_096)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
            ("GET /\(String(repeating: "a", count: 100_000)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "a", count: 16_384))\r\n\r\n", 431),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "a", count: 100_000))\r\n\r\n", 431),
            ("GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: y\r\n", count: 64) + "\r\n", 431),
            ("GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: y\r\n", count: 4_000) + "\r\n", 431),
            ("GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", 417),
        ])
    func limits(request: String, status: Int) async throws {
        try await LiveServer.running { server in
            try await RawClient.connected(to: server.port) { client in
                try await client.send(request)
                #expect(try await client.readToEnd().hasPrefix("HTTP/1.1 \(status) "))
            }
            #expect(server.desk.executed.isEmpty)
        }
    }

    @Test(
        "Latitudes that are harmless are taken",
        arguments: [
            "\r\nGET /hot/x HTTP/1.1\r\nHost: a\r\n\r\n", "GET http://a/cold/hot/x HTTP/1.1\r\nHost: A\r\n\r\n",
            "GET /hot/x HTTP/1.1\r\nhOsT:a\r\nCONNECTION:\tkeep-alive\r\n\r\n",
        ])
    func harmless(request: String) async throws {
        try await LiveServer.running { server in
            try await RawClient.connected(to: server.port) { client in
                try await client.send(request)
                try await client.read(until: "/hot/x")
                #expect(client.received.hasPrefix("HTTP/1.1 200 "))
            }
        }
    }

    @Test("An HTTP/1.0 client gets its stream unchunked, to the connection's end")
    func old() async throws {
        try await LiveServer.running { server in
            server.desk.release()
            try await RawClient.connected(to: server.port) { client in
                try await client.send("GET /stream HTTP/1.0\r\n\r\n")
                let text = try await client.readToEnd()
                #expect(text.hasPrefix("HTTP/1.0 200 "))
                #expect(text.hasSuffix("\r\n\r\nbegunended"))
            }
        }
    }

    @Test("A request for another protocol is answered in this one, and the connection ends")
    func upgrade() async throws {
        try await LiveServer.running { server in
            try await RawClient.connected(to: server.port) { client in
                try await client.send(Self.get("/cold/x", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n") + Self.smuggled)
                let text = try await client.readToEnd()
                #expect(text.hasSuffix("/cold/x"))
            }
            #expect(server.desk.executed == ["/cold/x"])
        }
    }

    private static let hasty = GateHTTPChannel.Configuration(
        deadlines: .init(head: .seconds(1), body: .seconds(1), idle: .seconds(1), linger: .milliseconds(100))
    )

    @Test(
        "Clients that drip, stall or say nothing are closed",
        arguments: [
            ("GET /hot/x HTT", "408"), (post + "Content-Length: 10\r\n\r\nabc", "408"), (chunked + "5\r\nab", "408"), ("", ""),
            (get("/hot/x"), "200"), (get("/cold/x"), "200"),
        ])
    func deadlines(request: String, status: String) async throws {
        // What is answered has all the time to arrive: only what follows is hurried.
        let idling = GateHTTPChannel.Configuration(
            deadlines: .init(head: .seconds(60), body: .seconds(60), idle: .seconds(3), linger: .milliseconds(100)))
        try await LiveServer.running(status == "200" ? idling : Self.hasty) { server in
            try await RawClient.connected(to: server.port) { client in
                try await client.send(request)
                let text = try await client.readToEnd()
                #expect(status.isEmpty ? text.isEmpty : text.hasPrefix("HTTP/1.1 \(status) "))
            }
        }
    }

    @Test("A stream outlives every deadline")
    func stream() async throws {
        try await LiveServer.running(Self.hasty) { server in
            try await RawClient.connected(to: server.port) { client in
                try await client.send(Self.get("/stream"))
                try await client.read(until: "begun")
                try await Task.sleep(for: .milliseconds(2_500))
                server.desk.release()
                try await client.read(until: "ended")
                #expect(client.received.contains("ended"))
            }
        }
    }

    @Test("Connections beyond the limit get a 503, and a place when one is free")
    func connectionLimit() async throws {
        try await LiveServer.running(.init(connections: ConnectionLimit(maximum: 2))) { server in
            try await RawClient.connected(to: server.port) { first in
                try await first.send(Self.get("/hot/1"))
                try await first.read(until: "/hot/1")
                try await RawClient.connected(to: server.port) { second in
                    try await second.send(Self.get("/hot/2"))
                    try await second.read(until: "/hot/2")
                    for _ in 0..<20 {
                        try await RawClient.connected(to: server.port) { third in
                            let text = try await third.readToEnd()
                            #expect(text.hasPrefix("HTTP/1.1 503 "))
                            #expect(text.contains("Retry-After: 1\r\n"))
                        }
                    }
                }
                // The place is free once the server has seen the close.
                var isServed = false
                while !isServed {
                    isServed = try await RawClient.connected(to: server.port) { fourth in
                        try? await fourth.send(Self.get("/cold/4", "Connection: close\r\n"))
                        return try await fourth.readToEnd().hasPrefix("HTTP/1.1 200 ")
                    }
                }
                try await first.send(Self.get("/hot/5"))
                try await first.read(until: "/hot/5")
            }
        }
    }

    @Test("On shutdown idle connections close at once, a busy one has its answer first")
    func shutdown() async throws {
        try await LiveServer.running { server in
            try await RawClient.connected(to: server.port) { busy in
                try await busy.send(Self.get("/slow"))
                while !server.desk.executed.contains("/slow") { try await Task.sleep(for: .milliseconds(5)) }
                try await RawClient.connected(to: server.port) { idle in
                    try await idle.send(Self.get("/hot/1"))
                    try await idle.read(until: "/hot/1")
                    await server.shutDown()
                    #expect(try await idle.readToEnd().hasSuffix("/hot/1"))
                }
                try await busy.send(Self.smuggled)
                server.desk.release()
                let text = try await busy.readToEnd()
                #expect(text.hasSuffix("slow"))
                #expect(text.lowercased().contains("connection: close"))
            }
            #expect(server.desk.executed == ["/slow", "/hot/1"])
        }
    }
}

extension String {
    /// How often a text occurs.
    fileprivate func components(of text: String) -> Int {
        ranges(of: text).count
    }
}
