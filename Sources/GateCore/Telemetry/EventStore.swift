import HashTreeCollections
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
    private let store: SnapshotStore
    private var book: GuardBook
    /// Told, after a commit, that there is something to act upon.
    private let found: @Sendable () -> Void
    private nonisolated let waiting = Mutex<[Batch]>([])
    private nonisolated let gone = Gone()

    /// Batches that no commit has begun with.
    nonisolated var waitingBatches: Int { waiting.withLock { $0.count } }

    /// - Parameters:
    ///   - file: moved into the actor; nobody else may use its connection.
    ///   - store: the state that guards and companies are looked up in.
    ///   - embedOrigin: where the embed is served from; nil: no event is a bypass by its origin.
    ///   - found: told, after the commit, that a guard found something.
    package init(
        _ file: sending EventFile, store: SnapshotStore, embedOrigin: String? = nil, clock: @escaping @Sendable () -> Timestamp,
        found: @escaping @Sendable () -> Void = {}
    ) throws(GateError) {
        let state = store.current.snapshot
        try file.deleteDetectors { flag, company in state.flags[flag] == nil || company.map { state.companies[$0] == nil } ?? false }
        book = GuardBook(try file.detectors(), embedOrigin: embedOrigin, lately: LatelyOn(store, clock: clock))
        self.file = file
        self.store = store
        self.found = found
        let gone = gone
        store.observe { publication in
            let deleted = publication.changes.filter { $0.after == nil && [.flag, .company].contains($0.ref.kind) }.map(\.ref)
            if !deleted.isEmpty { gone.withLock { $0 += deleted } }
        }
    }

    /// Flags and companies that were deleted, and whose detectors are to go: others of their names begin anew.
    private final class Gone: Sendable {
        private let refs = Mutex<[EntityRef]>([])
        func withLock<Result>(_ body: (inout [EntityRef]) -> Result) -> Result { refs.withLock { body(&$0) } }
    }

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

    /// One transaction for all: either every batch is in the file, with what the guards make of it, or every caller is told that it is not.
    private func commit(_ group: [Batch]) {
        let outcomes: Result<[Outcome], GateError>
        var findings = 0
        let deleted = gone.withLock { refs in
            defer { refs = [] }
            return refs
        }
        do throws(GateError) {
            let (file, state) = (file, store.current.snapshot)
            let result = try file.transaction { () throws(GateError) in
                var outcomes: [Outcome] = []
                if !deleted.isEmpty {
                    book.forget(try file.deleteDetectors { deleted.contains(.flag($0)) || $1.map { deleted.contains(.company($0)) } ?? false })
                }
                for batch in group { outcomes.append(try insert(batch, state, &findings)) }
                try book.write(into: file)
                return outcomes
            }
            book.committed()
            outcomes = .success(result)
        } catch {
            book.rolledBack()
            gone.withLock { $0 += deleted }
            findings = 0
            outcomes = .failure(error)
        }
        for (index, batch) in group.enumerated() { batch.outcome.withLock { $0 = outcomes.map { $0[index] } } }
        if findings > 0 { found() }
    }

    private func insert(_ batch: Batch, _ state: Snapshot, _ findings: inout Int) throws(GateError) -> Outcome {
        var accepted = 0
        for event in batch.events where try file.insert(event, unlessKnownSince: event.receivedAt - Self.deduplication) {
            accepted += 1
            for finding in try book.take(event, state, into: file) {
                try file.insert(finding)
                findings += 1
            }
        }
        return Outcome(accepted: accepted, duplicates: batch.events.count - accepted)
    }

    // MARK: Guards

    /// Findings to act upon, and stops that are watched.
    package func openFindings() throws(GateError) -> [StoredFinding] { try file.openFindings() }

    /// Notes what came of a finding.
    package func settle(_ id: Int64, at now: Timestamp, revision: Revision? = nil, recovery: StoredFinding.Recovery? = nil) throws(GateError) {
        try file.settle(id, at: now, revision: revision, recovery: recovery)
    }

    /// How the detectors stand: a flag's, or those of all flags. Some of them may be of an epoch that is over.
    package func levels(of flag: FlagCode? = nil) -> [DetectorLevel] {
        book.detectors.filter { (flag == nil || $0.key.flag == flag) && $0.key.metric != GuardBook.zeroTolerance }.map { key, entry in
            DetectorLevel(
                flag: key.flag, company: key.company, metric: key.metric, flagEpoch: entry.flagEpoch, companyEpoch: entry.companyEpoch,
                state: entry.state)
        }
    }

    /// Deletes some of the events that are older than the retention, and of what the guards made of them.
    ///
    /// - Returns: whether there may be more; between two steps batches get their turn.
    package func purge(now: Timestamp) throws(GateError) -> Bool {
        let file = file
        return try file.transaction { () throws(GateError) in
            let outcomes = try file.deleteOldestOutcomes(Self.purgeStep, before: now - Self.retention)
            let events = try file.deleteOldest(Self.purgeStep, before: now - Self.retention)
            let findings = try file.deleteOldestFindings(Self.purgeStep, before: now - Self.retention)
            return max(outcomes, events, findings) == Self.purgeStep
        }
    }
}
