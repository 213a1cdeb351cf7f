import GateCore
import Logging
import ServiceLifecycle
import Synchronization

/// Notes when API tokens were used, and writes it down now and then.
final class TokenUses: Service {
    private let uses = Mutex<[TokenID: Timestamp]>([:])
    private let interval: Duration
    private let logger: Logger
    private let write: @Sendable ([TokenID: Timestamp]) async throws -> Void

    init(every interval: Duration = .seconds(5), logger: Logger, write: @escaping @Sendable ([TokenID: Timestamp]) async throws -> Void) {
        self.interval = interval
        self.logger = logger
        self.write = write
    }

    func note(_ id: TokenID, at now: Timestamp) { uses.withLock { $0[id] = now } }

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: self.interval)
                await self.flush()
            }
        }
        await flush()
    }

    private func flush() async {
        let noted = uses.withLock { uses in
            defer { uses = [:] }
            return uses
        }
        guard !noted.isEmpty else { return }
        do {
            try await write(noted)
        } catch {
            logger.warning("the last uses of tokens could not be written down", metadata: ["error": "\(error)"])
        }
    }
}
