import Foundation
import Synchronization
import Testing

@testable import GateCore

/// The events' file: durable when acknowledged, counted once, kept for 30 days.
@Suite("The event store", .timeLimit(.minutes(10)))
struct EventStoreTests {
    private static let start = Timestamp(microseconds: 1_800_000_000_000_000)

    private static func events(_ ids: some Sequence<String>, company: CompanyID = "acme", at now: Timestamp = start) -> [TelemetryEvent] {
        ids.map {
            TelemetryEvent(
                id: $0, event: EventName(unchecked: "created"), at: now, receivedAt: now, company: company, user: "ann", attempt: nil,
                properties: ["contact_id": "c", "ticket_id": 17])
        }
    }

    /// - Parameter fault: as `SQLiteConnection.fault`.
    private static func store(
        _ database: TestDatabase, fault: (@Sendable (SQLiteConnection.Call, Bool) -> Int32?)? = nil
    ) throws -> (store: EventStore, reader: EventReader) {
        let path = EventFile.path(beside: database.path)
        let file = try EventFile(path: path)
        // The detectors are read without a fault.
        let switched = Switch()
        if let fault { file.connection.fault = { call, made in switched.isOn.withLock { $0 } ? fault(call, made) : nil } }
        let snapshots = SnapshotStore(Snapshot(incarnation: "test"), chainHead: [])
        let store = try EventStore(file, store: snapshots, clock: { start })
        switched.isOn.withLock { $0 = true }
        return (store, try EventReader(path: path))
    }

    private static func ids(_ reader: EventReader) async throws -> [String] {
        try await reader.events(EventFile.Filter(after: 0), limit: 100_000).map(\.event.id)
    }

    @Test("counts an id once within a company and 24 hours, within a batch too, and keeps what it was given")
    func duplicates() async throws {
        let database = try TestDatabase()
        let (store, reader) = try Self.store(database)
        let first = Self.events(["a", "b", "a"])
        #expect(try await store.append(first) == .init(accepted: 2, duplicates: 1))
        #expect(try await store.append(Self.events(["b", "c"])) == .init(accepted: 1, duplicates: 1))
        #expect(try await store.append(Self.events(["a"], company: "umbrella")) == .init(accepted: 1, duplicates: 0))
        let late = Self.start + TimeSpan(seconds: 24 * 3_600)
        #expect(try await store.append(Self.events(["a"], at: late - TimeSpan(seconds: 1))) == .init(accepted: 0, duplicates: 1))
        #expect(try await store.append(Self.events(["a"], at: late)) == .init(accepted: 1, duplicates: 0))
        #expect(try await Self.ids(reader) == ["a", "b", "c", "a", "a"])
        #expect(try await reader.events(EventFile.Filter(after: 0), limit: 1) == [StoredEvent(sequence: 1, event: first[0])])
        #expect(try await reader.events(EventFile.Filter(), limit: 2).map(\.sequence) == [4, 5])
        #expect(try await reader.events(EventFile.Filter(company: "umbrella"), limit: 9).map(\.sequence) == [4])
        #expect(try await reader.events(EventFile.Filter(after: 1, event: EventName(unchecked: "opened")), limit: 9) == [])
    }

    @Test("commits together what waits together")
    func groups() async throws {
        let database = try TestDatabase()
        let gate = Held()
        let (store, reader) = try Self.store(database) { call, made in gate.pass(call, made) }
        try await withThrowingTaskGroup(of: EventStore.Outcome.self) { tasks in
            tasks.addTask { try await store.append(Self.events(["first"])) }
            while !gate.isEntered { try await Task.sleep(for: .milliseconds(1)) }
            for number in 1..<20 { tasks.addTask { try await store.append(Self.events(["e\(number)"])) } }
            while store.waitingBatches < 19 { try await Task.sleep(for: .milliseconds(1)) }
            gate.release()
            for try await outcome in tasks { #expect(outcome == .init(accepted: 1, duplicates: 0)) }
        }
        #expect(try await Set(Self.ids(reader)).count == 20)
        // One by one: BEGIN, two steps of the INSERT, COMMIT for each.
        #expect(gate.count < 20 * 4 - 20, "\(gate.count) steps")
    }

    @Test("never acknowledges what is not in the file, whichever call fails, and goes on after it", arguments: [false, true])
    func faults(afterStep: Bool) async throws {
        let database = try TestDatabase()
        let faults = Faults()
        let (store, reader) = try Self.store(database) { call, made in faults.answer(call, made: made) }
        var expected: [String] = []
        for number in 1... {
            let ids = (0..<3).map { "\(number)-\($0)" }
            let counted: @Sendable (SQLiteConnection.Call, Bool) -> Bool = { call, made in afterStep ? call == .step && made : !made }
            faults.arm(Faults.Plan(counted: counted, number: number, code: 10))
            let outcome: Result<EventStore.Outcome, GateError>
            do throws(GateError) { outcome = .success(try await store.append(Self.events(ids))) } catch { outcome = .failure(error) }
            switch outcome {
            case .success(let outcome):
                #expect(outcome == .init(accepted: 3, duplicates: 0), "call \(number)")
                #expect(try await Array(Self.ids(reader).suffix(3)) == ids, "call \(number)")
            case .failure(let error): #expect(error.code == .storageFailed, "call \(number)")
            }
            let failed = faults.disarm()
            let again = try await store.append(Self.events(ids))
            #expect(again.accepted + again.duplicates == 3 && [0, 3].contains(again.accepted), "call \(number)")
            expected += ids
            #expect(try await Self.ids(reader) == expected, "call \(number)")
            if failed == 0 {
                #expect(number > 6)
                break
            }
        }
    }

    @Test("deletes what is older than 30 days in steps, and gives no sequence twice")
    func retention() async throws {
        let database = try TestDatabase()
        let (store, reader) = try Self.store(database)
        _ = try await store.append(Self.events((0..<1_200).map { "old\($0)" }))
        let later = Self.start + TimeSpan(seconds: 86_400)
        _ = try await store.append(Self.events(["young"], at: later))
        let end = Self.start + EventStore.retention
        #expect(try await store.purge(now: end) == false)
        #expect(try await Self.ids(reader).count == 1_201)
        let past = end + TimeSpan(seconds: 1)
        for more in [true, true, false] { #expect(try await store.purge(now: past) == more) }
        #expect(try await Self.ids(reader) == ["young"])
        #expect(try await store.purge(now: later + EventStore.retention + TimeSpan(seconds: 1)) == false)
        #expect(try await Self.ids(reader) == [])
        _ = try await store.append(Self.events(["next"], at: past))
        #expect(try await reader.events(EventFile.Filter(), limit: 1).map(\.sequence) == [1_202])
    }

    @Test("refuses a file of another program, and of a newer schema")
    func foreign() throws {
        let database = try TestDatabase()
        let path = EventFile.path(beside: database.path)
        #expect(path == database.folder + "/gate-events.db")
        let other = try SQLiteConnection(path: path, mode: .readWrite)
        try other.execute("CREATE TABLE t (x)")
        #expect { _ = try EventFile(path: path) } throws: { ($0 as? GateError)?.code == .databaseForeign }
        try other.execute("PRAGMA application_id = \(EventSchema.applicationID)")
        try other.execute("PRAGMA user_version = 99")
        #expect { _ = try EventFile(path: path) } throws: { ($0 as? GateError)?.code == .databaseNewer }
    }
}

/// Keeps SQLite's first call waiting until it is released, and counts the steps.
private final class Held: Sendable {
    private let state = Mutex((isHeld: true, isEntered: false, steps: 0))

    var isEntered: Bool { state.withLock { $0.isEntered } }
    var count: Int { state.withLock { $0.steps } }

    func release() { state.withLock { $0.isHeld = false } }

    func pass(_ call: SQLiteConnection.Call, _ made: Bool) -> Int32? {
        state.withLock { $0.isEntered = true }
        while state.withLock({ $0.isHeld }) { usleep(1_000) }
        if call == .step, !made { state.withLock { $0.steps += 1 } }
        return nil
    }
}

private final class Switch: Sendable {
    let isOn = Mutex(false)
}
