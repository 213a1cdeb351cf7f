import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// A server's connection: one HTTP/1.1 parser, the transport's protections, ready answers, and Hummingbird for all else.
///
/// From the socket inwards: `RepeatedRequestHandler`, `RequestLineWatch`, NIO's decoder and encoder, `ReadyAnswerHandler`, `RequestDeadlineHandler`, the
/// translation into `HTTPTypes`, and the channel that Hummingbird reads requests from. TLS, where there is any, goes in front.
struct GateHTTPChannel: ServerChildChannel, HTTPChannelHandler {
    typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    /// What connections of one listener have in common.
    struct Configuration: Sendable {
        /// Shared by listeners that are to be counted together.
        var connections = ConnectionLimit()
        var deadlines = RequestDeadlines.Limits()
        var heads = RequestHeadCheck()
        /// nil: every request goes to its route.
        var answers: ReadyAnswersTable?
        /// Requests came by https.
        var isSecure = false
        /// Told of each request that is refused before any route sees it.
        var refused: @Sendable (RequestRefusal) -> Void = { _ in }
        /// Bytes that one read takes at most. What a client sends ahead of its turn is bounded by that.
        var readBytes = 16_384
    }

    let responder: HTTPChannelHandler.Responder
    let configuration: Configuration

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let connections = configuration.connections
        let admission = connections.entered()
        channel.closeFuture.whenComplete { _ in connections.left(admission) }
        return channel.eventLoop.makeCompletedFuture {
            try setOptions(of: channel)
            try addHandlers(to: channel.pipeline.syncOperations, loop: channel.eventLoop, admission: admission, logger: logger)
            return try NIOAsyncChannel(wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        }
    }

    func handle(value: Value, logger: Logger) async {
        await handleHTTP(asyncChannel: value, logger: logger)
    }

    /// One read for each turn of the event loop, of a bounded size.
    private func setOptions(of channel: any Channel) throws {
        guard let options = channel.syncOptions else { return }
        try options.setOption(.maxMessagesPerRead, value: 1)
        let allocator = AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 2_048, maximum: max(2_048, configuration.readBytes))
        try options.setOption(.recvAllocator, value: allocator)
    }

    private func addHandlers(
        to pipeline: ChannelPipeline.SynchronousOperations,
        loop: any EventLoop,
        admission: ConnectionLimit.Admission,
        logger: Logger
    ) throws {
        let watch = RequestLineWatch()
        // The decoder counts the target and the fields together. `RequestHeadCheck` counts them exactly.
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderListSize = configuration.heads.maximumTarget + configuration.heads.maximumHeaders
        limits.maxHeaderFieldSize = limits.maxHeaderListSize
        limits.maxHeaderFieldCount = configuration.heads.maximumFields
        let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)

        let answerer = ReadyAnswerHandler(
            answers: configuration.answers?.answers(on: loop), watch: watch, admission: admission, check: configuration.heads,
            refused: configuration.refused, logger: logger)
        if configuration.answers != nil { try pipeline.addHandler(RepeatedRequestHandler(watch: watch, answerer: answerer)) }
        try pipeline.addHandlers([watch, ByteToMessageHandler(decoder), HTTPResponseEncoder()])
        try pipeline.addHandler(answerer)
        try pipeline.addHandler(RequestDeadlineHandler(limits: configuration.deadlines, watch: watch))
        try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: configuration.isSecure))
    }
}

extension HTTPServerBuilder {
    /// Builds a server whose connections are `GateHTTPChannel`s, for `Application(…, server: .gate(…))`, also as the base of
    /// `.tls(.gate(…), tlsConfiguration: …)`.
    static func gate(_ configuration: GateHTTPChannel.Configuration = .init()) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in
            GateHTTPChannel(responder: responder, configuration: configuration)
        }
    }
}
