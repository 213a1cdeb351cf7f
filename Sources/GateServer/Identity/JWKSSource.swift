import AsyncHTTPClient
import GateCore
import Logging
import NIOCore
import Synchronization

/// The keys for users' tokens as last read, and the way to read them again.
///
/// Fail-closed at the start (no keys, no server), fail-static later: a refresh that fails keeps the keys there are.
final class JWKSSource: Sendable {
    /// The keys, and a number that rises whenever they change: what was verified under another number is not trusted.
    struct Current: Sendable {
        let keys: KeySet
        let generation: Int
    }

    typealias Reader = @Sendable () async throws(GateError) -> [UInt8]

    static let refreshInterval = TimeSpan(seconds: 60)

    private let state: Mutex<Current>
    private let turn = RefreshTurn(interval: refreshInterval)
    private let name: String
    private let logger: Logger
    private let clock: @Sendable () -> Timestamp
    private let read: Reader

    /// Reads the keys for the first time. This reading does not count as the minute's refresh.
    ///
    /// - Parameters:
    ///   - name: what logs and errors call the source; no secrets in it.
    ///   - clock: the present time.
    ///   - read: gives the JWKS document.
    /// - Throws: what `read` throws, or `parameter_invalid` where the document has no usable key.
    init(name: String, logger: Logger, clock: @escaping @Sendable () -> Timestamp, read: @escaping Reader) async throws(GateError) {
        let keys = try await Self.load(read, name: name)
        state = Mutex(Current(keys: keys, generation: 1))
        self.name = name
        self.logger = logger
        self.clock = clock
        self.read = read
        logSkipped(keys)
    }

    /// The same from a file or URL.
    convenience init(
        _ location: JWKSLocation, logger: Logger, clock: @escaping @Sendable () -> Timestamp,
        on eventLoopGroup: any EventLoopGroup = HTTPClient.defaultEventLoopGroup
    ) async throws(GateError) {
        try await self.init(name: location.name, logger: logger, clock: clock) { () async throws(GateError) -> [UInt8] in
            try await location.read(on: eventLoopGroup)
        }
    }

    var current: Current { state.withLock { $0 } }

    var generation: Int { state.withLock { $0.generation } }

    /// Reads the keys again, unless that was begun within the last minute; then it returns at once.
    /// A failure is logged and changes nothing.
    func refresh() async {
        await turn.take(now: clock()) { [self] in
            do throws(GateError) {
                adopt(try await Self.load(read, name: name))
            } catch {
                logger.warning(
                    "the key set could not be refreshed; the keys read before stay", metadata: ["source": "\(name)", "error": "\(error.detail)"])
            }
        }
    }

    private func adopt(_ keys: KeySet) {
        let generation: Int? = state.withLock { current in
            guard !keys.hasSameKeys(as: current.keys) else { return nil }
            current = Current(keys: keys, generation: current.generation + 1)
            return current.generation
        }
        guard let generation else { return }
        logger.notice(
            "the keys for user tokens have changed", metadata: ["source": "\(name)", "keys": "\(keys.keys.count)", "generation": "\(generation)"])
        logSkipped(keys)
    }

    private func logSkipped(_ keys: KeySet) {
        guard !keys.skipped.isEmpty else { return }
        logger.warning(
            "keys of the key set are passed over",
            metadata: ["source": "\(name)", "count": "\(keys.skipped.count)", "keys": .array(keys.skipped.map { .string($0) })])
    }

    private static func load(_ read: Reader, name: String) async throws(GateError) -> KeySet {
        let bytes = try await read()
        do { return try await KeySet(jwks: bytes) } catch { throw GateError(error.code, "\(name): \(error.detail)", limit: error.limit) }
    }
}
