import NIOCore
import NIOHTTP1

/// Stands in front of the decoder and remembers what the decoder does not tell: whether the beginning of a request has come
/// that is not a head yet, and whether that beginning is still within its first line.
///
/// On the way of a request that arrives whole it looks at one byte. Where a request begins in the middle of a read, behind the
/// end of another, it is noticed with the next read: until then the connection counts as an idle one.
final class RequestLineWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

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
    /// What is being decoded right now.
    private var reading: ByteBuffer?
    private var hasStopped = false

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
        if hasStopped { return }
        let buffer = unwrapInboundIn(data)
        if position == .betweenRequests {
            // llhttp skips any line ends in front of a request. A lone line feed is no line end here.
            if buffer.readableBytesView.first == UInt8(ascii: "\n") {
                hasStopped = true
                context.fireErrorCaught(RequestRefusal.malformed("A line ends with CR and LF."))
                return
            }
            position = .requestLine
        }
        reading = buffer
        context.fireChannelRead(data)
        reading = nil
        if position == .requestLine, buffer.readableBytesView.contains(UInt8(ascii: "\n")) {
            position = .headers
        }
    }
}
