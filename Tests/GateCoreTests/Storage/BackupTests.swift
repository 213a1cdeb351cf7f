import Foundation
import Testing

@testable import GateCore

@Suite("A backup")
struct BackupTests {
    private let database: TestDatabase
    private let elsewhere: TestDatabase

    init() throws { (database, elsewhere) = (try TestDatabase(), try TestDatabase()) }

    private func bytes(_ copy: BackupCopy) throws -> Data {
        var data = Data()
        while case let piece = try copy.piece(at: data.count), !piece.isEmpty { data += piece }
        return data
    }

    /// A backup as a file, of a database with a few changes.
    private func backup() async throws -> (file: String, facts: [Fact]) {
        let writer = try await database.writer()
        for index in 0..<20 { try await writer.put(.put(.company(Company(id: CompanyID(unchecked: "c\(index)"))))) }
        try await writer.put(.put(.flag(Flag(code: "embed", enabled: true))))
        try await writer.put(.put(.flagState(FlagState(flag: "embed", company: "c1", enabled: true))))
        let file = elsewhere.folder + "/backup.db"
        try await bytes(Backups(database: database.path).copy()).write(to: URL(fileURLWithPath: file))
        return (file, writer.snapshot.facts)
    }

    /// The files of a folder, but for those that SQLite keeps while a database is open.
    private func names(_ folder: String) throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasSuffix("-wal") && !$0.hasSuffix("-shm") })
    }

    /// Tries until those who let go of the database have done so.
    private func restore(_ file: String, to path: String) async throws(GateError) -> Restoration {
        for _ in 0..<200 {
            do throws(GateError) {
                return try Restoration(file, to: path, incarnation: "second", now: Timestamp(microseconds: 7))
            } catch {
                guard error.code == .databaseLocked else { throw error }
                try? await Task.sleep(for: .milliseconds(10))
            }
        }
        return try Restoration(file, to: path, incarnation: "second", now: Timestamp(microseconds: 7))
    }

    @Test("is of one moment, whole and valid, while the writer goes on, and leaves no file behind")
    func consistent() async throws {
        let writer = try await database.writer()
        try await writer.put(.put(.flag(Flag(code: "embed"))))
        let backups = Backups(database: database.path)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for index in 0..<200 {
                    try await writer.put(.put(.flagState(FlagState(flag: "embed", company: CompanyID(unchecked: "c\(index)"), enabled: true))))
                }
            }
            for number in 0..<5 {
                let copy = try await backups.copy()
                let file = elsewhere.folder + "/\(number).db"
                let data = try bytes(copy)
                #expect(data.count == copy.size)
                try data.write(to: URL(fileURLWithPath: file))
                let report = try Restoration.check(file)
                #expect(report.problems.isEmpty && report.head.position == copy.position)
            }
            try await group.waitForAll()
        }
        #expect(try !names(database.folder).contains { $0.contains("backup") })
    }

    @Test("restored is the same state under a new incarnation, and what was there is kept")
    func restored() async throws {
        let (file, facts) = try await backup()
        do {
            let writer = try await database.writer()
            try await writer.put(.put(.flag(Flag(code: "later"))))
        }
        let restoration = try await restore(file, to: database.path)
        #expect(restoration.report.head.position == Position(incarnation: "second", revision: 22))
        let kept = try #require(restoration.replaced)
        #expect(try Restoration.check(kept).head.position == Position(incarnation: "first", revision: 23))
        #expect(try database.audit().problems == [])
        do {
            let writer = try await database.writer()
            #expect(writer.snapshot.facts == facts)
            #expect(writer.snapshot.incarnation == "second")
            try await writer.put(.put(.flag(Flag(code: "another"))))
        }
        #expect(try database.audit().problems == [])
        let left = try names(database.folder).filter { $0.contains("restoring") }
        #expect(left == [])
        let mode = try FileManager.default.attributesOfItem(atPath: database.path)[.posixPermissions] as? NSNumber
        #expect(mode?.intValue == 0o600)
    }

    @Test("restored where no database is makes one; where a log was left behind that log is not read as its own")
    func nowhere() async throws {
        let (file, facts) = try await backup()
        let path = elsewhere.folder + "/new.db"
        try Data("a log that nobody owns".utf8).write(to: URL(fileURLWithPath: path + "-wal"))
        let restoration = try await restore(file, to: path)
        #expect(restoration.replaced == nil)
        #expect(try Restoration.check(path).head.position.incarnation == "second")
        #expect(try Database(path: path, newIncarnation: "x").load().snapshot.facts == facts)
    }

    @Test("is not restored over a database that a server has open")
    func locked() async throws {
        let (file, _) = try await backup()
        let writer = try await database.writer()
        #expect(refusal { try Restoration(file, to: database.path, incarnation: "second", now: Timestamp(microseconds: 7)) }?.code == .databaseLocked)
        try await writer.put(.put(.flag(Flag(code: "still"))))
        #expect(try database.audit().problems == [])
    }

    @Test(
        "that is damaged, of another program, empty, newer, or in use is not restored, and the database stays as it is",
        arguments: [
            ("UPDATE changes SET reason = 'other' WHERE revision = 3", GateError.Code.databaseDamaged),
            ("UPDATE companies SET name = 'other' WHERE id = 'c1'", .databaseDamaged), ("DELETE FROM changes WHERE revision = 5", .databaseDamaged),
            ("PRAGMA application_id = 7", .databaseForeign), ("PRAGMA user_version = 1000", .databaseNewer), ("empty", .databaseForeign),
            ("text", .databaseDamaged), ("in use", .databaseForeign),
        ])
    func refused(harm: String, code: GateError.Code) async throws {
        let (file, _) = try await backup()
        switch harm {
        case "empty": try Data().write(to: URL(fileURLWithPath: file))
        case "text": try Data(String(repeating: "this is no database ", count: 100).utf8).write(to: URL(fileURLWithPath: file))
        case "in use": try Data("x".utf8).write(to: URL(fileURLWithPath: file + "-wal"))
        default:
            let connection = try SQLiteConnection(path: file, mode: .readWrite)
            for trigger in try connection.query("SELECT name FROM sqlite_schema WHERE type = 'trigger'", [], { row throws(GateError) in row.text(0) })
            {
                try connection.execute("DROP TRIGGER \(trigger)")
            }
            try connection.execute(harm)
        }
        let before = try names(database.folder)
        let error = await refusalOf { try await restore(file, to: database.path) }
        #expect(error?.code == code, "\(String(describing: error))")
        #expect(try names(database.folder) == before)
        #expect(try database.audit().problems == [])
        #expect(try database.loaded().head.position == Position(incarnation: "first", revision: 22))
    }

    @Test("restored lets the guards begin anew: an epoch may come again with another meaning")
    func guards() async throws {
        let (file, _) = try await backup()
        let path = EventFile.path(beside: database.path)
        do {
            let events = try EventFile(path: path)
            let finding = GuardFinding(
                kind: .trip, flag: "embed", company: nil, flagEpoch: 0, companyEpoch: 0, reason: "r", numbers: [:],
                decidedAt: Timestamp(microseconds: 1))
            try events.insert(finding)
            try events.connection.execute("INSERT INTO detectors VALUES ('embed', '', 'm', 0, 0, '{}', '{}')")
            #expect(try events.openFindings().count == 1)
        }
        _ = try await restore(file, to: database.path)
        let events = try EventFile(path: path)
        #expect(try events.openFindings().isEmpty)
        let detectors = try events.connection.query("SELECT count(*) FROM detectors") { row throws(GateError) in row.integer(0) }
        #expect(detectors == [0])
        #expect(try events.findings(of: "embed", kind: .trip, limit: 5).count == 1)
    }
}
