/// The receipts of requests that came with a key, so that a repeated request is answered and not done again.
struct IdempotencyKeys {
    let connection: any SQLConnection

    /// How long a key is kept.
    static let life = TimeSpan(seconds: 86_400)

    /// The receipt that is kept under a key.
    ///
    /// - Throws: `idempotency_mismatch` when the key was used for another request.
    func receipt(for key: WriteRequest.Idempotency, now: Timestamp) throws(GateError) -> (receipt: JSONValue, created: Bool)? {
        let oldest = Timestamp(microseconds: now.microseconds - Self.life.seconds * 1_000_000)
        try connection.execute("DELETE FROM idempotency_keys WHERE at < $1", [.integer(oldest.microseconds)])
        let found = try connection.query(
            "SELECT request_digest, receipt, created FROM idempotency_keys WHERE token_id = $1 AND key = $2", [.text(key.token), .text(key.key)]
        ) { row throws(GateError) in (digest: row.blob(0), receipt: try JSONParser.parse(row.blob(1)), created: row.integer(2) == 1) }
        guard let kept = found.first else { return nil }
        guard kept.digest == key.requestDigest else {
            throw GateError(.idempotencyMismatch, "this Idempotency-Key was used for another request: take a new key for a new request")
        }
        return (kept.receipt, kept.created)
    }

    func keep(_ receipt: JSONValue, created: Bool, under key: WriteRequest.Idempotency, now: Timestamp) throws(GateError) {
        try connection.execute(
            "INSERT INTO idempotency_keys (token_id, key, request_digest, receipt, created, at) VALUES ($1, $2, $3, $4, $5, $6)",
            [
                .text(key.token), .text(key.key), .blob(key.requestDigest), .blob(JSONWriter.bytes(receipt)), .flag(created),
                .integer(now.microseconds),
            ])
    }
}
