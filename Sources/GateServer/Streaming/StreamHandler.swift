import GateCore
import NIOCore

/// A connection that has become a stream of server-sent events.
///
/// It stands in front of the HTTP handlers, next to the socket or to TLS: from now on nothing that the client sends is read as a request, and
/// nothing that they write or close goes through. Events come as ready bytes, shared by all who get the same; each is one chunk and
/// one flush. A client that does not read is cut off: it is never waited for.
final class StreamHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    static let mostQueuedEvents = 64
    static let mostQueuedBytes = 256 * 1024
    /// What the kernel may hold for one stream: left alone it swallows megabytes before anybody notices that nothing is read.
    static let socketBuffer: SocketOptionValue = 16 * 1024
    /// How long a client has for taking the last bytes of a stream that ends.
    static let lastWords = Duration.seconds(2)

    let subscription: Subscription
    let startedAt: Timestamp
    /// The state that the client was last told of, and when.
    private(set) var seen: Position
    private var seenAt: Timestamp
    private(set) var lastWrite: NIODeadline
    private(set) var queuedEvents = 0
    private var queuedBytes = 0
    private var context: ChannelHandlerContext?
    private var isEnding = false
    /// Too much waited for a client that did not read.
    private(set) var isCutForSlowness = false
    private let onClose: (StreamHandler) -> Void

    /// - Parameter onClose: called once, on the loop, when the connection is gone.
    init(_ subscription: Subscription, seen: Position, now: Timestamp, deadline: NIODeadline, onClose: @escaping (StreamHandler) -> Void) {
        self.subscription = subscription
        self.seen = seen
        seenAt = now
        startedAt = now
        lastWrite = deadline
        self.onClose = onClose
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    /// The response's head, as it stands on the wire. The connection ends with the stream, and a client that keeps connections must know it.
    static func head(origin: String?, position: Position) -> ByteBuffer {
        var head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
        head += "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\n"
        head += "Vary: Origin, Cookie, Authorization\r\nGate-Revision: \(position)\r\n"
        if let origin {
            head += "Access-Control-Allow-Origin: \(origin)\r\nAccess-Control-Allow-Credentials: true\r\n"
            head += "Access-Control-Expose-Headers: \(CORS.exposed)\r\n"
        }
        return ByteBuffer(string: head + "\r\n")
    }

    /// One chunk of the chunked coding.
    static func chunk(_ bytes: some Collection<UInt8>) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeString(String(bytes.count, radix: 16) + "\r\n")
        buffer.writeBytes(bytes)
        buffer.writeString("\r\n")
        return buffer
    }

    /// Sends bytes; cuts the client off when too much waits for it already.
    ///
    /// - Parameter written: told whether they went to the socket.
    func send(_ bytes: ByteBuffer, at now: NIODeadline, written: ((Bool) -> Void)? = nil) {
        guard let context, !isEnding else { return written?(false) ?? () }
        guard queuedEvents < Self.mostQueuedEvents, queuedBytes + bytes.readableBytes <= Self.mostQueuedBytes else {
            written?(false)
            isCutForSlowness = true
            return cut()
        }
        queuedEvents += 1
        queuedBytes += bytes.readableBytes
        lastWrite = now
        let count = bytes.readableBytes
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { result in
            self.queuedEvents -= 1
            self.queuedBytes -= count
            if let written { if case .success = result { written(true) } else { written(false) } }
        }
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(bytes)), promise: promise)
    }

    /// Sends what tells the client of a state.
    func send(_ bytes: ByteBuffer, of state: Position, since moment: Timestamp, at now: NIODeadline, written: @escaping (Bool) -> Void) {
        (seen, seenAt) = (state, moment)
        send(bytes, at: now, written: written)
    }

    /// Breaks the connection off.
    func cut() {
        guard let context, !isEnding else { return }
        isEnding = true
        context.close(promise: nil)
    }

    /// Ends the stream in order: for a client that only hears when to fetch a last reason to do so, then a hint when to come again, the last
    /// chunk, and the end of the connection.
    func end(retryMilliseconds: Int = 1_000) {
        guard let context, !isEnding else { return }
        isEnding = true
        var last =
            switch subscription.form {
            case .answers: Self.chunk("retry: \(retryMilliseconds)\n\n".utf8)
            case .refetch: Self.chunk(RefetchEvent(position: seen, lastModified: seenAt).bytes(retryMilliseconds: retryMilliseconds))
            }
        last.writeString("0\r\n\r\n")
        let context_ = context
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(last))).assumeIsolated().whenComplete { _ in context_.close(promise: nil) }
        // Who does not take it is not waited for.
        context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(Self.lastWords)) { context_.close(promise: nil) }
    }

    // MARK: Inbound

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func channelReadComplete(context: ChannelHandlerContext) { context.read() }

    func channelInactive(context: ChannelHandlerContext) {
        isEnding = true
        onClose(self)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { cut() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent: end()
        case ChannelEvent.inputClosed: cut()
        default: break
        }
    }

    // MARK: Outbound, from the HTTP handlers behind

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        promise?.fail(ChannelError.ioOnClosedChannel)
    }

    func flush(context: ChannelHandlerContext) {}

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        promise?.succeed()
    }
}
