import Foundation
import Synchronization

@testable import GateCore

/// A database file in a folder of its own, which goes when this does.
final class TestDatabase: Sendable {
    let folder: String
    var path: String { folder + "/gate.db" }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("gate-tests-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// Opens the writer. One that was let go of a moment ago may still hold the lock: that is waited for.
    func writer(faults: Faults = Faults(), clock: TestClock = TestClock(), prepare: [String] = []) async throws -> GateWriter {
        for _ in 0..<200 {
            do throws(GateError) {
                return try open(faults, clock, prepare)
            } catch {
                guard error.code == .databaseLocked else { throw error }
                try? await Task.sleep(for: .milliseconds(10))
            }
        }
        return try open(faults, clock, prepare)
    }

    private func open(_ faults: Faults, _ clock: TestClock, _ prepare: [String]) throws(GateError) -> GateWriter {
        let database = try Database(path: path, newIncarnation: "first")
        for sql in prepare { try database.connection.execute(sql) }
        database.connection.fault = { call, made in faults.answer(call, made: made) }
        return try GateWriter(database: database) { clock.now }
    }

    /// What a server would load from the file now, read beside the writer.
    func loaded() throws -> (snapshot: Snapshot, head: Database.Head) {
        let connection = try SQLiteConnection(path: path, mode: .readOnly)
        try connection.execute("BEGIN")
        let head = try Database.head(connection)
        let position = head.position
        return (try StateLoader(connection: connection).load(incarnation: position.incarnation, revision: position.revision), head)
    }

    func audit() throws -> AuditReport { try ChangeLog(SQLiteConnection(path: path, mode: .readOnly)).audit() }

    func changes() throws -> [Change] { try ChangeLog(SQLiteConnection(path: path, mode: .readOnly)).changes(ChangeLog.Filter(), limit: 100_000) }

    /// The state that the log's operations give, replayed from nothing.
    func folded() throws -> Snapshot {
        var snapshot = Snapshot(incarnation: "fold")
        try ChangeLog(SQLiteConnection(path: path, mode: .readOnly)).forEach(after: 0) { record throws(GateError) in
            try snapshot.apply(record.decodedOperations(), revision: record.revision)
        }
        return snapshot
    }

    /// Changes the file behind everybody's back, with SQLite's own checks off.
    func tamper(_ statements: String...) throws {
        let connection = try SQLiteConnection(path: path, mode: .readWrite)
        try connection.execute("PRAGMA ignore_check_constraints = ON")
        for sql in statements { try connection.execute(sql) }
    }

    func rows(_ sql: String) throws -> [[String]] {
        let connection = try SQLiteConnection(path: path, mode: .readOnly)
        let columns = 3
        return try connection.query(sql) { row throws(GateError) in (0..<columns).map { row.text($0) } }
    }
}

/// A clock that tests set.
final class TestClock: Sendable {
    private let time = Mutex(Timestamp(microseconds: 1_800_000_000_000_000))

    var now: Timestamp { time.withLock { $0 } }

    func advance(_ span: TimeSpan) { time.withLock { $0 = $0 + span } }
}

/// Makes the n-th of the calls into SQLite fail.
final class Faults: Sendable {
    struct Plan: Sendable {
        /// Which calls are counted.
        var counted: @Sendable (SQLiteConnection.Call, Bool) -> Bool
        /// Which of them fails: the n-th, and with `lasting` all that follow.
        var number: Int
        var lasting = false
        var code: Int32
    }

    private struct State {
        var plan: Plan?
        var seen = 0
        var failed = 0
    }

    private let state = Mutex(State())

    func arm(_ plan: Plan) { state.withLock { $0 = State(plan: plan) } }

    /// Stops failing calls, and tells how many were failed.
    func disarm() -> Int {
        state.withLock { state in
            defer { state = State() }
            return state.failed
        }
    }

    func answer(_ call: SQLiteConnection.Call, made: Bool) -> Int32? {
        state.withLock { state in
            guard let plan = state.plan, plan.counted(call, made) else { return nil }
            state.seen += 1
            guard plan.lasting ? state.seen >= plan.number : state.seen == plan.number else { return nil }
            state.failed += 1
            return plan.code
        }
    }
}

extension GateWriter {
    /// Writes as an administrator who gives no reason worth reading.
    @discardableResult
    nonisolated func put(_ command: Command, _ edit: @Sendable (inout WriteRequest) -> Void = { _ in }) async throws -> Outcome {
        var request = WriteRequest(command, actor: "token/test", reason: "test", authority: .full)
        request.newCompany = true
        edit(&request)
        return try await write(request)
    }

    nonisolated var snapshot: Snapshot { store.current.snapshot }
}
