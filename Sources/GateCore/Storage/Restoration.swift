#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A backup put in a database's place, while no server has that open.
package struct Restoration: Sendable {
    /// What was put there, after every check.
    package let report: AuditReport
    /// Where the database is now that was there before; nil where none was.
    package let replaced: String?

    /// Checks a file that no server has open as `audit` does, from the first change to the last row.
    ///
    /// - Throws: `database_foreign`, `database_newer`, `database_damaged`, `storage_failed`.
    package static func check(_ path: String) throws(GateError) -> AuditReport {
        let connection = try SQLiteConnection(path: path, mode: .readOnly)
        try checkKind(connection, path)
        let report = try ChangeLog(connection).auditAtOneMoment()
        guard report.problems.isEmpty else {
            throw GateError(.databaseDamaged, "\(path) is damaged: \(report.problems.prefix(3).joined(separator: "; "))")
        }
        return report
    }

    /// An empty file is a database to SQLite, and a new one to the server.
    private static func checkKind(_ connection: SQLiteConnection, _ path: String) throws(GateError) {
        let version = try Database.checkedVersion(
            connection, path: path, application: SQLiteSchema.applicationID, newest: SQLiteSchema.migrations.count)
        guard version > 0 else { throw GateError(.databaseForeign, "\(path) is no backup of a Gate database: it is empty") }
    }

    /// Puts a backup where a database is or will be. What is there is kept under another name; until the end it stays in its place.
    ///
    /// The restored database has a new incarnation: what clients know of positions after the backup does not count any more. Detectors of
    /// guards begin anew, for their epochs may come again with another meaning.
    ///
    /// - Parameters:
    ///   - incarnation: a fresh random name.
    ///   - now: part of the name that the old database is kept under.
    /// - Throws: `database_locked` while a server has the database; `database_foreign`, `database_newer`, `database_damaged` for the backup;
    ///   `storage_failed`, `storage_full`. Then the database is as it was.
    package init(_ backup: String, to database: String, incarnation: String, now: Timestamp) throws(GateError) {
        let lock = try DatabaseLock(database: database)
        defer { withExtendedLifetime(lock) {} }
        guard Self.size(of: backup + "-wal") == 0 else {
            throw GateError(.databaseForeign, "\(backup) is no backup but a database in use: it has a -wal file beside it")
        }
        let draft = database + ".restoring"
        Self.remove(draft)
        defer { Self.remove(draft) }
        try Self.copy(backup, to: draft)
        try Self.checkKind(SQLiteConnection(path: draft, mode: .readOnly), backup)
        report = try Self.prepare(draft, named: backup, incarnation: incarnation)
        try Self.flush(draft)
        let events = EventFile.path(beside: database)
        if access(events, F_OK) == 0 { try EventFile(path: events).forgetGuards(at: now) }
        replaced = try Self.putAside(database, now: now)
        guard rename(draft, database) == 0 else { throw Self.failure("\(database) cannot be put in its place") }
        try HeadFile(database: database).write(report.head.position, hash: report.head.hash)
        try Self.flush(Self.folder(of: database))
    }

    /// Brings the copy to this program's schema, checks all of it, and gives it its new name.
    private static func prepare(_ draft: String, named backup: String, incarnation: String) throws(GateError) -> AuditReport {
        let copy = try Database(path: draft, newIncarnation: incarnation)
        var report = try ChangeLog(copy.connection).audit()
        guard report.problems.isEmpty else {
            throw GateError(.databaseDamaged, "\(backup) is damaged: \(report.problems.prefix(3).joined(separator: "; "))")
        }
        try copy.connection.execute("UPDATE head SET incarnation = $1 WHERE id = 1", [.text(incarnation)])
        try copy.connection.execute("PRAGMA journal_mode = DELETE")
        report.head.position.incarnation = incarnation
        return report
    }

    /// - Returns: the new name; nil where there is no database.
    private static func putAside(_ database: String, now: Timestamp) throws(GateError) -> String? {
        let kept = "\(database).replaced-\(now.microseconds)"
        let exists = access(database, F_OK) == 0
        if exists {
            // With its log folded in, one file is all of it. One that is damaged is kept as it is.
            if let connection = try? SQLiteConnection(path: database, mode: .readWrite) {
                try? connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            }
            // Both names, until the backup takes the old one: there is no moment without a database.
            guard link(database, kept) == 0 else { throw failure("\(database) cannot be kept as \(kept)") }
        }
        // A log left behind would be read as the new file's own.
        for suffix in ["-wal", "-shm", ".head"] where access(database + suffix, F_OK) == 0 {
            guard rename(database + suffix, kept + suffix) == 0 else { throw failure("\(database + suffix) cannot be kept") }
        }
        return exists ? kept : nil
    }

    private static func copy(_ source: String, to target: String) throws(GateError) {
        let input = open(source, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw failure("\(source) cannot be read") }
        defer { close(input) }
        let output = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw failure("\(target) cannot be made") }
        defer { close(output) }
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = read(input, &piece, piece.count)
            guard count >= 0 else { throw failure("\(source) cannot be read") }
            if count == 0 { return }
            var written = 0
            while written < count {
                let more = piece.withUnsafeBytes { write(output, $0.baseAddress! + written, count - written) }
                guard more > 0 else { throw failure("\(target) cannot be written") }
                written += more
            }
        }
    }

    /// To the disk, so that it outlives a power cut.
    private static func flush(_ path: String) throws(GateError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("\(path) cannot be opened") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("\(path) cannot be brought to the disk") }
    }

    private static func remove(_ draft: String) { for suffix in ["", "-wal", "-shm", "-journal", ".lock", ".head"] { unlink(draft + suffix) } }

    private static func size(of path: String) -> Int {
        var facts = stat()
        return stat(path, &facts) == 0 ? Int(facts.st_size) : 0
    }

    private static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    }

    private static func failure(_ what: String) -> GateError {
        let code = errno
        return GateError(code == ENOSPC ? .storageFull : .storageFailed, "\(what): \(String(cString: strerror(code)))")
    }
}
