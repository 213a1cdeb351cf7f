/// What the guards keep in the events' file.
extension EventFile {
    /// - Returns: false when the attempt has had its outcome of this metric.
    func insertOutcome(
        _ metric: String, isError: Bool, counted: Bool, _ event: TelemetryEvent, _ watcher: GuardIndex.Watcher
    ) throws(GateError) -> Bool {
        let cursor = try connection.rows(
            """
            INSERT INTO outcomes (flag_code, metric, company_id, attempt_id, received_at, stage, is_error, counted) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING 1
            """,
            [
                .name(watcher.flag), .text(metric), .name(event.company), counted ? event.attempt.map { .text($0) } ?? .null : .null,
                .integer(event.receivedAt.microseconds), watcher.stage.map { .name($0) } ?? .null, .flag(isError), .flag(counted),
            ])
        defer { cursor.close() }
        let isNew = try cursor.next()
        if isNew { while try cursor.next() {} }
        return isNew
    }

    func put(_ entry: GuardBook.Entry, at key: GuardBook.Key) throws(GateError) {
        try connection.execute(
            """
            INSERT INTO detectors (flag_code, company_id, metric, flag_epoch, company_epoch, lines, state) VALUES ($1, $2, $3, $4, $5, $6, $7) \
            ON CONFLICT (flag_code, company_id, metric) DO UPDATE SET flag_epoch = excluded.flag_epoch, \
            company_epoch = excluded.company_epoch, lines = excluded.lines, state = excluded.state
            """,
            [
                .name(key.flag), .text(key.company?.rawValue ?? ""), .name(key.metric), .integer(entry.flagEpoch), .integer(entry.companyEpoch),
                .text(entry.state.lines.json.text), .text(entry.state.json.text),
            ])
    }

    /// Every detector. One whose text cannot be read begins anew.
    func detectors() throws(GateError) -> [GuardBook.Key: GuardBook.Entry] {
        let rows = try connection.query("SELECT flag_code, company_id, metric, flag_epoch, company_epoch, lines, state FROM detectors", []) {
            row throws(GateError) in
            let key = GuardBook.Key(
                flag: FlagCode(unchecked: row.text(0)), company: row.text(1).isEmpty ? nil : CompanyID(unchecked: row.text(1)),
                metric: MetricName(unchecked: row.text(2)))
            let lines = DetectorLines(try JSONParser.parse(row.text(5)))
            let state = lines.map { DetectorState($0, (try? JSONParser.parse(row.text(6))) ?? .null) }
            return (key, state.map { GuardBook.Entry(flagEpoch: row.integer(3), companyEpoch: row.integer(4), state: $0) })
        }
        var detectors: [GuardBook.Key: GuardBook.Entry] = [:]
        for (key, entry) in rows { detectors[key] = entry }
        return detectors
    }

    func insert(_ finding: GuardFinding) throws(GateError) {
        try connection.execute(
            """
            INSERT INTO findings (kind, flag_code, company_id, flag_epoch, company_epoch, reason, numbers, decided_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            [
                .text(finding.kind.rawValue), .name(finding.flag), finding.company.map { .name($0) } ?? .null, .integer(finding.flagEpoch),
                .integer(finding.companyEpoch), .text(finding.reason), .text(finding.numbers.text), .integer(finding.decidedAt.microseconds),
            ])
    }

    /// Findings that were not acted upon yet, the oldest first, and after them stops that are watched.
    func openFindings() throws(GateError) -> [StoredFinding] {
        try findings("settled_at IS NULL OR recovery = 'watching' ORDER BY settled_at IS NOT NULL, id LIMIT 1000", [])
    }

    /// The latest findings of a flag, the newest first.
    func findings(of flag: FlagCode, kind: GuardFinding.Kind, limit: Int) throws(GateError) -> [StoredFinding] {
        try findings(
            "flag_code = $1 AND kind = $2 ORDER BY id DESC LIMIT $3", [.name(flag), .text(kind.rawValue), .integer(Int64(limit))])
    }

    private func findings(_ condition: String, _ values: [SQLValue]) throws(GateError) -> [StoredFinding] {
        try connection.query(
            """
            SELECT id, kind, flag_code, company_id, flag_epoch, company_epoch, reason, numbers, decided_at, settled_at, revision, recovery \
            FROM findings WHERE \(condition)
            """, values
        ) { row throws(GateError) in
            let finding = GuardFinding(
                kind: GuardFinding.Kind(rawValue: row.text(1)) ?? .warning, flag: FlagCode(unchecked: row.text(2)),
                company: row.isNull(3) ? nil : CompanyID(unchecked: row.text(3)), flagEpoch: row.integer(4), companyEpoch: row.integer(5),
                reason: row.text(6), numbers: try JSONParser.parse(row.text(7)), decidedAt: Timestamp(microseconds: row.integer(8)))
            return StoredFinding(
                id: row.integer(0), finding: finding, settledAt: row.isNull(9) ? nil : Timestamp(microseconds: row.integer(9)),
                revision: row.isNull(10) ? nil : row.integer(10), recovery: row.isNull(11) ? nil : StoredFinding.Recovery(rawValue: row.text(11)))
        }
    }

    func settle(_ id: Int64, at now: Timestamp, revision: Revision?, recovery: StoredFinding.Recovery?) throws(GateError) {
        try connection.execute(
            "UPDATE findings SET settled_at = coalesce(settled_at, $2), revision = coalesce(revision, $3), recovery = $4 WHERE id = $1",
            [.integer(id), .integer(now.microseconds), revision.map { .integer($0) } ?? .null, recovery.map { .text($0.rawValue) } ?? .null])
    }

    /// How many errors of a metric came within a time, and the last of them, counted or not.
    func errors(
        of flag: FlagCode, _ metric: String, company: CompanyID?, after start: Timestamp, until end: Timestamp
    ) throws(GateError) -> (count: Int, last: Timestamp?) {
        var values: [SQLValue] = [.name(flag), .text(metric), .integer(start.microseconds), .integer(end.microseconds)]
        if let company { values.append(.name(company)) }
        return try connection.query(
            """
            SELECT count(*), max(received_at) FROM outcomes WHERE flag_code = $1 AND metric = $2 AND is_error = 1 \
            AND received_at > $3 AND received_at <= $4\(company == nil ? "" : " AND company_id = $5")
            """, values
        ) { row throws(GateError) in (Int(row.integer(0)), row.isNull(1) ? nil : Timestamp(microseconds: row.integer(1))) }.first ?? (0, nil)
    }

    /// Counted outcomes since a moment, by stage, company and metric.
    func tallies(of flag: FlagCode, since start: Timestamp) throws(GateError) -> [OutcomeTally] {
        try connection.query(
            """
            SELECT coalesce(stage, ''), company_id, metric, is_error, count(*) FROM outcomes \
            WHERE flag_code = $1 AND received_at >= $2 AND counted = 1 GROUP BY 1, 2, 3, 4
            """, [.name(flag), .integer(start.microseconds)]
        ) { row throws(GateError) in
            OutcomeTally(
                stage: row.text(0), company: CompanyID(unchecked: row.text(1)), metric: row.text(2), isError: row.integer(3) == 1,
                count: Int(row.integer(4)))
        }
    }

    /// Deletes of the oldest outcomes those that were received before a moment.
    func deleteOldestOutcomes(_ count: Int, before moment: Timestamp) throws(GateError) -> Int {
        try connection.query(
            "DELETE FROM outcomes WHERE id IN (SELECT id FROM outcomes ORDER BY id LIMIT $1) AND received_at < $2 RETURNING 1",
            [.integer(Int64(count)), .integer(moment.microseconds)]
        ) { row throws(GateError) in row.integer(0) }.count
    }

    /// Every detector begins anew, and nothing that was found is acted upon any more.
    func forgetGuards(at now: Timestamp) throws(GateError) {
        try transaction { () throws(GateError) in
            try connection.execute("DELETE FROM detectors")
            try connection.execute(
                "UPDATE findings SET settled_at = coalesce(settled_at, $1), recovery = NULL WHERE settled_at IS NULL OR recovery = 'watching'",
                [.integer(now.microseconds)])
        }
    }

    /// Deletes of the oldest findings those that were decided before a moment and are done with. The history keeps the stops.
    func deleteOldestFindings(_ count: Int, before moment: Timestamp) throws(GateError) -> Int {
        try connection.query(
            """
            DELETE FROM findings WHERE id IN (SELECT id FROM findings ORDER BY id LIMIT $1) AND decided_at < $2 \
            AND settled_at IS NOT NULL AND coalesce(recovery, '') <> 'watching' RETURNING 1
            """, [.integer(Int64(count)), .integer(moment.microseconds)]
        ) { row throws(GateError) in row.integer(0) }.count
    }

    /// Deletes detectors, and says which.
    @discardableResult
    func deleteDetectors(where isGone: (FlagCode, CompanyID?) -> Bool) throws(GateError) -> [GuardBook.Key] {
        let gone = try detectors().keys.filter { isGone($0.flag, $0.company) }
        for key in gone {
            try connection.execute(
                "DELETE FROM detectors WHERE flag_code = $1 AND company_id = $2 AND metric = $3",
                [.name(key.flag), .text(key.company?.rawValue ?? ""), .name(key.metric)])
        }
        return Array(gone)
    }
}

/// How many counted outcomes of one kind there were.
package struct OutcomeTally: Hashable, Sendable {
    /// Empty where no rollout reached anybody.
    package var stage: String
    package var company: CompanyID
    package var metric: String
    package var isError: Bool
    package var count: Int
}

extension OutcomeCounts {
    /// The sums of tallies. What the criteria speak of are the metrics `create_error` and `associate_failed`, and what is opened.
    package init(_ tallies: some Sequence<OutcomeTally>) {
        for tally in tallies {
            switch (tally.metric, tally.isError) {
            case ("opened", _): opened += tally.count
            case ("create_error", true): createErrors += tally.count
            case ("create_error", false): created += tally.count
            case ("associate_failed", true): associateFailed += tally.count
            case ("associate_failed", false): associated += tally.count
            default: break
            }
        }
    }
}
