import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import GateServer

/// Answers every path that begins with `/hot`, and counts.
private final class HotPaths: ReadyAnswers {
    var asked: [String] = []
    var size = 0

    func answer(to head: HTTPRequestHead, remoteAddress: SocketAddress?) -> ByteBuffer? {
        asked.append(head.uri)
        guard head.uri.hasPrefix("/hot") else { return nil }
        let body = head.uri + String(repeating: ".", count: size)
        return ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }
}

/// Stands for Hummingbird: keeps the heads that reach it, and asks for more.
private final class Route: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    var parts: [HTTPServerRequestPart] = []
    var errors: [any Error] = []
    var isInputClosed = false
    var heads: [String] {
        parts.compactMap { if case .head(let head) = $0 { head.uri } else { nil } }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        parts.append(unwrapInboundIn(data))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        errors.append(error)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed = event as? ChannelEvent { isInputClosed = true }
    }
}

/// One connection in memory, with the handlers under test between the decoder and a route.
private struct Wire {
    let channel = EmbeddedChannel()
    let answers = HotPaths()
    let route = Route()
    let watch = RequestLineWatch()

    init(limits: RequestDeadlines.Limits = .init()) throws {
        let handler = ReadyAnswerHandler(answers: answers, watch: watch, logger: Logger(label: "test"))
        let decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes))
        let deadline = RequestDeadlineHandler(limits: limits, watch: watch)
        try channel.pipeline.syncOperations.addHandlers([watch, decoder, HTTPResponseEncoder(), handler, deadline, route])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    func send(_ text: String) throws {
        try channel.writeInbound(ByteBuffer(string: text))
        // What a socket's channel does by itself.
        channel.read()
    }

    func get(_ paths: String...) throws {
        try send(paths.map { "GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
    }

    func respond(_ text: String, _ headers: [(String, String)] = []) throws {
        let all = HTTPHeaders([("Content-Length", "\(text.utf8.count)")] + headers)
        channel.write(HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: all)), promise: nil)
        channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: text))), promise: nil)
        channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
        channel.embeddedEventLoop.run()
    }

    /// All that has gone out since the last call.
    func sent() throws -> String {
        var text = ""
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: bytes) }
        return text
    }

    func bodies() throws -> [String] {
        try sent().components(separatedBy: "\r\n\r\n").dropFirst().map {
            $0.components(separatedBy: "HTTP/1.1")[0]
        }
    }
}

extension String {
    /// The pieces between occurrences of a separator.
    fileprivate func components(separatedBy separator: String) -> [String] {
        var pieces: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            pieces.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return pieces + [String(rest)]
    }
}

@Suite("Ready answer handler")
struct ReadyAnswerHandlerTests {
    @Test("A hot GET is answered without reaching the route")
    func hot() throws {
        let wire = try Wire()
        try wire.get("/hot")
        #expect(try wire.bodies() == ["/hot"])
        #expect(wire.route.parts.isEmpty)
        #expect(wire.channel.isActive)
    }

    @Test("What is not hot reaches the route unchanged")
    func cold() throws {
        let wire = try Wire()
        try wire.send("POST /hot HTTP/1.1\r\nHost: a\r\nX: y\r\nContent-Length: 3\r\n\r\nabc")
        #expect(wire.answers.asked.isEmpty)
        #expect(
            wire.route.parts == [
                .head(
                    HTTPRequestHead(
                        version: .http1_1, method: .POST, uri: "/hot", headers: ["Host": "a", "X": "y", "Content-Length": "3"]
                    )
                ),
                .body(ByteBuffer(string: "abc")), .end(nil),
            ]
        )
    }

    @Test("Pipelined requests are answered in their order, hot or not")
    func order() throws {
        let wire = try Wire()
        try wire.get("/hot1", "/cold1", "/hot2", "/cold2", "/hot3")
        #expect(try wire.bodies() == ["/hot1"])
        #expect(wire.route.heads == ["/cold1"])
        try wire.respond("cold1")
        #expect(try wire.bodies() == ["cold1", "/hot2"])
        #expect(wire.route.heads == ["/cold1", "/cold2"])
        try wire.respond("cold2")
        #expect(try wire.bodies() == ["cold2", "/hot3"])
    }

    @Test("A request that comes while another is answered waits")
    func waits() throws {
        let wire = try Wire()
        try wire.get("/cold")
        try wire.get("/hot")
        #expect(try wire.sent() == "")
        wire.channel.write(HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: .processing)), promise: nil)
        wire.channel.flush()
        wire.channel.embeddedEventLoop.run()
        #expect(wire.answers.asked == ["/cold"])
        try wire.respond("cold")
        #expect(try wire.sent().hasSuffix("/hot"))
    }

    @Test("A head split over many reads is answered when it is whole")
    func split() throws {
        let wire = try Wire()
        for character in "GET /hot HTTP/1.1\r\nHost: a\r\n\r\n" { try wire.send(String(character)) }
        #expect(try wire.bodies() == ["/hot"])
    }

    @Test("A client that does not read is not read from")
    func backPressure() throws {
        let wire = try Wire()
        wire.answers.size = 10_000
        wire.channel.isWritable = false
        wire.channel.pipeline.fireChannelWritabilityChanged()
        try wire.get("/hot1", "/hot2", "/hot3")
        #expect(wire.answers.asked.isEmpty)
        #expect(try wire.sent() == "")
        wire.channel.isWritable = true
        wire.channel.pipeline.fireChannelWritabilityChanged()
        #expect(wire.answers.asked == ["/hot1", "/hot2", "/hot3"])
        #expect(try wire.bodies().count == 3)
    }

    @Test("A refusal waits for the answers before it, and nothing after it is taken")
    func refusalInTurn() throws {
        let wire = try Wire()
        try wire.get("/cold")
        try wire.send("GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\nGET /hot HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try wire.sent() == "")
        try wire.respond("cold")
        let text = try wire.sent()
        #expect(text.contains("cold") && text.contains("400 Bad Request") && !text.contains("/hot"))
        #expect(wire.route.heads == ["/cold"])
    }

    @Test("A decoder's error behind an unanswered request waits its turn")
    func parserErrorInTurn() throws {
        let wire = try Wire()
        try wire.get("/cold")
        try wire.send("GET /x HTTP/1.1\nHost: a\r\n\r\n")
        #expect(try wire.sent() == "")
        try wire.respond("cold")
        #expect(try wire.sent().contains("request_malformed"))
    }

    @Test("A body that goes wrong ends the request for its route, too")
    func brokenBody() throws {
        let wire = try Wire()
        try wire.send("POST /cold HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
        #expect(try wire.sent().hasPrefix("HTTP/1.1 400 "))
        #expect(wire.route.errors.count == 1)
        try wire.respond("too late")
        #expect(try wire.sent() == "")
    }

    @Test("An answer is broken off when its request turns out broken")
    func brokenOff() throws {
        let wire = try Wire()
        try wire.send("POST /cold HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
        wire.channel.writeAndFlush(HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: .ok)), promise: nil)
        _ = try wire.sent()
        try wire.send("zz\r\n")
        #expect(try wire.sent() == "")
        #expect(!wire.channel.isActive)
    }

    @Test("An expectation is answered before the body")
    func expectation() throws {
        let wire = try Wire()
        try wire.send("POST /cold HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
        #expect(try wire.sent() == "HTTP/1.1 100 Continue\r\n\r\n")
        #expect(wire.route.heads == ["/cold"])
    }

    @Test("The end of the client's input is passed on behind what came before it")
    func halfClosed() throws {
        let wire = try Wire()
        try wire.get("/cold", "/hot")
        wire.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(!wire.route.isInputClosed)
        try wire.respond("cold")
        #expect(wire.route.isInputClosed)
        #expect(try wire.bodies() == ["cold", "/hot"])
    }

    @Test("A target beyond what the decoder takes is called too long, headers beyond it too large")
    func overflow() throws {
        let target = try Wire()
        try target.send("GET /" + String(repeating: "a", count: 3_000))
        try target.send(String(repeating: "a", count: 100_000))
        #expect(try target.sent().hasPrefix("HTTP/1.1 414 "))

        let header = try Wire()
        try header.send("GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "a", count: 3_000))
        try header.send(String(repeating: "a", count: 100_000))
        #expect(try header.sent().hasPrefix("HTTP/1.1 431 "))
    }

    @Test("A slow head is refused, a connection without one is closed, a stream is left alone")
    func deadlines() throws {
        let slow = try Wire()
        try slow.send("GET / HT")
        slow.channel.embeddedEventLoop.advanceTime(by: .seconds(4))
        try slow.send("TP")
        slow.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1_100))
        #expect(try slow.sent().hasPrefix("HTTP/1.1 408 "))

        let silent = try Wire()
        silent.channel.embeddedEventLoop.advanceTime(by: .seconds(6))
        #expect(!silent.channel.isActive)

        let idle = try Wire()
        try idle.get("/hot")
        idle.channel.embeddedEventLoop.advanceTime(by: .seconds(59))
        #expect(idle.channel.isActive)
        idle.channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        #expect(!idle.channel.isActive)

        let stream = try Wire()
        try stream.get("/cold")
        stream.channel.embeddedEventLoop.advanceTime(by: .hours(24))
        #expect(stream.channel.isActive)
        try stream.respond("at last")
        #expect(try stream.bodies() == ["at last"])
    }

    @Test("A body that drips is refused")
    func slowBody() throws {
        let wire = try Wire()
        try wire.send("POST /cold HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n")
        for _ in 0..<11 {
            try wire.send("x")
            wire.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        }
        #expect(try wire.sent().hasPrefix("HTTP/1.1 408 "))
        #expect(wire.route.errors.count == 1)
    }
}
