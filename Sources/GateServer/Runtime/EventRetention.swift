import GateCore
import Logging
import ServiceLifecycle

/// Deletes events that are older than they are kept, a few at a time, so that none that come in wait for it.
struct EventRetention: Service {
    let events: EventStore
    let clock: @Sendable () -> Timestamp
    let logger: Logger
    var interval: Duration = .seconds(60)

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                await self.purge()
                try await Task.sleep(for: self.interval)
            }
        }
    }

    private func purge() async {
        do {
            while try await events.purge(now: clock()), !Task.isCancelled {}
        } catch {
            logger.warning("old events could not be deleted", metadata: ["error": "\(error.detail)"])
        }
    }
}
