import AsyncHTTPClient
import GateCore
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

/// A stream of server-sent events, read while a test does something else.
final class OpenStream: Sendable {
    struct Event: Sendable {
        var name: String
        var id: String
        var data: JSONValue
    }

    private struct State: Sendable {
        var text = ""
        var hasEnded = false
    }

    private let state = Mutex(State())

    /// Everything that has come.
    var text: String { state.withLock { $0.text } }
    var hasEnded: Bool { state.withLock { $0.hasEnded } }

    /// The events that have come whole.
    var events: [Event] {
        text.components("\n\n").dropLast().compactMap { block in
            var event = Event(name: "", id: "", data: .null)
            for line in block.split(separator: "\n") {
                if line.hasPrefix("event: ") { event.name = String(line.dropFirst(7)) }
                if line.hasPrefix("id: ") { event.id = String(line.dropFirst(4)) }
                if line.hasPrefix("data: ") { event.data = (try? JSONParser.parse(String(line.dropFirst(6)))) ?? .null }
            }
            return event.data == .null ? nil : event
        }
    }

    /// Opens the stream, does the work while it is read, and hangs up.
    static func following<Result: Sendable>(
        _ path: String, of server: TestServer, by token: String? = nil, _ headers: [(String, String)] = [],
        _ work: @escaping @Sendable (OpenStream) async throws -> Result
    ) async throws -> Result {
        var request = HTTPClientRequest(url: server.url + path)
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        try #require(response.status == .ok)
        #expect(response.headers.first(name: "Content-Type") == "text/event-stream")
        let stream = OpenStream()
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                do {
                    for try await piece in response.body { stream.state.withLock { $0.text += String(buffer: piece) } }
                    stream.state.withLock { $0.hasEnded = true }
                } catch is CancellationError {}
            }
            let result: Swift.Result<Result, any Error>
            do { result = .success(try await work(stream)) } catch { result = .failure(error) }
            tasks.cancelAll()
            return try result.get()
        }
    }

    /// The first events, as soon as there are so many.
    func first(_ count: Int) async throws -> [Event] {
        for _ in 0..<1_000 where events.count < count { try await Task.sleep(for: .milliseconds(10)) }
        try #require(events.count >= count, "only \(text)")
        return Array(events.prefix(count))
    }

    /// Waits for the server to end it.
    func end() async throws {
        for _ in 0..<1_000 where !hasEnded { try await Task.sleep(for: .milliseconds(10)) }
        try #require(hasEnded)
    }
}

extension String {
    fileprivate func components(_ separator: String) -> [String] {
        split(separator: separator, omittingEmptySubsequences: false).map { String($0) }
    }
}
