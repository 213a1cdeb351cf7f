/// The one writer. A write runs from its plan to the publication of the new snapshot without letting go of the actor.
package actor GateWriter {
    private let executor = QueueExecutor(label: "gate.writer")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Everyone reads from here; this actor alone publishes.
    package nonisolated let store: SnapshotStore
    private let connection: any SQLConnection
    private let database: Database
    private let clock: @Sendable () -> Timestamp
    private let wrote: @Sendable (WriteResult, Duration) -> Void
    private var snapshot: Snapshot
    private var head: Database.Head
    /// A change of which the database could not say whether it was committed: the next look at head tells.
    private var unsettled: (plan: Plan, record: ChangeLog.Record)?

    /// - Parameters:
    ///   - database: moved into the actor; nobody else may use its connection.
    ///   - connection: the connection to write through; the database's own unless a test wraps it.
    ///   - clock: the time that changes are stamped with.
    ///   - wrote: told of each write what came of it and how long it took, on the writer's own thread.
    package init(
        database: sending Database, through connection: sending (any SQLConnection)? = nil, clock: @escaping @Sendable () -> Timestamp,
        wrote: @escaping @Sendable (WriteResult, Duration) -> Void = { _, _ in }
    ) throws(GateError) {
        let (snapshot, head) = try database.load()
        self.database = database
        self.connection = connection ?? database.connection
        self.clock = clock
        self.wrote = wrote
        self.snapshot = snapshot
        self.head = head
        store = SnapshotStore(snapshot, chainHead: head.hash)
        database.headFile.write(head.position, hash: head.hash)
    }

    /// A receipt in its JSON form, as it is kept for replays.
    package struct Outcome: Sendable {
        package var receipt: JSONValue
        package var created: Bool
        /// Whether the request had been done before, under the same idempotency key.
        package var replayed: Bool
    }

    /// Plans and commits a command as one change; answers after the commit is durable and the new snapshot is published.
    ///
    /// - Throws: what planning refuses, with nothing changed; `storage_full`, `storage_failed` when the change is not in the
    ///   database; `outcome_unknown` when the database cannot say.
    package func write(_ request: WriteRequest) throws(GateError) -> Outcome {
        let began = ContinuousClock.now
        do throws(GateError) {
            let outcome = try carryOut(request)
            wrote(WriteResult(outcome), ContinuousClock.now - began)
            return outcome
        } catch {
            wrote(WriteResult(error), ContinuousClock.now - began)
            throw error
        }
    }

    private func carryOut(_ request: WriteRequest) throws(GateError) -> Outcome {
        var committing: (plan: Plan, record: ChangeLog.Record)?
        do throws(GateError) {
            let connection = connection
            let outcome = try connection.transaction { () throws(GateError) -> Outcome in
                try self.transact(request, &committing)
            }
            if let committing { publish(committing) }
            return outcome
        } catch {
            // A commit may have happened although the engine reported a failure. What the database says counts.
            guard let committing else { throw error }
            return try settle(committing, after: error)
        }
    }

    private func transact(
        _ request: WriteRequest, _ committing: inout (plan: Plan, record: ChangeLog.Record)?
    ) throws(GateError) -> Outcome {
        let stored = try Database.head(connection)
        if let late = unsettled, stored.hash == late.record.hash { publish(late) }
        unsettled = nil
        guard stored == head else {
            throw GateError(
                .databaseDamaged, "the database moved to revision \(stored.position.revision) behind the server's back: restart the server")
        }
        let now = clock()
        if let replay = try replay(request.idempotency, now: now) { return replay }
        let log = ChangeLog(connection)
        let plan = try request.plan(on: snapshot, log, now: now)
        let record =
            plan.changesNothing
            ? nil
            : ChangeLog.Record(
                revision: plan.next.revision, at: now, actor: request.actor, reason: request.reason, command: request.command.json,
                changes: plan.changes, operations: plan.operations, previousHash: head.hash)
        let receipt = Receipt(plan, revision: plan.next.revision, chainHead: record?.hash ?? head.hash)
        let outcome = Outcome(receipt: receipt.json, created: receipt.created, replayed: false)
        try keep(outcome, under: request.idempotency, now: now)
        guard let record else { return outcome }
        let state = StateStore(connection: connection)
        for operation in plan.operations { try state.write(operation, revision: record.revision) }
        try log.append(record, plan.changes)
        try queueNotices(of: plan, record, request)
        try log.moveHead(to: record)
        committing = (plan, record)
        return outcome
    }

    private func publish(_ committed: (plan: Plan, record: ChangeLog.Record)) {
        snapshot = committed.plan.next
        head = Database.Head(position: snapshot.position, hash: committed.record.hash)
        database.headFile.write(head.position, hash: head.hash)
        store.publish(snapshot, chainHead: head.hash, committed.plan, actor: committed.record.actor)
    }

    /// Finds out whether a change whose commit failed is in the database after all.
    private func settle(_ committing: (plan: Plan, record: ChangeLog.Record), after error: GateError) throws(GateError) -> Outcome {
        let stored: Database.Head
        do throws(GateError) {
            stored = try Database.head(connection)
        } catch {
            unsettled = committing
            throw GateError(.outcomeUnknown, "whether revision \(committing.record.revision) was written is not known: \(error.detail)")
        }
        guard stored.hash == committing.record.hash else { throw error }
        publish(committing)
        let receipt = Receipt(committing.plan, revision: committing.record.revision, chainHead: committing.record.hash)
        return Outcome(receipt: receipt.json, created: receipt.created, replayed: false)
    }

    private func replay(_ idempotency: WriteRequest.Idempotency?, now: Timestamp) throws(GateError) -> Outcome? {
        guard let idempotency, let kept = try IdempotencyKeys(connection: connection).receipt(for: idempotency, now: now) else { return nil }
        return Outcome(receipt: kept.receipt, created: kept.created, replayed: true)
    }

    private func keep(_ outcome: Outcome, under idempotency: WriteRequest.Idempotency?, now: Timestamp) throws(GateError) {
        guard let idempotency else { return }
        try IdempotencyKeys(connection: connection).keep(outcome.receipt, created: outcome.created, under: idempotency, now: now)
    }

    // MARK: Notices

    /// Queues what webhooks are told of a change, in the change's own transaction: what is committed is told.
    private func queueNotices(of plan: Plan, _ record: ChangeLog.Record, _ request: WriteRequest) throws(GateError) {
        let queue = NoticeQueue(connection: connection)
        for change in plan.changes {
            guard case .webhook(let id) = change.ref else { continue }
            if change.after == nil { try queue.forget(id) } else if let secret = request.webhookSecret { try queue.keep(secret, of: id) }
        }
        guard !plan.next.webhooks.isEmpty else { return }
        let origin = Notice.Origin(
            revision: record.revision, at: record.at, actor: request.actor, reason: request.reason, command: request.command.json)
        for (index, notice) in Notice.notices(of: plan, origin).enumerated() {
            let id = "msg_\(plan.next.incarnation)_\(record.revision)_\(index)"
            try queue.add(notice, id: id, at: record.at, chainHead: record.hash, plan.next)
        }
    }

    /// Queues what is told without a change. The same id is queued once.
    package func queue(_ notice: Notice, id: String) throws(GateError) {
        let connection = connection
        try connection.transaction { () throws(GateError) in
            try NoticeQueue(connection: connection)
                .add(notice, id: "msg_\(snapshot.incarnation)_\(id)", at: clock(), chainHead: head.hash, snapshot)
        }
    }

    /// The first of each webhook and flag that is due.
    package func dueNotices(limit: Int) throws(GateError) -> [QueuedNotice] {
        guard !snapshot.webhooks.isEmpty else { return [] }
        return try NoticeQueue(connection: connection).due(at: clock(), limit: limit)
    }

    /// What came of sending a notice: nil when it is done with, else when to try again.
    package func settle(_ notice: QueuedNotice, retryAt: Timestamp?) throws(GateError) {
        try NoticeQueue(connection: connection).settle(notice.id, retryAt: retryAt)
    }

    /// Notes when tokens were last used. Not a change: nothing that decides depends on it.
    package func noteUses(_ uses: [TokenID: Timestamp]) throws(GateError) { try TokenUseTable(connection: connection).note(uses) }
}
