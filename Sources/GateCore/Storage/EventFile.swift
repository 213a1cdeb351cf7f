/// The file that the events are kept in, beside the database, so that telemetry never stands in the way of a flip.
///
/// The database's lock keeps a second server out of this file too.
package struct EventFile {
    let connection: SQLiteConnection

    /// `gate.db` has its events in `gate-events.db`.
    package static func path(beside database: String) -> String {
        (database.hasSuffix(".db") ? String(database.dropLast(3)) : database) + "-events.db"
    }

    /// Opens the file to write, and makes it where it is not there.
    ///
    /// - Throws: `database_newer`, `database_foreign`, `storage_failed`.
    package init(path: String) throws(GateError) {
        connection = try SQLiteConnection(path: path, mode: .readWrite)
        let version = try Database.checkedVersion(
            connection, path: path, application: EventSchema.applicationID, newest: EventSchema.migrations.count)
        for pragma in ["journal_mode = WAL", "synchronous = FULL", "trusted_schema = OFF", "wal_autocheckpoint = 1000"] {
            try connection.execute("PRAGMA \(pragma)")
        }
        for next in version..<EventSchema.migrations.count {
            try connection.transaction { () throws(GateError) in
                try connection.executeScript(EventSchema.migrations[next])
                try connection.execute("PRAGMA application_id = \(EventSchema.applicationID)")
                try connection.execute("PRAGMA user_version = \(next + 1)")
            }
        }
    }

    /// Opens the file to read, beside its writer.
    package init(reading path: String) throws(GateError) { connection = try SQLiteConnection(path: path, mode: .readOnly) }

    func transaction<Result>(_ body: () throws(GateError) -> Result) throws(GateError) -> Result { try connection.transaction(body) }

    /// - Parameter unlessKnownSince: an event of the same company and id that was received after this moment makes this one a duplicate.
    /// - Returns: whether it is new.
    func insert(_ event: TelemetryEvent, unlessKnownSince moment: Timestamp) throws(GateError) -> Bool {
        let cursor = try connection.rows(
            """
            INSERT INTO events (company_id, event_id, received_at, event, at, user_id, attempt_id, properties, by_token) \
            SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 WHERE NOT EXISTS \
            (SELECT 1 FROM events WHERE company_id = $1 AND event_id = $2 AND received_at > $10) RETURNING 1
            """,
            [
                .name(event.company), .text(event.id), .integer(event.receivedAt.microseconds), .name(event.event), .integer(event.at.microseconds),
                .name(event.user), event.attempt.map { .text($0) } ?? .null,
                .text(String(decoding: JSONWriter.bytes(.object(event.properties)), as: UTF8.self)), .flag(event.isReportedByToken),
                .integer(moment.microseconds),
            ])
        defer { cursor.close() }
        let isNew = try cursor.next()
        if isNew { while try cursor.next() {} }
        return isNew
    }

    /// Deletes of the oldest events, by their sequence, those that were received before a moment.
    ///
    /// - Parameter count: looks at no more than so many.
    /// - Returns: how many are gone.
    func deleteOldest(_ count: Int, before moment: Timestamp) throws(GateError) -> Int {
        try connection.query(
            """
            DELETE FROM events WHERE sequence IN (SELECT sequence FROM events ORDER BY sequence LIMIT $1) AND received_at < $2 RETURNING 1
            """, [.integer(Int64(count)), .integer(moment.microseconds)]
        ) { row throws(GateError) in row.integer(0) }.count
    }

    /// Which events a list shows.
    package struct Filter: Sendable {
        /// Only those with a greater sequence; nil asks for the newest.
        package var after: Int64?
        package var company: CompanyID?
        package var event: EventName?

        package init(after: Int64? = nil, company: CompanyID? = nil, event: EventName? = nil) {
            self.after = after
            self.company = company
            self.event = event
        }
    }

    /// In the order of their sequence, whichever are asked for.
    func events(_ filter: Filter, limit: Int) throws(GateError) -> [StoredEvent] {
        var values: [SQLValue] = [.integer(filter.after ?? 0), .integer(Int64(limit))]
        var conditions = "sequence > $1"
        if let company = filter.company {
            values.append(.name(company))
            conditions += " AND company_id = $\(values.count)"
        }
        if let event = filter.event {
            values.append(.name(event))
            conditions += " AND event = $\(values.count)"
        }
        let found = try connection.query(
            """
            SELECT sequence, event_id, event, at, received_at, company_id, user_id, attempt_id, properties, by_token \
            FROM events WHERE \(conditions) ORDER BY sequence \(filter.after == nil ? "DESC" : "ASC") LIMIT $2
            """, values, Self.stored)
        return filter.after == nil ? found.reversed() : found
    }

    private static func stored(_ row: any SQLCursor) throws(GateError) -> StoredEvent {
        let event = TelemetryEvent(
            id: row.text(1), event: EventName(unchecked: row.text(2)), at: Timestamp(microseconds: row.integer(3)),
            receivedAt: Timestamp(microseconds: row.integer(4)), company: CompanyID(unchecked: row.text(5)), user: UserID(unchecked: row.text(6)),
            attempt: row.isNull(7) ? nil : row.text(7), properties: try JSONParser.parse(Array(row.text(8).utf8)).objectValue ?? [:],
            isReportedByToken: row.integer(9) == 1)
        return StoredEvent(sequence: row.integer(0), event: event)
    }
}
