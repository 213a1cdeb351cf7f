import Crypto

/// The history: every change, chained by hashes. What is stored is what was hashed.
package struct ChangeLog {
    package let connection: any SQLConnection

    package init(_ connection: any SQLConnection) { self.connection = connection }

    package static let genesis = [UInt8](repeating: 0, count: 32)
    private static let columns = "revision, at, actor, reason, command, operations, before, previous_hash, hash, format"

    /// A change as it is stored: the parts that are hashed, in the bytes that are hashed.
    package struct Record: Sendable {
        package var revision: Revision
        package var at: Timestamp
        package var actor: String
        package var reason: String
        package var command: String
        package var operations: [UInt8]
        package var before: [UInt8]
        package var previousHash: [UInt8]
        package var hash: [UInt8]

        /// `SHA-256(previous hash ‖ each part, length-prefixed)`.
        package var expectedHash: [UInt8] {
            var bytes = previousHash
            bytes.appendBigEndian(UInt64(bitPattern: revision))
            bytes.appendBigEndian(UInt64(bitPattern: at.microseconds))
            bytes.appendPrefixed(actor.utf8)
            bytes.appendPrefixed(reason.utf8)
            bytes.appendPrefixed(command.utf8)
            bytes.appendPrefixed(operations)
            bytes.appendPrefixed(before)
            return Array(SHA256.hash(data: bytes))
        }

        package init(
            revision: Revision, at: Timestamp, actor: String, reason: String, command: JSONValue, changes: [EntityChange], operations: [Operation],
            previousHash: [UInt8]
        ) {
            self.revision = revision
            self.at = at
            self.actor = actor
            self.reason = reason
            self.command = String(decoding: command.canonicalBytes, as: UTF8.self)
            self.operations = JSONValue.array(operations.map(\.json)).canonicalBytes
            before = JSONValue.array(changes.map { $0.before?.json ?? .null }).canonicalBytes
            self.previousHash = previousHash
            hash = []
            hash = expectedHash
        }

        fileprivate init(_ row: any SQLCursor) throws(GateError) {
            revision = row.integer(0)
            at = Timestamp(microseconds: row.integer(1))
            actor = row.text(2)
            reason = row.text(3)
            command = row.text(4)
            operations = row.blob(5)
            before = row.blob(6)
            previousHash = row.blob(7)
            hash = row.blob(8)
            guard row.integer(9) == Operation.format else {
                throw GateError(
                    .databaseNewer, "change \(revision) is written in form \(row.integer(9)), this program reads form \(Operation.format)")
            }
        }

        package func decodedOperations() throws(GateError) -> [Operation] {
            var result: [Operation] = []
            for element in try elements(of: operations) { result.append(try Operation(element)) }
            return result
        }

        /// The change with its operations and entities as values.
        package func decoded() throws(GateError) -> Change {
            let operations = try decodedOperations()
            var entities: [EntityChange] = []
            for (operation, element) in zip(operations, try elements(of: before)) {
                let old = element.value == .null ? nil : try Entity(operation.ref.kind, element)
                let new: Entity? = if case .put(let entity) = operation { entity } else { nil }
                entities.append(EntityChange(ref: operation.ref, before: old, after: new))
            }
            return Change(
                revision: revision, at: at, actor: actor, reason: reason, command: try JSONParser.parse(command), operations: operations,
                entities: entities, previousHash: previousHash, hash: hash)
        }

        private func elements(of bytes: [UInt8]) throws(GateError) -> [JSONReader] {
            try JSONReader(JSONParser.parse(bytes)).elements(atMost: .max)
        }
    }

    /// Appends a change and what it is about. The caller moves head.
    func append(_ record: Record, _ changes: [EntityChange]) throws(GateError) {
        try connection.execute(
            """
            INSERT INTO changes (revision, at, actor, reason, command, operations, before, previous_hash, hash, format) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            """,
            [
                .integer(record.revision), .integer(record.at.microseconds), .text(record.actor), .text(record.reason), .text(record.command),
                .blob(record.operations), .blob(record.before), .blob(record.previousHash), .blob(record.hash), .integer(Operation.format),
            ])
        for subject in Set(changes.map { Subject($0.ref) }) {
            try connection.execute(
                "INSERT INTO change_subjects (kind, flag_code, company_id, revision) VALUES ($1, $2, $3, $4)",
                [.text(subject.kind.rawValue), .text(subject.flag), .text(subject.company), .integer(record.revision)])
        }
    }

    /// Makes a change the last one.
    func moveHead(to record: Record) throws(GateError) {
        try connection.execute(
            "UPDATE head SET revision = $1, hash = $2 WHERE id = 1 AND revision = $3",
            [.integer(record.revision), .blob(record.hash), .integer(record.revision - 1)])
    }

    /// What a change is about, as the history is filtered. Users are found by their company.
    private struct Subject: Hashable {
        var kind: EntityKind
        var flag = ""
        var company = ""

        init(_ ref: EntityRef) {
            kind = ref.kind
            switch ref {
            case .flag(let code), .rollout(let code), .guard(let code): flag = code.rawValue
            case .flagState(let code, let id): (flag, company) = (code.rawValue, id.rawValue)
            case .hold(let code, let id), .epoch(let code, let id): (flag, company) = (code.rawValue, id?.rawValue ?? "")
            case .company(let id), .user(let id, _): company = id.rawValue
            case .permission, .role, .gate, .event, .token, .schedule, .webhook: break
            }
        }
    }

    /// - Throws: `change_unknown`.
    package func change(_ revision: Revision) throws(GateError) -> Change {
        let found = try connection.query("SELECT \(Self.columns) FROM changes WHERE revision = $1", [.integer(revision)]) {
            row throws(GateError) in try Record(row)
        }
        guard let record = found.first else { throw GateError(.changeUnknown, "there is no change \(revision)") }
        return try record.decoded()
    }

    /// Which changes a list shows.
    package struct Filter: Sendable {
        package var flag: FlagCode?
        package var company: CompanyID?
        package var actor: String?
        /// Only those before this revision.
        package var before: Revision = .max

        package init() {}
    }

    /// Changes, newest first.
    package func changes(_ filter: Filter, limit: Int) throws(GateError) -> [Change] {
        var conditions = ["revision < $1"]
        var values: [SQLValue] = [.integer(filter.before)]
        func add(_ condition: (String) -> String, _ value: SQLValue) {
            values.append(value)
            conditions.append(condition("$\(values.count)"))
        }
        if let flag = filter.flag {
            add({ "EXISTS (SELECT 1 FROM change_subjects AS s WHERE s.flag_code = \($0) AND s.revision = changes.revision)" }, .name(flag))
        }
        if let company = filter.company {
            add({ "EXISTS (SELECT 1 FROM change_subjects AS s WHERE s.company_id = \($0) AND s.revision = changes.revision)" }, .name(company))
        }
        if let actor = filter.actor { add({ "actor = \($0)" }, .text(actor)) }
        values.append(.integer(Int64(limit)))
        let records = try connection.query(
            "SELECT \(Self.columns) FROM changes WHERE \(conditions.joined(separator: " AND ")) ORDER BY revision DESC LIMIT $\(values.count)", values
        ) { row throws(GateError) in try Record(row) }
        var changes: [Change] = []
        for record in records { changes.append(try record.decoded()) }
        return changes
    }

    /// The changes after a revision, in order, each as it is stored.
    package func forEach(after revision: Revision, _ body: (Record) throws(GateError) -> Void) throws(GateError) {
        let cursor = try connection.rows("SELECT \(Self.columns) FROM changes WHERE revision > $1 ORDER BY revision", [.integer(revision)])
        defer { cursor.close() }
        while try cursor.next() { try body(Record(cursor)) }
    }

    /// The last change that touched a flag's definition or state, and whether manifests made it.
    package func lastTouch(_ ref: EntityRef) throws(GateError) -> Planner.Touch? {
        let subject = Subject(ref)
        return try connection.query(
            """
            SELECT s.revision, changes.command FROM change_subjects AS s JOIN changes ON changes.revision = s.revision \
            WHERE s.kind = $1 AND s.flag_code = $2 AND s.company_id = $3 ORDER BY s.revision DESC LIMIT 1
            """, [.text(subject.kind.rawValue), .text(subject.flag), .text(subject.company)]
        ) { row throws(GateError) in
            Planner.Touch(revision: row.integer(0), byApply: try JSONParser.parse(row.text(1))["command"] == "apply")
        }.first
    }
}
