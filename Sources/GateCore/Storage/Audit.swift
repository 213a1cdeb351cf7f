/// What a check of the whole history found.
package struct AuditReport: Sendable {
    package var head: Database.Head
    /// How many changes were checked.
    package var checked: Int
    /// Every finding, in words; none when all is well.
    package var problems: [String]

    package var json: JSONValue {
        [
            "valid": .bool(problems.isEmpty), "revision": .integer(head.position.revision), "chain_head": .string(head.hash.hexadecimal),
            "checked": .integer(Int64(checked)), "problems": .array(problems.map { .string($0) }),
        ]
    }
}

extension ChangeLog {
    /// As `audit`, in one read transaction: the log and the rows are of one moment.
    package func auditAtOneMoment() throws(GateError) -> AuditReport {
        try connection.execute("BEGIN")
        defer { try? connection.execute("COMMIT") }
        return try audit()
    }

    /// Checks the chain of hashes, the numbering, every row's hash, and that the log, replayed, gives the state that is stored.
    package func audit() throws(GateError) -> AuditReport {
        let head = try Database.head(connection)
        var problems: [String] = []
        var previous = Self.genesis
        var revision: Revision = 0
        var folded = Snapshot(incarnation: head.position.incarnation)
        try forEach(after: 0) { record throws(GateError) in
            if record.revision != revision + 1 { problems.append("change \(revision + 1) is missing: \(record.revision) follows \(revision)") }
            if record.previousHash != previous { problems.append("change \(record.revision) does not continue the chain of the one before it") }
            if record.expectedHash != record.hash { problems.append("change \(record.revision) does not match its hash") }
            do throws(GateError) {
                try folded.apply(record.decodedOperations(), revision: record.revision)
            } catch {
                problems.append("change \(record.revision) cannot be replayed: \(error.detail)")
            }
            (previous, revision) = (record.hash, record.revision)
        }
        if head.position.revision != revision || head.hash != previous { problems.append("head does not stand at the last change") }
        do throws(GateError) {
            let stored = try StateLoader(connection: connection).load(incarnation: head.position.incarnation, revision: head.position.revision)
            problems += Self.differences(stored: stored, folded: folded)
        } catch {
            problems.append(error.detail)
        }
        return AuditReport(head: head, checked: Int(revision), problems: problems)
    }

    private static func differences(stored: Snapshot, folded: Snapshot) -> [String] {
        func index(_ state: Snapshot) -> [EntityRef: (Entity, Revision)] {
            Dictionary(uniqueKeysWithValues: state.allEntities().map { ($0.entity.ref, ($0.entity, $0.revision)) })
        }
        let (left, right) = (index(stored), index(folded))
        return Set(left.keys).union(right.keys).compactMap { ref in
            switch (left[ref], right[ref]) {
            case (let stored?, let folded?): stored.0 == folded.0 && stored.1 == folded.1 ? nil : "\(ref) is stored otherwise than the log has it"
            case (nil, _): "\(ref) is in the log, but not stored"
            case (_, nil): "\(ref) is stored, but not in the log"
            }
        }.sorted()
    }
}
