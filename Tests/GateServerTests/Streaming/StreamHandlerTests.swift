import GateCore
import NIOCore
import NIOEmbedded
import Testing

@testable import GateServer

/// One stream, on a connection that takes bytes when the test says so.
@Suite("Stream handler")
struct StreamHandlerTests {
    /// Keeps what is written until it is told that the client has taken it.
    private final class Socket: ChannelDuplexHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundIn = IOData

        private(set) var written: [String] = []
        private var waiting: [EventLoopPromise<Void>] = []

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            if case .byteBuffer(let bytes) = unwrapOutboundIn(data) { written.append(String(buffer: bytes)) }
            if let promise { waiting.append(promise) }
        }

        func flush(context: ChannelHandlerContext) {}

        func take() {
            let taken = waiting
            waiting = []
            for promise in taken { promise.succeed() }
        }

        func handlerRemoved(context: ChannelHandlerContext) {
            for promise in waiting { promise.fail(ChannelError.ioOnClosedChannel) }
            waiting = []
        }
    }

    private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    private static let expiry = Timestamp(microseconds: 2_000_000)
    private static let lastWords = "d\r\nretry: 1000\n\n\r\n0\r\n\r\n"

    private let channel = EmbeddedChannel()
    private let socket = Socket()
    private let stream: StreamHandler
    private let streams: StreamLoop

    init() throws {
        let user = UserIdentity(company: CompanyID(unchecked: "acme"), user: UserID(unchecked: "ann"), expiresAt: Self.expiry)
        let subscription = Subscription(
            .user(user), Subject(company: user.company, user: user.user), keyGeneration: 1, lastEventID: nil, origin: nil)
        let seen = Position(incarnation: "0123456789abcdef", revision: 1)
        stream = StreamHandler(subscription, seen: seen, now: Timestamp(microseconds: 0), deadline: Self.start) { _ in }
        streams = StreamLoop(channel.eventLoop)
        try channel.pipeline.syncOperations.addHandlers([socket, stream])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        streams.add(stream)
    }

    private func finish() {
        stream.cut()
        _ = try? channel.finish(acceptAlreadyClosed: true)
    }

    private func tick(_ seconds: Double, now: Timestamp = Timestamp(microseconds: 0), generation: Int = 1) {
        streams.tick(now: now, keyGeneration: generation, at: Self.start + .milliseconds(Int64(seconds * 1_000)))
    }

    @Test("A heartbeat comes after fifteen seconds of silence, and not sooner")
    func heartbeat() {
        defer { finish() }
        let ping = "7\r\n: ping\n\r\n"
        tick(14.9)
        #expect(socket.written == [])
        tick(15)
        tick(16)
        #expect(socket.written == [ping])
        stream.send(ByteBuffer(string: "event"), at: Self.start + .seconds(20))
        tick(30)
        tick(34.9)
        #expect(socket.written == [ping, "event"])
        tick(35)
        #expect(socket.written == [ping, "event", ping])
    }

    @Test("Who does not read is cut off at 64 events or 256 KiB, and the write counts as not written", arguments: [1, 64 * 1_024, 256 * 1_024])
    func cut(bytes: Int) {
        defer { finish() }
        var outcomes: [Bool] = []
        let event = ByteBuffer(repeating: 0x20, count: bytes)
        let fitting = min(64, 256 * 1_024 / bytes)
        for _ in 0..<fitting { stream.send(event, at: Self.start) { outcomes.append($0) } }
        #expect(channel.isActive && stream.queuedEvents == fitting && outcomes == [])
        // What was taken makes room again.
        socket.take()
        #expect(stream.queuedEvents == 0 && outcomes == Array(repeating: true, count: fitting))
        outcomes = []
        for _ in 0..<fitting { stream.send(event, at: Self.start) { outcomes.append($0) } }
        #expect(channel.isActive)
        stream.send(ByteBuffer(string: "x"), at: Self.start) { outcomes.append($0) }
        #expect(!channel.isActive && stream.isCutForSlowness && socket.written.count == 2 * fitting)
        // The handlers leave in a turn of the loop of their own.
        channel.embeddedEventLoop.run()
        #expect(outcomes == Array(repeating: false, count: fitting + 1))
    }

    @Test("A stream that ends says when to come again, and waits two seconds for that to be taken", arguments: [true, false])
    func end(isTaken: Bool) {
        defer { finish() }
        stream.end()
        stream.end()
        #expect(socket.written == [Self.lastWords] && channel.isActive)
        var outcomes: [Bool] = []
        stream.send(ByteBuffer(string: "late"), at: Self.start) { outcomes.append($0) }
        #expect(outcomes == [false])
        if isTaken {
            socket.take()
        } else {
            channel.embeddedEventLoop.advanceTime(by: .milliseconds(1_999))
            #expect(channel.isActive)
            channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        }
        #expect(!channel.isActive && socket.written == [Self.lastWords])
    }

    @Test("A stream ends when its token expires, and when the keys behind it change")
    func credential() throws {
        defer { finish() }
        tick(1, now: Timestamp(microseconds: Self.expiry.microseconds - 1))
        #expect(socket.written == [])
        tick(2, now: Self.expiry)
        #expect(socket.written == [Self.lastWords])
        let other = try StreamHandlerTests()
        defer { other.finish() }
        other.tick(1, generation: 2)
        #expect(other.socket.written == [Self.lastWords])
    }

    @Test("Nothing that stands behind it writes or closes; the server's wish to stop ends it, and the client's cuts it", arguments: [true, false])
    func behind(isServers: Bool) {
        defer { finish() }
        var isFailed = false
        channel.writeAndFlush("a response").assumeIsolated().whenFailure { _ in isFailed = true }
        channel.close(promise: nil)
        #expect(isFailed && channel.isActive && socket.written == [])
        if isServers {
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        } else {
            channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }
        #expect(channel.isActive == isServers && socket.written == (isServers ? [Self.lastWords] : []))
    }
}
