import GateCore
import HashTreeCollections
import Testing

@testable import GateServer

/// From what a guard found to the change in the history, with a server that dies at the worst moments.
@Suite("Acting upon a guard's findings", .timeLimit(.minutes(10)))
struct GuardServiceTests {
    /// A server's parts, opened on the files of the one before.
    private struct Parts: Sendable {
        var writer: GateWriter
        var events: EventStore
        var service: GuardService
        var history: HistoryReader

        func guards() async throws -> [Change] {
            try await history.changes(ChangeLog.Filter(), limit: 1_000).filter { $0.actor == "guard" }
        }

        func holds() throws -> [CompanyID?] {
            let state = writer.store.current.snapshot
            let flag = try FlagCode("f")
            return ([nil] + state.companies.keys.sorted().map { $0 }).filter { state.entity(.hold(flag, $0)).entity != nil }
        }
    }

    private static func open(_ folder: String, _ clock: TestClock) async throws -> Parts {
        let writer = try await writer(folder, clock)
        let path = EventFile.path(beside: folder + "/gate.db")
        let events = try EventStore(EventFile(path: path), store: writer.store, clock: { clock.now })
        let service = GuardService(
            events: events, reader: try EventReader(path: path), writer: writer, metrics: ServerMetrics(), clock: { clock.now },
            logger: TestServer.quiet, signals: AsyncStream { $0.finish() })
        return Parts(writer: writer, events: events, service: service, history: try HistoryReader(path: folder + "/gate.db"))
    }

    /// A writer that was let go of a moment ago may still hold the lock: that is waited for.
    private static func writer(_ folder: String, _ clock: TestClock) async throws -> GateWriter {
        for _ in 0..<500 {
            do throws(GateError) {
                return try GateWriter(database: Database(path: folder + "/gate.db", newIncarnation: "first"), clock: { clock.now })
            } catch {
                guard error.code == .databaseLocked else { throw error }
                try await Task.sleep(for: .milliseconds(10))
            }
        }
        throw GateError(.databaseLocked, "the writer before is still there")
    }

    private static func prepare(_ parts: Parts) async throws {
        let flag = try FlagCode("f")
        let events = try ["failed", "created", "bypass"].map { Entity.event(EventDeclaration(name: try EventName($0))) }
        let companies = try ["acme", "globex"].map { try CompanyID($0) }
        let metric = GuardMetric(
            name: try MetricName("create_error"), errors: [try EventName("failed")], successes: [try EventName("created")],
            limit: Rate(millionths: 100_000))
        try await write(
            parts,
            .load(
                events + companies.map { .company(Company(id: $0)) } + [.flag(Flag(code: flag, enabled: true))]
                    + companies.map { .flagState(FlagState(flag: flag, company: $0, enabled: true)) }
                    + [.guard(Guard(flag: flag, metrics: [metric], zeroTolerance: [try EventName("bypass")]))]))
    }

    private static func write(_ parts: Parts, _ command: Command) async throws {
        _ = try await parts.writer.write(WriteRequest(command, actor: "token/test", reason: "test", authority: .full))
    }

    /// Errors of as many users, with ids of their own.
    private static func fail(_ parts: Parts, _ company: String, _ count: Int, _ clock: TestClock, batch: String) async throws {
        let events = try (0..<count).map { number in
            TelemetryEvent(
                id: "\(batch)-\(number)", event: try EventName("failed"), at: clock.now, receivedAt: clock.now, company: try CompanyID(company),
                user: try UserID("u\(number)"))
        }
        _ = try await parts.events.append(events)
    }

    enum Death: String, CaseIterable, Sendable {
        /// The finding is durable; nobody has acted upon it.
        case betweenDecisionAndCommit
        /// The change is durable; the finding is not settled.
        case afterCommit
        case afterSettling
    }

    @Test("A server that dies around a stop leaves exactly one in the history, with its watch", arguments: Death.allCases)
    func death(_ death: Death) async throws {
        try await TestFolder.with { folder in
            let clock = TestClock()
            try await { () async throws -> Void in
                let parts = try await Self.open(folder, clock)
                try await Self.prepare(parts)
                try await Self.fail(parts, "acme", 5, clock, batch: "outage")
                let open = try await parts.events.openFindings()
                #expect(open.count == 1)
                switch death {
                case .betweenDecisionAndCommit: break
                case .afterCommit: _ = try await parts.writer.write(GuardService.request(for: open[0]))
                case .afterSettling: await parts.service.settle()
                }
                #expect(try await parts.guards().count == (death == .betweenDecisionAndCommit ? 0 : 1))
            }()
            let again = try await Self.open(folder, clock)
            // The client sends once more what was not acknowledged.
            try await Self.fail(again, "acme", 5, clock, batch: "outage")
            for _ in 0..<3 { await again.service.settle() }
            let stops = try await again.guards()
            #expect(stops.count == 1 && stops[0].reason.contains("fast tripped (level 8045, line 8006"))
            #expect(try again.holds() == [try CompanyID("acme")])
            let watched = try await again.events.openFindings()
            #expect(watched.map(\.recovery) == [.watching] && watched.map(\.revision) == [stops.first?.revision])
        }
    }

    @Test("Stops that race with one another and with an admin's hold come to one")
    func race() async throws {
        try await TestFolder.with { folder in
            let clock = TestClock()
            let parts = try await Self.open(folder, clock)
            try await Self.prepare(parts)
            try await Self.fail(parts, "acme", 5, clock, batch: "outage")
            let hold = Command.put(.hold(Hold(flag: try FlagCode("f"), company: try CompanyID("acme"))))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 { group.addTask { await parts.service.settle() } }
                group.addTask { try await Self.write(parts, hold) }
                try await group.waitForAll()
            }
            let holds = try await parts.history.changes(ChangeLog.Filter(), limit: 1_000).filter { change in
                change.entities.contains { $0.ref.kind == .hold }
            }
            #expect(holds.count == 1)
            #expect(try parts.holds() == [try CompanyID("acme")])
        }
    }

    @Test("Fifteen minutes after a stop it is known whether errors went away, and told when they did not", arguments: [true, false])
    func watch(isRecovered: Bool) async throws {
        try await TestFolder.with { folder in
            let clock = TestClock()
            let parts = try await Self.open(folder, clock)
            try await Self.prepare(parts)
            let webhook = Webhook(id: try WebhookID("wh-1"), url: "https://1.1.1.1/", types: [.guardWarning])
            var request = WriteRequest(.put(.webhook(webhook)), actor: "token/test", reason: "test", authority: .full)
            request.webhookSecret = [1, 2, 3]
            _ = try await parts.writer.write(request)
            try await Self.fail(parts, "acme", 5, clock, batch: "outage")
            await parts.service.settle()
            clock.pass(seconds: isRecovered ? 300 : 880)
            try await Self.fail(parts, "acme", 2, clock, batch: "later")
            clock.pass(seconds: isRecovered ? 600 : 20)
            await parts.service.settle()
            #expect(try await parts.events.openFindings().map(\.recovery) == [.watching])
            clock.pass(seconds: 1)
            await parts.service.settle()
            #expect(try await parts.events.openFindings().isEmpty)
            let flag = try FlagCode("f")
            let stop = try #require(try await parts.service.reader.findings(of: flag, kind: .trip, limit: 1).first)
            #expect(stop.recovery == (isRecovered ? .recovered : .notRecovered))
            let told = try await parts.writer.dueNotices(limit: 10)
            #expect(told.count == (isRecovered ? 0 : 1))
            #expect(told.allSatisfy { $0.body.contains("15m after the stop there are still errors: 2 since") })
        }
    }
}
