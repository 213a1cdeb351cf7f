import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Synchronization

@testable import GateServer

/// A real Hummingbird server on a free port of the loopback, with `.gate(…)` connections.
///
/// `/hot…` is answered from ready bytes, `/cold…` by a route, `/slow` after `release`, `/stream` as a stream of one byte before and
/// one after it, `/echo` with the request's body. `executed` holds every path that any of them has seen.
struct LiveServer: Sendable {
    /// What a test sees of the server and tells it.
    final class Desk: Sendable {
        private let gate = AsyncStream<Void>.makeStream()
        private let seen = Mutex<[String]>([])

        var executed: [String] { seen.withLock { $0 } }

        fileprivate func saw(_ path: String) { seen.withLock { $0.append(path) } }

        /// Lets `/slow` and `/stream` go on.
        func release() { gate.continuation.finish() }

        fileprivate func wait() async {
            for await _ in gate.stream {}
        }
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
            server: .gate(configuration),
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
}
