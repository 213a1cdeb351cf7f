import GateCore
import Logging
import ServiceLifecycle

/// Carries out what is due. Time is the clock's: a clock that is moved moves what is due with it, and nothing runs twice, because a step and
/// the end of its schedule are one change.
struct Scheduler: Service {
    let writer: GateWriter
    let clock: @Sendable () -> Timestamp
    let logger: Logger
    /// What was due when the server started: such a step is done only if it turns nothing on.
    let overdue: Set<ScheduleID>

    private static let interval = Duration.milliseconds(250)

    init(writer: GateWriter, clock: @escaping @Sendable () -> Timestamp, logger: Logger) {
        self.writer = writer
        self.clock = clock
        self.logger = logger
        overdue = Set(Self.due(writer.store.current.snapshot, at: clock()).map(\.id))
    }

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                await self.runDue()
                try await Task.sleep(for: Self.interval)
            }
        }
    }

    /// Once through everything that is due, the earliest first.
    func runDue() async {
        for schedule in Self.due(writer.store.current.snapshot, at: clock()) {
            let reason = String("due at \(schedule.dueAt): \(schedule.reason)".unicodeScalars.prefix(WriteRequest.longestReason))
            let command = Command.run(schedule.id, isOverdue: overdue.contains(schedule.id))
            do {
                let request = WriteRequest(command, actor: "schedule/\(schedule.id)", reason: reason, authority: .full)
                let outcome = try await writer.write(request)
                if let failure = outcome.receipt["entity"]?["failure"]?.stringValue {
                    logger.warning("a schedule could not be carried out", metadata: ["schedule": "\(schedule.id)", "failure": "\(failure)"])
                }
            } catch {
                logger.error("a schedule waits: the database does not take it", metadata: ["schedule": "\(schedule.id)", "error": "\(error.detail)"])
            }
        }
    }

    private static func due(_ state: Snapshot, at now: Timestamp) -> [Schedule] {
        state.schedules.values.map(\.value).filter { $0.failure == nil && $0.dueAt <= now }.sorted { ($0.dueAt, $0.id) < ($1.dueAt, $1.id) }
    }
}
