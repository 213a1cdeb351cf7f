import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Synchronization

@testable import GateServer

/// A real Hummingbird server on a free port of the loopback, with `.gate(…)` connections.
///
/// `/hot…` is answered from ready bytes, `/cold…` by a route, `/slow` after `release`, `/stream` as a stream of one byte before and
/// one after it, `/echo` with the request's body, `/taken` by taking the connection over. `executed` holds every path that any of them has seen.
struct LiveServer: Sendable {
    /// What a test sees of the server and tells it.
    final class Desk: Sendable {
        private let gate = AsyncStream<Void>.makeStream()
        private let seen = Mutex<[String]>([])
        private let ended = AsyncStream<Void>.makeStream()

        var executed: [String] { seen.withLock { $0 } }

        fileprivate func saw(_ path: String) { seen.withLock { $0.append(path) } }

        /// Lets `/slow` and `/stream` go on.
        func release() { gate.continuation.finish() }

        fileprivate func wait() async {
            for await _ in gate.stream {}
        }

        /// Returns once the task of a connection has ended.
        func taskEnded() async {
            for await _ in ended.stream { return }
        }

        fileprivate func endedTask() { ended.continuation.yield() }
    }

    let port: Int
    let desk: Desk
    let shutDown: @Sendable () async -> Void

    /// Runs a server while the work is done, then shuts it down and waits for it.
    static func running(
        _ configuration: GateHTTPChannel.Configuration = .init(),
        _ work: @escaping @Sendable (LiveServer) async throws -> Void
    ) async throws {
        let desk = Desk()
        var configuration = configuration
        configuration.answers = ReadyAnswersTable { _ in Hot(desk: desk) }
        let ports = AsyncStream<Int>.makeStream()
        var logger = Logger(label: "live")
        logger.logLevel = .error
        let app = Application(
            router: router(desk),
            server: HTTPServerBuilder { [configuration] responder in
                Told(channel: GateHTTPChannel(responder: responder, configuration: configuration), desk: desk)
            },
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { ports.continuation.yield($0.localAddress?.port ?? 0) },
            logger: logger
        )
        let group = ServiceGroup(configuration: .init(services: [app], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var iterator = ports.stream.makeAsyncIterator()
            let port = await iterator.next() ?? 0
            let server = LiveServer(port: port, desk: desk, shutDown: { await group.triggerGracefulShutdown() })
            let outcome: Result<Void, any Error>
            do { outcome = .success(try await work(server)) } catch { outcome = .failure(error) }
            desk.release()
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            try outcome.get()
        }
    }

    private static func router(_ desk: Desk) -> Router<BasicRequestContext> {
        let router = Router()
        router.get("/cold/**") { request, _ in
            desk.saw(request.uri.string)
            return request.uri.string
        }
        router.get("/slow") { request, _ in
            desk.saw(request.uri.string)
            await desk.wait()
            return "slow"
        }
        router.get("/stream") { request, _ in
            desk.saw(request.uri.string)
            return Response(
                status: .ok,
                body: ResponseBody { writer in
                    try await writer.write(ByteBuffer(string: "begun"))
                    await desk.wait()
                    try await writer.write(ByteBuffer(string: "ended"))
                    try await writer.finish(nil)
                }
            )
        }
        router.get("/large") { _, _ in String(repeating: "x", count: 8_000_000) }
        router.post("/echo") { request, _ in
            desk.saw(request.uri.string)
            return try await Response(status: .ok, body: .init(byteBuffer: request.body.collect(upTo: 1_000_000)))
        }
        return router
    }
}

/// Tells when a connection's task has ended.
private struct Told: ServerChildChannel {
    let channel: GateHTTPChannel
    let desk: LiveServer.Desk

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<GateHTTPChannel.Value> {
        self.channel.setup(channel: channel, logger: logger)
    }

    func handle(value: GateHTTPChannel.Value, logger: Logger) async {
        await channel.handle(value: value, logger: logger)
        desk.endedTask()
    }
}

/// Has taken a connection over, and tells whoever says something what the pipeline holds.
private final class Taken: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(ByteBuffer(string: context.pipeline.debugDescription))), promise: nil)
    }

    func channelReadComplete(context: ChannelHandlerContext) { context.read() }

    /// Whoever waited for requests is done with a connection that is not theirs any more.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) { promise?.succeed() }
}

/// Ready bytes for every path that begins with `/hot`; `/hot/large` gives many.
private final class Hot: ReadyAnswers {
    private let desk: LiveServer.Desk

    init(desk: LiveServer.Desk) {
        self.desk = desk
    }

    func answer(to head: HTTPRequestHead, remoteAddress: SocketAddress?) -> ByteBuffer? {
        guard head.uri.hasPrefix("/hot"), remoteAddress != nil else { return nil }
        desk.saw(head.uri)
        let body = head.uri + (head.uri == "/hot/large" ? String(repeating: "x", count: 50_000) : "")
        return ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    func takeOver(_ head: HTTPRequestHead, _ channel: any Channel) -> Bool {
        guard head.uri == "/taken" else { return false }
        let taken = Taken()
        let pipeline = channel.pipeline.syncOperations
        guard (try? pipeline.addHandler(taken, position: .before(pipeline.handler(type: RequestLineWatch.self)))) != nil else { return false }
        GateHTTPChannel.leaveHTTP(to: taken, on: channel)
        return true
    }
}
