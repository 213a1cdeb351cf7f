import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// A server on a free port of the loopback that takes what webhooks send it, and answers as it is told to.
final class Receiver: Sendable {
    struct Message: Sendable {
        var fields: [String: String]
        var authority: String
        var body: String
    }

    private let state = Mutex<(messages: [Message], status: HTTPResponse.Status)>(([], .noContent))

    var messages: [Message] { state.withLock { $0.messages } }

    func answer(_ status: HTTPResponse.Status) { state.withLock { $0.status = status } }

    private func take(_ message: Message) -> HTTPResponse.Status {
        state.withLock { state in
            state.messages.append(message)
            return state.status
        }
    }

    /// Runs a receiver while the work is done, then shuts it down and waits for it.
    static func running(_ work: @escaping @Sendable (_ receiver: Receiver, _ port: Int) async throws -> Void) async throws {
        let receiver = Receiver()
        let router = Router()
        router.post("/gate") { request, _ in
            let body = try await request.body.collect(upTo: 1 << 20)
            let fields = request.headers.map { ($0.name.canonicalName, $0.value) }
            let status = receiver.take(
                Message(
                    fields: Dictionary(fields) { $1 }, authority: request.head.authority ?? "", body: String(buffer: body)))
            return Response(status: status)
        }
        let ports = AsyncStream<Int>.makeStream()
        var logger = Logger(label: "receiver")
        logger.logLevel = .critical
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { ports.continuation.yield($0.localAddress?.port ?? 0) }, logger: logger)
        let group = ServiceGroup(configuration: .init(services: [application], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { ports.continuation.finish() }
                try await group.run()
            }
            var iterator = ports.stream.makeAsyncIterator()
            let outcome: Swift.Result<Void, any Error>
            do {
                outcome = .success(try await work(receiver, await iterator.next() ?? 0))
            } catch {
                outcome = .failure(error)
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            try outcome.get()
        }
    }
}
