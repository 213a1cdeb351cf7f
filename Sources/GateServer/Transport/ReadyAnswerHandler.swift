import Logging
import NIOCore
import NIOHTTP1

/// Takes one request after the other: answers it from ready bytes, refuses it, or lets it through to its route.
///
/// Ready bytes go to the socket past the encoder, and are flushed once a read is used up. What comes while an answer is owed, or
/// while the peer does not take the bytes that lie there already, is held back, and nothing more is read: what a client can make
/// the server keep is what fits into one read. `Conversation` holds the states; what
/// goes out is in `ReadyAnswerHandler+Outbound`, the ways it all ends in `ReadyAnswerHandler+Closing`.
final class ReadyAnswerHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// What came and has to wait its turn.
    enum Held {
        case part(HTTPServerRequestPart)
        case refusal(RequestRefusal)
        case inputClosed
    }

    /// What one read came to.
    struct ReadLog {
        fileprivate(set) var parts = 0
        fileprivate(set) var ready: HTTPRequestHead?

        /// The head of the read's only request, when that was answered from ready bytes.
        var onlyReady: HTTPRequestHead? { parts == 2 ? ready : nil }
    }

    let answers: (any ReadyAnswers)?
    let watch: RequestLineWatch?
    let admission: ConnectionLimit.Admission
    let check: RequestHeadCheck
    let refused: (RequestRefusal) -> Void
    let logger: Logger

    var conversation = Conversation()
    var held = CircularBuffer<Held>(initialCapacity: 1)
    var isInputClosed = false
    var hasLeft = false
    var readLog = ReadLog()
    /// Nothing is owed, begun or held back.
    var isIdle: Bool { conversation.isFree && held.isEmpty && ready == nil && !hasLeft }
    /// The encoder's context: what is written through it has passed the encoder.
    var socket: ChannelHandlerContext?
    /// The answer to the GET whose head was read and whose end was not.
    private var ready: ByteBuffer?
    private var needsFlush = false
    /// Someone behind wants to read, and may not yet.
    var isReadHeld = false
    private var isReleasing = false
    private var remoteAddress: SocketAddress?

    /// - Parameters:
    ///   - answers: of this channel's event loop; nil: every request goes to its route.
    ///   - watch: of this channel.
    ///   - admission: a connection that is not admitted is refused as soon as it is active.
    ///   - refused: told of each request that gets a refusal for an answer.
    init(
        answers: (any ReadyAnswers)?,
        watch: RequestLineWatch? = nil,
        admission: ConnectionLimit.Admission = .admitted,
        check: RequestHeadCheck = RequestHeadCheck(),
        refused: @escaping (RequestRefusal) -> Void = { _ in },
        logger: Logger
    ) {
        self.answers = answers
        self.watch = watch
        self.admission = admission
        self.check = check
        self.refused = refused
        self.logger = logger
    }

    func handlerAdded(context: ChannelHandlerContext) {
        // The encoder is added before this handler: without it, no answer could be told from another's bytes.
        socket = try? context.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
        precondition(socket != nil, "ReadyAnswerHandler needs an HTTPResponseEncoder in front of it.")
        if context.channel.isActive { activate(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        socket = nil
        held.removeAll()
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        activate(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        _ = conversation.close()
        held.removeAll()
        context.fireChannelInactive()
    }

    private func activate(_ context: ChannelHandlerContext) {
        remoteAddress = context.remoteAddress
        switch admission {
        case .admitted: break
        case .excess(let allowed): refuse(.tooManyConnections(allowed: allowed), context)
        case .surplus: context.close(promise: nil)
        }
    }

    // MARK: Inbound

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        watch?.decoded(part)
        readLog.parts += 1
        if conversation.isOver { return }
        if held.isEmpty, mayTake(part, context) {
            take(part, context)
        } else {
            held.append(.part(part))
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        flushReady()
        context.fireChannelReadComplete()
        // Nobody behind asks any more; the peer's close is to be seen.
        if conversation.isOver { context.read() }
    }

    /// A head waits until nothing is owed and the peer takes what it was sent.
    private func mayTake(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) -> Bool {
        guard case .head = part else { return true }
        guard conversation.isFree else { return false }
        if context.channel.isWritable { return true }
        flushReady()
        return context.channel.isWritable
    }

    private func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .head(let head):
            take(head, context)
        case .body:
            context.fireChannelRead(wrapInboundOut(part))
        case .end:
            if let bytes = ready {
                ready = nil
                needsFlush = true
                socket?.write(NIOAny(IOData.byteBuffer(bytes)), promise: nil)
            } else {
                conversation.requestEnded()
                context.fireChannelRead(wrapInboundOut(part))
            }
        }
    }

    private func take(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        switch check.check(head) {
        case .refuse(let refusal):
            refuse(refusal, context)
        case .accept(let shape):
            if shape.mayHaveReadyAnswer, let bytes = answers?.answer(to: head, remoteAddress: remoteAddress) {
                ready = bytes
                readLog.ready = head
                return
            }
            if shape.mayHaveReadyAnswer, answers?.takeOver(head, context.channel) == true { return leave() }
            conversation.take(shape)
            if shape.expectsContinue {
                needsFlush = true
                socket?.write(NIOAny(IOData.byteBuffer(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n"))), promise: nil)
            }
            var head = head
            if let originForm = shape.originForm { head.uri = originForm }
            context.fireChannelRead(wrapInboundOut(.head(head)))
        }
    }

    /// Another handler has taken the connection over: nothing that comes from behind goes out any more.
    func leave() {
        hasLeft = true
        held.removeAll()
        _ = conversation.close()
    }

    /// Takes what was held back, as far as that is possible by now.
    func release(_ context: ChannelHandlerContext) {
        if isReleasing || conversation.isOver { return }
        isReleasing = true
        var hasTaken = false
        while !conversation.isOver, let next = held.first {
            if case .part(let part) = next, !mayTake(part, context) { break }
            held.removeFirst()
            hasTaken = true
            switch next {
            case .part(let part): take(part, context)
            case .refusal(let refusal): refuse(refusal, context)
            case .inputClosed: context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
            }
        }
        isReleasing = false
        if hasTaken { channelReadComplete(context: context) }
        if isReadHeld { read(context: context) }
    }

    private func flushReady() {
        guard needsFlush else { return }
        needsFlush = false
        socket?.flush()
    }
}
