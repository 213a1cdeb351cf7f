import Synchronization

@testable import GateCore

/// A flag `f` that is on for acme and globex, with a guard; and events for it, through the real file.
final class GuardBench: Sendable {
    static let start = Timestamp(microseconds: 1_800_000_000_000_000)
    static let conditions = Guard(
        flag: "f", opened: [EventName(unchecked: "opened")],
        metrics: [
            GuardMetric(
                name: MetricName(unchecked: "create_error"), errors: [EventName(unchecked: "failed")], successes: [EventName(unchecked: "created")],
                userErrors: ["typo", "422"], limit: Rate(millionths: 100_000))
        ], zeroTolerance: [EventName(unchecked: "bypass")],
        alerts: [GuardAlert(event: EventName(unchecked: "dropped"), count: 3, within: TimeSpan(seconds: 600))])

    let database: TestDatabase
    let writer: GateWriter
    /// Calls into SQLite until one fails; nil: none does.
    let callsToGo = Mutex<Int?>(nil)
    private let number = Mutex(0)

    init() async throws {
        database = try TestDatabase()
        writer = try await database.writer()
        let events = ["opened", "created", "failed", "bypass", "dropped"].map { Entity.event(EventDeclaration(name: EventName(unchecked: $0))) }
        let companies = ["acme", "globex", "umbrella"].map { Entity.company(Company(id: CompanyID(unchecked: $0))) }
        let states = ["acme", "globex"].map { Entity.flagState(FlagState(flag: "f", company: CompanyID(unchecked: $0), enabled: true)) }
        try await writer.put(.load(events + companies + [.flag(Flag(code: "f", enabled: true))] + states + [.guard(Self.conditions)]))
    }

    func file() throws -> EventFile { try EventFile(path: EventFile.path(beside: database.path)) }

    func store() throws -> EventStore {
        let file = try file()
        file.connection.fault = { [self] _, made in
            callsToGo.withLock { calls in
                guard !made, let left = calls else { return nil }
                calls = left - 1
                return left == 0 ? 13 : nil
            }
        }
        return try EventStore(file, store: writer.store, embedOrigin: "https://crm.test", clock: { Self.start })
    }

    /// An event of a user of its own, unless one is named.
    func event(
        _ name: String, _ company: CompanyID = "acme", user: String? = nil, at moment: Timestamp = start, attempt: String? = nil,
        _ properties: JSONObject = [:]
    ) -> TelemetryEvent {
        let id = number.withLock { number in
            number += 1
            return number
        }
        return TelemetryEvent(
            id: "e\(id)", event: EventName(unchecked: name), at: moment, receivedAt: moment, company: company,
            user: UserID(unchecked: user ?? "u\(id)"), attempt: attempt, properties: properties)
    }
}
