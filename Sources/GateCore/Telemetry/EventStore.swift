import Synchronization

/// Keeps the events, in a file of their own beside the database. The one writer of that file.
///
/// Commits are grouped: batches that arrive while one is under way are committed together by the next, and each caller is answered
/// after the commit that has its batch. Accepted means durable.
package actor EventStore {
    /// What came of a batch: how many events are new, and how many were there already.
    package struct Outcome: Hashable, Sendable {
        package var accepted: Int
        package var duplicates: Int
    }

    /// A batch on its way: whose turn it is on the actor commits it, be it its own caller or one before.
    private final class Batch: Sendable {
        let events: [TelemetryEvent]
        let outcome = Mutex<Result<Outcome, GateError>?>(nil)

        init(_ events: [TelemetryEvent]) { self.events = events }
    }

    /// An event id is known for so long.
    package static let deduplication = TimeSpan(seconds: 24 * 3_600)
    /// Events are kept for so long.
    package static let retention = TimeSpan(seconds: 30 * 86_400)
    /// At most so many events are committed, and so many deleted, at once.
    package static let mostAtOnce = 5_000
    package static let purgeStep = 500

    private let executor = QueueExecutor(label: "gate.events")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let file: EventFile
    private nonisolated let waiting = Mutex<[Batch]>([])

    /// - Parameter file: moved into the actor; nobody else may use its connection.
    package init(_ file: sending EventFile) { self.file = file }

    /// Stores a batch; answers after its commit.
    ///
    /// - Throws: `storage_full`, `storage_failed`: then nothing of the batch is acknowledged. Sent again with the same ids, it counts once.
    package nonisolated func append(_ events: [TelemetryEvent]) async throws(GateError) -> Outcome {
        guard !events.isEmpty else { return Outcome(accepted: 0, duplicates: 0) }
        let batch = Batch(events)
        waiting.withLock { $0.append(batch) }
        return try await settle(batch)
    }

    /// Commits what waits, in the order it came, until the batch has its outcome. Its turn comes after it was queued, so it is queued still, or done.
    private func settle(_ batch: Batch) throws(GateError) -> Outcome {
        while true {
            if let outcome = batch.outcome.withLock({ $0 }) { return try outcome.get() }
            commit(nextGroup())
        }
    }

    private func nextGroup() -> [Batch] {
        waiting.withLock { waiting in
            var count = 0
            let group = waiting.prefix { batch in
                defer { count += batch.events.count }
                return count == 0 || count + batch.events.count <= Self.mostAtOnce
            }
            waiting.removeFirst(group.count)
            return Array(group)
        }
    }

    /// One transaction for all: either every batch is in the file, or every caller is told that it is not.
    private func commit(_ group: [Batch]) {
        let outcomes: Result<[Outcome], GateError>
        do throws(GateError) {
            let file = file
            outcomes = .success(
                try file.transaction { () throws(GateError) in
                    var outcomes: [Outcome] = []
                    for batch in group {
                        var accepted = 0
                        for event in batch.events {
                            if try file.insert(event, unlessKnownSince: event.receivedAt - Self.deduplication) { accepted += 1 }
                        }
                        outcomes.append(Outcome(accepted: accepted, duplicates: batch.events.count - accepted))
                    }
                    return outcomes
                })
        } catch {
            outcomes = .failure(error)
        }
        for (index, batch) in group.enumerated() { batch.outcome.withLock { $0 = outcomes.map { $0[index] } } }
    }

    /// Deletes some of the events that are older than the retention.
    ///
    /// - Returns: whether there may be more; between two steps batches get their turn.
    package func purge(now: Timestamp) throws(GateError) -> Bool {
        let file = file
        return try file.transaction { () throws(GateError) in
            try file.deleteOldest(Self.purgeStep, before: now - Self.retention) == Self.purgeStep
        }
    }
}
