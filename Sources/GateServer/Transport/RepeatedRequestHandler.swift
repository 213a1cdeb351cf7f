import NIOCore
import NIOHTTP1

/// Answers a request whose bytes are those of the one before it, without parsing them again.
///
/// Clients that ask again and again send the same bytes on the same connection. When a read held exactly one whole request that was
/// answered from ready bytes, this handler keeps those bytes with the answer's maker; when the next read is the same to the byte, and
/// nothing is owed or begun on the connection, the maker is asked at once. It decides anew each time (identity, rate, state); when it
/// has no answer, the bytes go the usual way. So there is one HTTP parser, and this is only its memory.
final class RepeatedRequestHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = IOData

    /// The longest request that is remembered, in bytes.
    static let longest = 8_192
    /// So often a repeated request goes the usual way all the same, for the handlers that measure idleness.
    static let refresh = TimeAmount.seconds(5)

    private let watch: RequestLineWatch
    private let answerer: ReadyAnswerHandler
    private var request = ByteBuffer()
    private var prepared: (any PreparedAnswer)?
    private var usualAt = NIODeadline.uptimeNanoseconds(0)
    private var needsFlush = false
    private var hasFired = false

    init(watch: RequestLineWatch, answerer: ReadyAnswerHandler) {
        self.watch = watch
        self.answerer = answerer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        let isFresh = answerer.isIdle && watch.position == .betweenRequests
        if let prepared, isFresh, buffer == request, context.channel.isWritable, context.eventLoop.now - usualAt < Self.refresh,
            let bytes = prepared.bytes()
        {
            context.write(wrapOutboundOut(.byteBuffer(bytes)), promise: nil)
            needsFlush = true
            return
        }
        hasFired = true
        usualAt = context.eventLoop.now
        answerer.readLog = ReadyAnswerHandler.ReadLog()
        context.fireChannelRead(data)
        guard isFresh, answerer.isIdle, watch.position == .betweenRequests, buffer.readableBytes <= Self.longest,
            let head = answerer.readLog.onlyReady, let answers = answerer.answers
        else {
            prepared = nil
            return
        }
        // Kept from the second time on: most connections ask for something once.
        if buffer == request { prepared = prepared ?? answers.prepare(head) } else { (request, prepared) = (buffer, nil) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if needsFlush {
            needsFlush = false
            context.flush()
        }
        guard hasFired else { return context.read() }
        hasFired = false
        context.fireChannelReadComplete()
    }
}
