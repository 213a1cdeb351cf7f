/// When each API token was last used. Beside the history: nothing that decides depends on it.
struct TokenUseTable {
    let connection: any SQLConnection

    func note(_ uses: [TokenID: Timestamp]) throws(GateError) {
        let connection = connection
        try connection.transaction { () throws(GateError) in
            for (id, at) in uses {
                try connection.execute(
                    """
                    INSERT INTO token_uses (token_id, last_used_at) VALUES ($1, $2) \
                    ON CONFLICT (token_id) DO UPDATE SET last_used_at = excluded.last_used_at
                    """, [.name(id), .integer(at.microseconds)])
            }
        }
    }

    func all() throws(GateError) -> [TokenID: Timestamp] {
        let uses = try connection.query("SELECT token_id, last_used_at FROM token_uses") { row throws(GateError) in
            (TokenID(unchecked: row.text(0)), Timestamp(microseconds: row.integer(1)))
        }
        return Dictionary(uniqueKeysWithValues: uses)
    }
}
