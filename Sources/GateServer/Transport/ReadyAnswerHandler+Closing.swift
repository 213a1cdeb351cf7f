import Logging
import NIOCore
import NIOHTTP1

/// How a connection ends: by a refusal, with its last answer, at the peer's wish, or with the server.
extension ReadyAnswerHandler {
    // MARK: Refusing

    /// Makes a refusal the connection's last answer.
    func refuse(_ refusal: RequestRefusal, _ context: ChannelHandlerContext) {
        switch conversation.refuse() {
        case .ignore:
            return
        case .answer(let isAnswering):
            refused(refusal)
            logger.debug("Request refused.", metadata: ["code": "\(refusal.code)", "detail": "\(refusal.detail)"])
            socket?.write(NIOAny(IOData.byteBuffer(refusal.bytes)), promise: nil)
            finish(context)
            if isAnswering { context.fireErrorCaught(refusal) }
        case .abort:
            logger.debug("Response broken off.", metadata: ["code": "\(refusal.code)", "detail": "\(refusal.detail)"])
            context.fireErrorCaught(refusal)
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let refusal = refusal(for: error) else {
            return context.fireErrorCaught(error)
        }
        if conversation.isLastTaken { return }
        // While a request is being read, the error is its own. Otherwise it is the next one's, whose turn may not have come.
        let isTheNextOnes = conversation.isAnswering && !conversation.isReadingRequest
        if !held.isEmpty || isTheNextOnes {
            held.append(.refusal(refusal))
        } else {
            refuse(refusal, context)
        }
    }

    /// What a decoder's error means to the client; nil for errors that are not about the request.
    private func refusal(for error: any Error) -> RequestRefusal? {
        switch error {
        case let refusal as RequestRefusal:
            return refusal
        case HTTPParserError.headerOverflow:
            return watch?.isInsideRequestLine == true
                ? .targetTooLong(provided: nil, allowed: check.maximumTarget)
                : .headersTooLarge(bytes: check.maximumHeaders, fields: check.maximumFields)
        case let error as HTTPParserError:
            return .malformed("The request is not well-formed HTTP/1.1: \(error).")
        case is ByteToMessageDecoderError:
            return .malformed("The request is not well-formed HTTP/1.1.")
        default:
            return nil
        }
    }

    // MARK: Events

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent:
            held.removeAll()
            if conversation.quiesce() {
                closeAfterWrites(context, mode: .all, promise: nil)
            }
        case ChannelEvent.inputClosed:
            isInputClosed = true
            if held.isEmpty {
                context.fireUserInboundEventTriggered(event)
            } else {
                held.append(.inputClosed)
            }
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        switch event as? ConnectionSignal {
        case .refuse(let refusal) where !conversation.isOver:
            refuse(refusal, context)
            promise?.succeed()
        case .refuse, .expired:
            context.close(promise: promise)
        case .finishing, .lingering, nil:
            context.triggerUserOutboundEvent(event, promise: promise)
        }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        // Whoever works on a request behind is done with a connection that is not theirs any more.
        if hasLeft { return promise?.succeed() ?? () }
        if mode == .input { return context.close(mode: .input, promise: promise) }
        switch conversation.close() {
        case .afterWrites: closeAfterWrites(context, mode: mode, promise: promise)
        case .abort: context.close(promise: promise)
        case .ignore: context.channel.closeFuture.cascade(to: promise)
        }
    }

    // MARK: Closing

    /// The last answer has been written: says so to the peer, then waits for it to close.
    ///
    /// To close both directions at once would make the kernel answer what the peer is still sending with a reset, on which it may
    /// throw away the answer unread (RFC 9112 §9.6).
    func finish(_ context: ChannelHandlerContext) {
        closeAfterWrites(context, mode: .output, promise: nil)
    }

    private func closeAfterWrites(_ context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        held.removeAll()
        context.fireUserInboundEventTriggered(ConnectionSignal.finishing)
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in
            // NIO turns the second of two half-closes into a whole one.
            if mode == .all || self.isInputClosed {
                context.close(promise: promise)
            } else {
                context.close(mode: .output, promise: promise)
                context.fireUserInboundEventTriggered(ConnectionSignal.lingering)
                context.read()
            }
        }
        guard let socket else { return written.fail(ChannelError.ioOnClosedChannel) }
        socket.writeAndFlush(NIOAny(IOData.byteBuffer(ByteBuffer())), promise: written)
    }
}
