/// The schema of the events' file on SQLite, as numbered migrations: as with the database's, one that was released is frozen.
enum EventSchema {
    /// "GatE" in ASCII: marks the file as ours, and as another than the database.
    static let applicationID: Int64 = 0x4761_7445

    static let migrations: [String] = [first, guards]

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

    /// What the guards count, how their detectors stand, and what they found. Outcomes of companies that the flag was not on for are kept
    /// too, uncounted: they tell whether errors went back to none after a stop.
    private static let guards = """
        CREATE TABLE outcomes (
            id INTEGER PRIMARY KEY,
            flag_code TEXT NOT NULL,
            metric TEXT NOT NULL,
            company_id TEXT NOT NULL,
            attempt_id TEXT,
            received_at INTEGER NOT NULL,
            stage TEXT,
            is_error INTEGER NOT NULL CHECK (is_error IN (0, 1)),
            counted INTEGER NOT NULL CHECK (counted IN (0, 1))
        ) STRICT;
        CREATE UNIQUE INDEX outcomes_by_attempt ON outcomes (flag_code, metric, company_id, attempt_id) WHERE attempt_id IS NOT NULL;
        CREATE INDEX outcomes_by_time ON outcomes (flag_code, received_at);

        -- The empty company stands for the whole flag.
        CREATE TABLE detectors (
            flag_code TEXT NOT NULL,
            company_id TEXT NOT NULL,
            metric TEXT NOT NULL,
            flag_epoch INTEGER NOT NULL,
            company_epoch INTEGER NOT NULL,
            lines TEXT NOT NULL,
            state TEXT NOT NULL,
            PRIMARY KEY (flag_code, company_id, metric)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE findings (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,
            flag_code TEXT NOT NULL,
            company_id TEXT,
            flag_epoch INTEGER NOT NULL,
            company_epoch INTEGER NOT NULL,
            reason TEXT NOT NULL,
            numbers TEXT NOT NULL,
            decided_at INTEGER NOT NULL,
            settled_at INTEGER,
            revision INTEGER,
            recovery TEXT
        ) STRICT;
        CREATE INDEX findings_open ON findings (id) WHERE settled_at IS NULL OR recovery = 'watching';
        CREATE INDEX findings_by_flag ON findings (flag_code, id);
        """
}
