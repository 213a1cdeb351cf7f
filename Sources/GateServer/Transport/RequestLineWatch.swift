import NIOCore
import NIOHTTP1

/// Stands in front of the decoder and remembers what the decoder does not tell: whether the beginning of a request has come
/// that is not a head yet, whether that beginning is still within its first line, and who is waiting for whom.
///
/// It looks at no byte of a request that arrives whole. Where a request begins in the middle of a read, behind the end of another,
/// it is noticed with the next read: until then the connection counts as an idle one.
final class RequestLineWatch: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    /// Where in a request the connection's input is.
    enum Position: Equatable {
        case betweenRequests
        case requestLine
        case headers
        case body
    }

    private(set) var position = Position.betweenRequests
    /// A request has come whole.
    private(set) var hasHeardRequest = false
    /// The socket has been asked for bytes that have not come: whatever is late is the client's doing.
    private(set) var isReadAsked = false
    /// What is being decoded right now.
    private var reading: ByteBuffer?

    /// Bytes of a head have come, but not all of them.
    var isInsideHead: Bool { position == .requestLine || position == .headers }

    /// To be asked while the decoder reports an overflow: whether it is the request target that was too long.
    var isInsideRequestLine: Bool {
        guard position == .requestLine else { return false }
        return reading.map { !$0.readableBytesView.contains(UInt8(ascii: "\n")) } ?? true
    }

    /// To be told of every part that the decoder yields.
    func decoded(_ part: HTTPServerRequestPart) {
        switch part {
        case .head, .body: position = .body
        case .end:
            position = .betweenRequests
            hasHeardRequest = true
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        if position == .betweenRequests { position = .requestLine }
        reading = buffer
        context.fireChannelRead(data)
        reading = nil
        if position == .requestLine, buffer.readableBytesView.contains(UInt8(ascii: "\n")) {
            position = .headers
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReadAsked = false
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        isReadAsked = true
        context.read()
    }
}
