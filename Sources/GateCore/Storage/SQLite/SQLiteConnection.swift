import CSQLite

/// A thin, honest wrapper of one SQLite connection: prepared statements kept for reuse, extended result codes, and no bound
/// value in any error text. Not for concurrent use: its owner is an actor.
package final class SQLiteConnection: SQLConnection {
    /// A call into SQLite, as a fault test sees it.
    package enum Call: Sendable {
        case prepare
        case bind
        case step
    }

    /// Tests set this to make calls fail: the answer is a result code to report instead of making the call
    /// (`made == false`), or after having made it (`made == true`); nil lets it be.
    package var fault: ((_ call: Call, _ made: Bool) -> Int32?)?

    private let handle: OpaquePointer
    private var statements: [String: SQLiteStatement] = [:]

    package enum Mode: Sendable {
        case readWrite
        case readOnly
    }

    /// - Throws: `storage_failed` with SQLite's extended code.
    package init(path: String, mode: Mode) throws(GateError) {
        var handle: OpaquePointer?
        let flags = mode == .readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        let code = sqlite3_open_v2(path, &handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        guard code == SQLITE_OK, let handle else {
            let message = handle.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            sqlite3_close_v2(handle)
            throw GateError(.storageFailed, "the database \(path) cannot be opened: \(message)").with { $0.engineCode = Int(code) }
        }
        self.handle = handle
        sqlite3_busy_timeout(handle, 5_000)
    }

    deinit {
        statements.removeAll()
        sqlite3_close_v2(handle)
    }

    package func execute(_ sql: String, _ values: [SQLValue]) throws(GateError) {
        let statement = try rows(sql, values)
        defer { statement.close() }
        while try statement.next() {}
    }

    package func rows(_ sql: String, _ values: [SQLValue]) throws(GateError) -> any SQLCursor {
        let statement = try prepared(sql)
        try statement.bind(values)
        return statement
    }

    /// Several statements at once, without parameters: a migration.
    package func executeScript(_ sql: String) throws(GateError) {
        if let code = fault?(.step, false) { throw failure(code, in: "script") }
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw failure(code, in: "script") }
    }

    package func transaction<Result>(_ body: () throws(GateError) -> Result) throws(GateError) -> Result {
        do throws(GateError) {
            try execute("BEGIN IMMEDIATE")
            let result = try body()
            try execute("COMMIT")
            return result
        } catch {
            rollBack()
            throw error
        }
    }

    /// Ends the transaction, if one is open. SQLite ends it by itself after some failures; an injected fault does not count here.
    private func rollBack() {
        if sqlite3_get_autocommit(handle) == 0 { sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
    }

    private func prepared(_ sql: String) throws(GateError) -> SQLiteStatement {
        if let statement = statements[sql] { return statement }
        if let code = fault?(.prepare, false) { throw failure(code, in: sql) }
        var pointer: OpaquePointer?
        let code = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &pointer, nil)
        guard code == SQLITE_OK, let pointer else { throw failure(code, in: sql) }
        let statement = SQLiteStatement(pointer, sql: sql, connection: self)
        statements[sql] = statement
        return statement
    }

    /// The error for a result code. SQLite's own message can quote a value only for constraint failures, where it names columns.
    func failure(_ code: Int32, in sql: String) -> GateError {
        let words = sql.prefix { $0 != "(" && $0 != "\n" }.prefix(60)
        let what = "\(String(cString: sqlite3_errstr(code))) (SQLite \(code)) in: \(words)"
        let kind: GateError.Code =
            switch code & 0xFF {
            case SQLITE_FULL: .storageFull
            case SQLITE_CORRUPT, SQLITE_NOTADB: .databaseDamaged
            case SQLITE_BUSY, SQLITE_LOCKED: .databaseLocked
            default: .storageFailed
            }
        return GateError(kind, what).with { $0.engineCode = Int(code) }
    }
}

/// A prepared statement, and the cursor over its rows.
final class SQLiteStatement: SQLCursor {
    private let pointer: OpaquePointer
    private let sql: String
    private unowned let connection: SQLiteConnection
    /// Where `$1`, `$2` … stand, found once.
    private var places: [Int32] = []

    init(_ pointer: OpaquePointer, sql: String, connection: SQLiteConnection) {
        self.pointer = pointer
        self.sql = sql
        self.connection = connection
    }

    deinit { sqlite3_finalize(pointer) }

    /// Binds `$1`, `$2` … by name: in SQLite a `$1` that stands twice is one parameter.
    func bind(_ values: [SQLValue]) throws(GateError) {
        sqlite3_reset(pointer)
        for (index, value) in values.enumerated() {
            let place = place(index)
            if let code = connection.fault?(.bind, false) { throw connection.failure(code, in: sql) }
            let code: Int32 =
                switch value {
                case .null: sqlite3_bind_null(pointer, place)
                case .integer(let number): sqlite3_bind_int64(pointer, place, number)
                case .text(let text): sqlite3_bind_text(pointer, place, text, Int32(text.utf8.count), gate_sqlite_transient())
                case .blob(let bytes): sqlite3_bind_blob64(pointer, place, bytes, UInt64(bytes.count), gate_sqlite_transient())
                }
            guard code == SQLITE_OK else { throw connection.failure(code, in: sql) }
        }
    }

    private func place(_ index: Int) -> Int32 {
        while places.count <= index {
            let place = sqlite3_bind_parameter_index(pointer, "$\(places.count + 1)")
            precondition(place > 0, "parameter $\(places.count + 1) is not in: \(sql)")
            places.append(place)
        }
        return places[index]
    }

    func next() throws(GateError) -> Bool {
        if let code = connection.fault?(.step, false) { throw connection.failure(code, in: sql) }
        let code = sqlite3_step(pointer)
        if let code = connection.fault?(.step, true) { throw connection.failure(code, in: sql) }
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw connection.failure(code, in: sql)
        }
    }

    func integer(_ column: Int) -> Int64 { sqlite3_column_int64(pointer, Int32(column)) }

    func text(_ column: Int) -> String {
        guard let start = sqlite3_column_text(pointer, Int32(column)) else { return "" }
        let count = Int(sqlite3_column_bytes(pointer, Int32(column)))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    func blob(_ column: Int) -> [UInt8] {
        guard let start = sqlite3_column_blob(pointer, Int32(column)) else { return [] }
        return Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(pointer, Int32(column)))))
    }

    func isNull(_ column: Int) -> Bool { sqlite3_column_type(pointer, Int32(column)) == SQLITE_NULL }

    func close() {
        sqlite3_reset(pointer)
        sqlite3_clear_bindings(pointer)
    }
}
