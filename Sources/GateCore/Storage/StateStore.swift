/// Writes entities into their tables, inside a change's transaction.
struct StateStore {
    let connection: any SQLConnection

    func write(_ operation: Operation, revision: Revision) throws(GateError) {
        switch operation {
        case .put(let entity): try put(EntityRows(entity), revision: revision)
        case .delete(let ref):
            let rows = EntityRows(shapeOf: ref)
            for part in rows.parts { try deleteKeyed(part.table, Array(part.columns.prefix(rows.key.count)), rows.key) }
            try deleteKeyed(rows.table, rows.keyColumns, rows.key)
        }
    }

    private func put(_ rows: EntityRows, revision: Revision) throws(GateError) {
        let columns = rows.columns + ["revision", "row_hash"]
        let all = rows.keyColumns + columns
        try connection.execute(
            """
            INSERT INTO \(rows.table) (\(all.joined(separator: ", "))) VALUES (\(Self.places(all.count))) \
            ON CONFLICT (\(rows.keyColumns.joined(separator: ", "))) DO UPDATE SET \
            \(columns.map { "\($0) = excluded.\($0)" }.joined(separator: ", "))
            """,
            rows.key + rows.values + [.integer(revision), .blob(rows.hash(revision: revision))])
        for part in rows.parts {
            try deleteKeyed(part.table, Array(part.columns.prefix(rows.key.count)), rows.key)
            for row in part.rows {
                try connection.execute(
                    "INSERT INTO \(part.table) (\(part.columns.joined(separator: ", "))) VALUES (\(Self.places(part.columns.count)))",
                    rows.key + row)
            }
        }
    }

    private func deleteKeyed(_ table: String, _ columns: [String], _ key: [SQLValue]) throws(GateError) {
        let condition = columns.enumerated().map { "\($1) = $\($0 + 1)" }.joined(separator: " AND ")
        try connection.execute("DELETE FROM \(table) WHERE \(condition)", key)
    }

    private static func places(_ count: Int) -> String { (1...count).map { "$\($0)" }.joined(separator: ", ") }
}
