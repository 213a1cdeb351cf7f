import Testing

@testable import GateCore

/// Generated commands through the real writer, into a real file.
@Suite("Any sequence of writes into a file", .timeLimit(.minutes(10)))
struct WriterSequenceTests {
    @Test("keeps the file, the fold of the log and the published snapshot equal, and the views with the evaluator", arguments: 0..<3)
    func sequence(part: Int) async throws {
        let seed = Seed("writer sequence \(part)")
        var random = SplitMix64(seed: seed.value &+ UInt64(part))
        var generator = CommandGenerator()
        let database = try TestDatabase()
        var open: GateWriter? = try await database.writer()
        var folded = Snapshot(incarnation: "fold")
        var (changed, refused) = (0, 0)
        for turn in 0..<2_000 where changed < 150 {
            if open == nil {
                open = try await database.writer()
                #expect(open?.snapshot.facts == folded.facts, "after opening again; \(seed)")
            }
            let writer = try #require(open)
            let before = writer.snapshot
            let command = generator.command(&random, on: before)
            let newCompany = random.once(in: 2)
            let outcome: GateWriter.Outcome
            do {
                outcome = try await writer.put(command) { $0.newCompany = newCompany }
            } catch {
                refused += 1
                let code = (error as? GateError)?.code
                #expect(code.map { ![.databaseDamaged, .storageFailed, .unexpected, .outcomeUnknown].contains($0) } == true, "\(error); \(seed)")
                #expect(writer.snapshot.facts == before.facts, "\(seed)")
                continue
            }
            guard outcome.receipt["changed"] == true else {
                #expect(try database.loaded().head.position.revision == before.revision, "\(seed)")
                continue
            }
            changed += 1
            let revision = before.revision + 1
            #expect(outcome.receipt["revision"] == .integer(revision), "\(seed)")
            let change = try ChangeLog(SQLiteConnection(path: database.path, mode: .readOnly)).change(revision)
            generator.changes.append(change)
            try folded.apply(change.operations, revision: revision)
            let (stored, head) = try database.loaded()
            guard stored.facts == folded.facts, writer.snapshot.facts == folded.facts, head.hash == change.hash,
                head.position == writer.snapshot.position
            else {
                Issue.record("turn \(turn), \(command.json.text): the file, the fold and the snapshot differ; \(seed)")
                return
            }
            #expect(outcome.receipt["chain_head"]?.stringValue == head.hash.hexadecimal, "\(seed)")
            if turn.isMultiple(of: 50) {
                try await undoAndRedo(writer, change, before, &folded, "\(seed)")
            }
            // Opened again now and then: what is loaded goes on where the other left off.
            if turn.isMultiple(of: 70) {
                open = nil
            }
        }
        if open == nil { open = try await database.writer() }
        let writer = try #require(open)
        #expect(changed == 150 && refused > 10, "\(changed) changed, \(refused) refused; \(seed)")
        let report = try database.audit()
        #expect(report.problems == [], "\(seed)")
        #expect(report.checked == Int(writer.snapshot.revision), "\(seed)")
        #expect(try database.changes().map(\.revision) == Array((1...writer.snapshot.revision).reversed()), "\(seed)")
        try viewsAgree(database, writer.snapshot, "\(seed)")
    }

    private func undoAndRedo(
        _ writer: GateWriter, _ change: Change, _ before: Snapshot, _ folded: inout Snapshot, _ seed: Comment
    ) async throws {
        guard !change.entities.contains(where: { [.hold, .token, .webhook].contains($0.ref.kind) }) else { return }
        try await writer.put(.undo(change, force: false))
        // An epoch that went is not gone back to.
        #expect(writer.snapshot.values.filter { $0.ref.kind != .epoch } == before.values.filter { $0.ref.kind != .epoch }, seed)
        folded = writer.snapshot
    }

    private func viewsAgree(_ database: TestDatabase, _ state: Snapshot, _ seed: Comment) throws {
        let naive = NaiveEvaluator(state.values)
        let flags = try database.rows("SELECT flag_code, company_id, value FROM effective_flags")
        #expect(flags.count == naive.flags.count * naive.companies.count, seed)
        for row in flags {
            // A percentage is drawn by the server alone: the view does not say.
            guard !row[2].isEmpty else {
                #expect(naive.hasPercentage, seed)
                continue
            }
            #expect((row[2] == "1") == naive.flag(row[0], row[1]).value, "\(row); \(seed)")
            #expect((row[2] == "1") == state.verdict(FlagCode(unchecked: row[0]), for: CompanyID(unchecked: row[1])).value, "\(row); \(seed)")
        }
        let permissions = try database.rows("SELECT company_id || ' ' || user_id, permission_key, is_enabled FROM user_effective_permissions")
        for row in permissions {
            let names = row[0].split(separator: " ").map(String.init)
            #expect((row[2] == "1") == naive.permission(row[1], names[0], names[1]), "\(row); \(seed)")
        }
        let users = state.values.filter { $0.ref.kind == .user }.count
        #expect(permissions.count == users * state.values.filter { $0.ref.kind == .permission }.count, seed)
    }

    @Test("has views that agree with the evaluator on states with every reason in them")
    func views() async throws {
        let seed = Seed("views")
        var random = seed.generator
        var entitiesSeen = 0
        for _ in 0..<6 {
            let database = try TestDatabase()
            let writer = try await database.writer()
            // In the planner's order, one by one: what refers to something missing is left out.
            let entities = try Universe().state(&random).values
            for entity in entities + entities + entities { _ = await refusalOf { try await writer.put(.put(entity)) } }
            entitiesSeen += writer.snapshot.values.count
            try viewsAgree(database, writer.snapshot, "\(seed)")
        }
        #expect(entitiesSeen > 150, "the states were too small to prove anything; \(seed)")
    }
}
