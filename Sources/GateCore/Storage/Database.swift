/// A database file that this process owns: opened, brought to the current schema, and locked against a second server.
package struct Database {
    package let path: String
    package let connection: SQLiteConnection
    let lock: DatabaseLock
    let headFile: HeadFile

    /// The single row that each write reads, locks and moves.
    package struct Head: Hashable, Sendable {
        package var position: Position
        package var hash: [UInt8]
    }

    /// - Parameter incarnation: a fresh random name for a database that does not exist yet.
    /// - Throws: `database_locked`, `database_newer`, `database_foreign`, `database_damaged`, `storage_failed`.
    package init(path: String, newIncarnation: String) throws(GateError) {
        self.path = path
        lock = try DatabaseLock(database: path)
        connection = try SQLiteConnection(path: path, mode: .readWrite)
        // Before anything is written: another program's file stays as it is, to the byte.
        let version = try Self.checkedVersion(
            connection, path: path, application: SQLiteSchema.applicationID, newest: SQLiteSchema.migrations.count)
        headFile = try HeadFile(database: path)
        for pragma in ["journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "trusted_schema = OFF", "wal_autocheckpoint = 1000"] {
            try connection.execute("PRAGMA \(pragma)")
        }
        try Self.migrate(connection, from: version, newIncarnation: newIncarnation)
    }

    /// The file's schema, 0 for a new file.
    ///
    /// - Parameters:
    ///   - expected: the application id that files of this kind bear.
    ///   - newest: the newest schema that this program knows.
    static func checkedVersion(
        _ connection: SQLiteConnection, path: String, application expected: Int64, newest: Int
    ) throws(GateError) -> Int {
        func pragma(_ name: String) throws(GateError) -> Int64 {
            try connection.query("PRAGMA \(name)") { row throws(GateError) in row.integer(0) }.first ?? 0
        }
        let isEmpty = try connection.query("SELECT count(*) FROM sqlite_schema") { row throws(GateError) in row.integer(0) } == [0]
        let application = try pragma("application_id")
        guard isEmpty || application == expected else {
            throw GateError(.databaseForeign, "\(path) is an SQLite database of another program")
        }
        let version = Int(try pragma("user_version"))
        guard version <= newest else {
            throw GateError(
                .databaseNewer, "\(path) has schema \(version), this program knows up to \(newest): start the newer program that wrote it")
        }
        return version
    }

    private static func migrate(_ connection: SQLiteConnection, from version: Int, newIncarnation: String) throws(GateError) {
        for next in version..<SQLiteSchema.migrations.count {
            try connection.transaction { () throws(GateError) in
                try connection.executeScript(SQLiteSchema.migrations[next])
                if next == 0 {
                    try connection.execute(
                        "INSERT INTO head (id, revision, hash, incarnation) VALUES (1, 0, $1, $2)", [.blob(ChangeLog.genesis), .text(newIncarnation)])
                }
                try connection.execute("PRAGMA application_id = \(SQLiteSchema.applicationID)")
                try connection.execute("PRAGMA user_version = \(next + 1)")
            }
        }
    }

    package static func head(_ connection: any SQLConnection) throws(GateError) -> Head {
        let heads = try connection.query("SELECT revision, hash, incarnation FROM head WHERE id = 1") { row throws(GateError) in
            Head(position: Position(incarnation: row.text(2), revision: row.integer(0)), hash: row.blob(1))
        }
        guard let head = heads.first else { throw GateError(.databaseDamaged, "the head row is missing") }
        return head
    }

    /// Reads the state at head, checking every row, and that head is the last change and not behind what was acknowledged.
    package func load() throws(GateError) -> (snapshot: Snapshot, head: Head) {
        let head = try Self.head(connection)
        try headFile.check(head.position, hash: head.hash)
        let last =
            try connection.query("SELECT revision, hash FROM changes ORDER BY revision DESC LIMIT 1") { row throws(GateError) in
                (row.integer(0), row.blob(1))
            }.first ?? (0, ChangeLog.genesis)
        guard last.0 == head.position.revision, last.1 == head.hash else {
            throw GateError(.databaseDamaged, "head is at revision \(head.position.revision), but the last change is \(last.0) or has another hash")
        }
        let snapshot = try StateLoader(connection: connection).load(incarnation: head.position.incarnation, revision: head.position.revision)
        return (snapshot, head)
    }
}
