/// A value bound to, or read from, a statement.
package enum SQLValue: Hashable, Sendable {
    case null
    case integer(Int64)
    case text(String)
    case blob([UInt8])

    package static func flag(_ value: Bool) -> SQLValue { .integer(value ? 1 : 0) }
    package static func name(_ value: some Identifier) -> SQLValue { .text(value.rawValue) }
}

/// A connection to an SQL engine, used by one caller at a time.
///
/// The statements that read and write are shared by all engines: parameters are `$1`, `$2` …, upserts are
/// `ON CONFLICT … DO UPDATE`, times are integer microseconds, text compares by bytes. Only the schema is written per engine.
package protocol SQLConnection: AnyObject {
    /// Runs a statement that gives no rows.
    ///
    /// - Throws: `storage_full`, `storage_failed`, `database_damaged`. The text has no bound value in it.
    func execute(_ sql: String, _ values: [SQLValue]) throws(GateError)

    /// Runs a query and reads its rows in turn. Close the cursor before the same statement is used again.
    func rows(_ sql: String, _ values: [SQLValue]) throws(GateError) -> any SQLCursor

    /// Runs the body in a transaction that can write: all of it is committed, or nothing.
    ///
    /// - Throws: what the body throws, after rolling back; or the engine's failure to commit, in which case `commitState`
    ///   tells what came of it.
    func transaction<Result>(_ body: () throws(GateError) -> Result) throws(GateError) -> Result
}

/// The rows of a query, one at a time.
package protocol SQLCursor: AnyObject {
    /// Goes to the next row; false after the last.
    func next() throws(GateError) -> Bool
    func integer(_ column: Int) -> Int64
    func text(_ column: Int) -> String
    func blob(_ column: Int) -> [UInt8]
    func isNull(_ column: Int) -> Bool
    func close()
}

extension SQLConnection {
    package func execute(_ sql: String) throws(GateError) { try execute(sql, []) }

    /// Every row, mapped.
    package func query<Result>(
        _ sql: String, _ values: [SQLValue] = [], _ map: (any SQLCursor) throws(GateError) -> Result
    ) throws(GateError) -> [Result] {
        let cursor = try rows(sql, values)
        defer { cursor.close() }
        var results: [Result] = []
        while try cursor.next() { results.append(try map(cursor)) }
        return results
    }
}
