import NIOCore
import NIOHTTP1

/// Closes a connection whose client takes too long over a request, or has none.
///
/// Stands behind `ReadyAnswerHandler`: requests answered from ready bytes never come here, and all they cost is a look at the clock
/// at the end of a read. A connection has one timer, which is set again when it goes off; it is moved only towards an earlier time.
final class RequestDeadlineHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let limits: RequestDeadlines.Limits
    private let watch: RequestLineWatch
    private var deadlines: RequestDeadlines?
    private var timer: Scheduled<Void>?
    private var timerDeadline = NIODeadline.distantFuture
    /// When it was last looked at.
    private var waitingBytes = Int.max

    init(limits: RequestDeadlines.Limits, watch: RequestLineWatch) {
        self.limits = limits
        self.watch = watch
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { start(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        stop()
    }

    func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        stop()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: deadlines?.headEnded(now: context.eventLoop.now)
        case .body(let bytes): deadlines?.bodyContinued(bytes: bytes.readableBytes)
        case .end: deadlines?.requestEnded(now: context.eventLoop.now)
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        deadlines?.readEnded(
            isInsideHead: watch.isInsideHead,
            hasHeardRequest: watch.hasHeardRequest,
            now: context.eventLoop.now
        )
        arm(context)
        context.fireChannelReadComplete()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) {
            deadlines?.responseEnded(now: context.eventLoop.now)
            arm(context)
        }
        context.write(data, promise: promise)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event as? ConnectionSignal {
        case .finishing: deadlines?.finish(now: context.eventLoop.now)
        case .lingering: deadlines?.linger(now: context.eventLoop.now)
        case .refuse, .expired, nil: return context.fireUserInboundEventTriggered(event)
        }
        arm(context)
    }

    private func start(_ context: ChannelHandlerContext) {
        if deadlines != nil { return }
        deadlines = RequestDeadlines(limits, now: context.eventLoop.now)
        arm(context)
    }

    private func stop() {
        timer?.cancel()
        timer = nil
        deadlines = nil
    }

    /// Sees to it that the timer goes off no later than the deadline.
    private func arm(_ context: ChannelHandlerContext) {
        guard let deadline = deadlines?.deadline, timer == nil || deadline < timerDeadline else { return }
        timer?.cancel()
        timerDeadline = deadline
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.expire(context) }
    }

    /// The timer went off: acts if the deadline it was set for is still the connection's.
    private func expire(_ context: ChannelHandlerContext) {
        timer = nil
        let now = context.eventLoop.now
        guard let deadlines, let deadline = deadlines.deadline else { return }
        if deadline > now { return arm(context) }
        switch deadlines.verdict {
        case .closeIfStill where isTakingBytes(context):
            self.deadlines?.excuse(now: now)
            arm(context)
        case .close, .closeIfStill:
            context.triggerUserOutboundEvent(ConnectionSignal.expired, promise: nil)
        case .refuse where !watch.isReadAsked:
            self.deadlines?.excuse(now: now)
            arm(context)
        case .refuse(let refusal):
            context.triggerUserOutboundEvent(ConnectionSignal.refuse(refusal), promise: nil)
        }
    }

    /// Whether bytes that were waiting to be sent have been taken since the last question, at a rate worth waiting for.
    private func isTakingBytes(_ context: ChannelHandlerContext) -> Bool {
        let waiting = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        defer { waitingBytes = waiting }
        return waiting > 0 && waitingBytes - waiting >= limits.leastBytesTaken
    }
}
