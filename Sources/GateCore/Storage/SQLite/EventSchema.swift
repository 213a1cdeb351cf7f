/// The schema of the events' file on SQLite, as numbered migrations: as with the database's, one that was released is frozen.
enum EventSchema {
    /// "GatE" in ASCII: marks the file as ours, and as another than the database.
    static let applicationID: Int64 = 0x4761_7445

    static let migrations: [String] = [first]

    /// A sequence is never given twice, though the newest event be purged: readers keep their place by it.
    private static let first = """
        CREATE TABLE events (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            company_id TEXT NOT NULL,
            event_id TEXT NOT NULL,
            received_at INTEGER NOT NULL,
            event TEXT NOT NULL,
            at INTEGER NOT NULL,
            user_id TEXT NOT NULL,
            attempt_id TEXT,
            properties TEXT NOT NULL,
            by_token INTEGER NOT NULL CHECK (by_token IN (0, 1))
        ) STRICT;
        CREATE INDEX events_by_id ON events (company_id, event_id, received_at);
        """
}
