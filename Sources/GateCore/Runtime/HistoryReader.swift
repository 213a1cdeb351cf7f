/// Reads the history through a connection of its own, so that no look into the past waits for the writer or delays it.
package actor HistoryReader {
    private let executor = QueueExecutor(label: "gate.history")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private let log: ChangeLog

    package init(path: String) throws(GateError) { log = ChangeLog(try SQLiteConnection(path: path, mode: .readOnly)) }

    package func change(_ revision: Revision) throws(GateError) -> Change { try log.change(revision) }

    package func changes(_ filter: ChangeLog.Filter, limit: Int) throws(GateError) -> [Change] { try log.changes(filter, limit: limit) }

    package func audit() throws(GateError) -> AuditReport { try log.auditAtOneMoment() }

    /// A dry run: the plan that a write would carry out now. It never delays the writer.
    package func plan(_ request: WriteRequest, on snapshot: Snapshot, now: Timestamp) throws(GateError) -> Plan {
        try request.plan(on: snapshot, log, now: now)
    }

    /// How many notices wait for their webhook to take them.
    package func queuedNotices() throws(GateError) -> Int { try NoticeQueue(connection: log.connection).count() }

    package func lastUses() throws(GateError) -> [TokenID: Timestamp] { try TokenUseTable(connection: log.connection).all() }
}
