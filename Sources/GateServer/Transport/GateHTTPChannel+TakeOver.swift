import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// How a connection stops being HTTP, for good.
extension GateHTTPChannel {
    /// What the task that waited for a connection's requests is told: none will come.
    struct TakenOver: Error {}

    /// Takes the HTTP handlers out, and ends the task that waited for requests: from then on the connection costs what `handler` costs.
    ///
    /// In a turn of the loop of its own: this one may belong to the decoder, or to the route that gave the connection away.
    ///
    /// - Parameter handler: stands between the socket and the HTTP handlers, and lets nothing of theirs through.
    static func leaveHTTP(to handler: any ChannelHandler, on channel: any Channel) {
        channel.eventLoop.assumeIsolated().execute {
            let pipeline = channel.pipeline.syncOperations
            // Gone where the connection closed in the meantime: then so has all else.
            guard let context = try? pipeline.context(handler: handler) else { return }
            for handler in httpHandlers(of: pipeline) { pipeline.removeHandler(handler, promise: nil) }
            context.fireErrorCaught(TakenOver())
        }
    }

    /// Those that can be removed, each before what it writes through.
    private static func httpHandlers(of pipeline: ChannelPipeline.SynchronousOperations) -> [any RemovableChannelHandler] {
        let found: [(any RemovableChannelHandler)?] = [
            try? pipeline.handler(type: RepeatedRequestHandler.self), try? pipeline.handler(type: HTTP1ToHTTPServerCodec.self),
            try? pipeline.handler(type: RequestDeadlineHandler.self), try? pipeline.handler(type: ReadyAnswerHandler.self),
            try? pipeline.handler(type: HTTPResponseEncoder.self), try? pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self),
            try? pipeline.handler(type: RequestLineWatch.self),
        ]
        return found.compactMap { $0 }
    }
}
