/// A notice that waits to be sent, with what sending it takes.
package struct QueuedNotice: Sendable {
    package var id: Int64
    package var webhook: WebhookID
    package var messageID: String
    /// The exact bytes that are signed and sent.
    package var body: String
    package var createdAt: Timestamp
    package var attempts: Int
    package var secret: [UInt8]
}

/// The queue of what webhooks are told, in the database: what a change is told as is committed with it.
struct NoticeQueue {
    let connection: any SQLConnection

    /// Queues a notice for every webhook that wants it.
    func add(_ notice: Notice, id: String, at moment: Timestamp, chainHead: [UInt8], _ state: Snapshot) throws(GateError) {
        let body = notice.body(at: moment, chainHead: chainHead).text
        for webhook in state.webhooks.values.map(\.value).sorted(by: { $0.id < $1.id }) where webhook.wants(notice) {
            try connection.execute(
                """
                INSERT INTO notices (webhook_id, flag_code, message_id, body, created_at, attempts, due_at) \
                VALUES ($1, $2, $3, $4, $5, 0, $5) ON CONFLICT (webhook_id, message_id) DO NOTHING
                """,
                [.name(webhook.id), .text(notice.flag?.rawValue ?? ""), .text(id), .text(body), .integer(moment.microseconds)])
        }
    }

    /// How many wait to be sent.
    func count() throws(GateError) -> Int {
        try connection.query("SELECT count(*) FROM notices") { row throws(GateError) in Int(row.integer(0)) }.first ?? 0
    }

    /// Of each webhook and flag the first notice, where that is due: the next waits until it is done with.
    func due(at now: Timestamp, limit: Int) throws(GateError) -> [QueuedNotice] {
        try connection.query(
            """
            SELECT n.id, n.webhook_id, n.message_id, n.body, n.created_at, n.attempts, s.secret \
            FROM (SELECT min(id) AS id FROM notices GROUP BY webhook_id, flag_code) AS first \
            JOIN notices AS n ON n.id = first.id JOIN webhook_secrets AS s ON s.webhook_id = n.webhook_id \
            WHERE n.due_at <= $1 ORDER BY n.id LIMIT $2
            """, [.integer(now.microseconds), .integer(Int64(limit))]
        ) { row throws(GateError) in
            QueuedNotice(
                id: row.integer(0), webhook: WebhookID(unchecked: row.text(1)), messageID: row.text(2), body: row.text(3),
                createdAt: Timestamp(microseconds: row.integer(4)), attempts: Int(row.integer(5)), secret: row.blob(6))
        }
    }

    func settle(_ id: Int64, retryAt: Timestamp?) throws(GateError) {
        if let retryAt {
            try connection.execute(
                "UPDATE notices SET attempts = attempts + 1, due_at = $2 WHERE id = $1", [.integer(id), .integer(retryAt.microseconds)])
        } else {
            try connection.execute("DELETE FROM notices WHERE id = $1", [.integer(id)])
        }
    }

    func keep(_ secret: [UInt8], of id: WebhookID) throws(GateError) {
        try connection.execute(
            "INSERT INTO webhook_secrets (webhook_id, secret) VALUES ($1, $2) ON CONFLICT (webhook_id) DO UPDATE SET secret = excluded.secret",
            [.name(id), .blob(secret)])
    }

    /// A webhook is gone, and with it its secret and what it was still to be told.
    func forget(_ id: WebhookID) throws(GateError) {
        try connection.execute("DELETE FROM webhook_secrets WHERE webhook_id = $1", [.name(id)])
        try connection.execute("DELETE FROM notices WHERE webhook_id = $1", [.name(id)])
    }
}

extension Webhook {
    fileprivate func wants(_ notice: Notice) -> Bool {
        enabled && (types.isEmpty || types.contains(notice.kind)) && (flags.isEmpty || notice.flag.map(flags.contains) ?? true)
    }
}
