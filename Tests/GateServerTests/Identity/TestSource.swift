import GateCore
import Logging
import Synchronization

@testable import GateServer

/// A source of keys whose document, clock and failures the test decides.
final class TestSource: Sendable {
    struct State: Sendable {
        var document: [UInt8]
        var now: Timestamp
        var reads = 0
        var fails = false
        /// Run during the next reading, before it answers.
        var during: (@Sendable () async -> Void)?
    }

    let state: Mutex<State>
    let log = TestLog()

    init(_ document: [UInt8], now: Timestamp = TestClaims.now) { state = Mutex(State(document: document, now: now)) }

    var reads: Int { state.withLock { $0.reads } }

    func set(_ document: [UInt8]) { state.withLock { $0.document = document } }

    func pass(seconds: Int64) { state.withLock { $0.now = $0.now + TimeSpan(seconds: seconds) } }

    func read() async throws(GateError) -> [UInt8] {
        let (document, fails, during) = state.withLock { state in
            state.reads += 1
            defer { state.during = nil }
            return (state.document, state.fails, state.during)
        }
        await during?()
        guard !fails else { throw GateError(.parameterInvalid, "the source is away") }
        return document
    }

    func open() async throws(GateError) -> JWKSSource {
        let clock: @Sendable () -> Timestamp = { self.state.withLock { $0.now } }
        return try await JWKSSource(name: "test", logger: log.logger, clock: clock) { () async throws(GateError) -> [UInt8] in
            try await self.read()
        }
    }
}

/// Keeps what is logged.
final class TestLog: Sendable {
    private let kept = Mutex<[String]>([])

    var lines: [String] { kept.withLock { $0 } }

    var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

    private struct Handler: LogHandler {
        let log: TestLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { log.kept.withLock { $0.append("\(event.level) \(event.message) \(event.metadata ?? [:])") } }
    }
}
