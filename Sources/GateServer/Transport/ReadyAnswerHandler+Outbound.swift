import NIOCore
import NIOHTTP1

/// What goes towards the socket: the routes' answers, and the wish to read more.
extension ReadyAnswerHandler {
    func read(context: ChannelHandlerContext) {
        isReadHeld = !conversation.isOver && (!held.isEmpty || conversation.isFree && !context.channel.isWritable)
        if !isReadHeld { context.read() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        context.fireChannelWritabilityChanged()
        if context.channel.isWritable { release(context) }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head):
            guard conversation.respond(with: &head) else { break }
            return context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body:
            guard conversation.isAnswering else { break }
            return context.write(data, promise: promise)
        case .end:
            switch conversation.respondEnd() {
            case .drop:
                break
            case .finish:
                context.write(data, promise: promise)
                return finish(context)
            case .goOn:
                context.write(data, promise: promise)
                // In a turn of the loop of its own: this one belongs to whoever writes.
                if !held.isEmpty || isReadHeld {
                    context.eventLoop.assumeIsolated().execute { self.release(context) }
                }
                return
            }
        }
        promise?.fail(ChannelError.ioOnClosedChannel)
    }
}
