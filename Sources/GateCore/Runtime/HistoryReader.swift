/// Reads the history through a connection of its own, so that no look into the past waits for the writer or delays it.
package actor HistoryReader {
    private let executor = QueueExecutor(label: "gate.history")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private let log: ChangeLog

    package init(path: String) throws(GateError) { log = ChangeLog(try SQLiteConnection(path: path, mode: .readOnly)) }

    package func change(_ revision: Revision) throws(GateError) -> Change { try log.change(revision) }

    package func changes(_ filter: ChangeLog.Filter, limit: Int) throws(GateError) -> [Change] { try log.changes(filter, limit: limit) }

    package func audit() throws(GateError) -> AuditReport {
        // One read transaction: the log and the rows are of one moment.
        try log.connection.execute("BEGIN")
        defer { try? log.connection.execute("COMMIT") }
        return try log.audit()
    }

    /// A dry run: the plan that a write would carry out now. It never delays the writer.
    package func plan(_ request: WriteRequest, on snapshot: Snapshot) throws(GateError) -> Plan { try request.plan(on: snapshot, log) }

    package func lastUses() throws(GateError) -> [TokenID: Timestamp] {
        let uses = try log.connection.query("SELECT token_id, last_used_at FROM token_uses") { row throws(GateError) in
            (TokenID(unchecked: row.text(0)), Timestamp(microseconds: row.integer(1)))
        }
        return Dictionary(uniqueKeysWithValues: uses)
    }
}
