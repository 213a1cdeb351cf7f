import Foundation
import Testing

@testable import GateCore

@Suite("A database file")
struct DatabaseTests {
    private static let seeds: [Entity] = [
        .company(Company(id: "acme", groups: ["beta"])), .company(Company(id: "globex")), .permission(Permission(key: "create")),
        .permission(Permission(key: "view")), .role(Role(name: "agent", permissions: ["create"])), .flag(Flag(code: "basis", enabled: true)),
        .flag(Flag(code: "embed", enabled: true, prerequisites: ["basis"], reviewBy: try? CalendarDate("2027-01-01"))),
        .flagState(FlagState(flag: "embed", company: "acme", enabled: true)), .hold(Hold(flag: "basis")),
        .hold(Hold(flag: "embed", company: "globex")),
        .gate(Gate(name: "canOpen", permissions: ["view"], flags: ["embed"])),
        .user(User(company: "acme", id: "ada", grants: Grants(["create": false], roles: ["agent"]))),
        .token(
            Token(
                id: "t", kind: .ops, name: "laptop", flags: ["embed"], companies: ["acme"], createdAt: Timestamp(microseconds: 1),
                expiresAt: Timestamp(microseconds: 2), digest: "aa")),
    ]

    /// A file with one of everything in it, closed again.
    private func seeded() async throws -> TestDatabase {
        let database = try TestDatabase()
        let writer = try await database.writer()
        try await writer.put(.load(Self.seeds))
        try await writer.put(.put(.flag(Flag(code: "lone"))))
        try await writer.put(.put(.flag(Flag(code: "lone", description: "changed"))))
        return database
    }

    private func opening(_ database: TestDatabase) async -> GateError? {
        await refusalOf { _ = try await database.writer() }
    }

    @Test("keeps a second server out and names the first one's process, while others can read")
    func locked() async throws {
        let database = try await seeded()
        let writer = try await database.writer()
        let error = refusal { try Database(path: database.path, newIncarnation: "second") }
        #expect(error?.code == .databaseLocked)
        #expect(error?.detail.contains("process \(ProcessInfo.processInfo.processIdentifier))") == true)
        #expect(try database.rows("SELECT code, owner, enabled FROM flags ORDER BY code").map { $0[0] } == ["basis", "embed", "lone"])
        #expect(try database.loaded().snapshot.facts == writer.snapshot.facts)
    }

    @Test("opened again has its incarnation, its state and its chain")
    func reopened() async throws {
        let database = try await seeded()
        let head = try database.loaded().head
        let writer = try await database.writer()
        #expect(writer.snapshot.position == Position(incarnation: "first", revision: 3))
        #expect(writer.store.current.chainHead == head.hash)
        try await writer.put(.delete(.flag("lone")))
        #expect(try database.changes().first?.previousHash == head.hash)
        #expect(try database.audit().problems == [])
        #expect(try database.audit().checked == 4)
    }

    @Test("of a newer program is refused")
    func newerSchema() async throws {
        let database = try await seeded()
        try database.tamper("PRAGMA user_version = 99")
        #expect(await opening(database)?.code == .databaseNewer)
        try database.tamper("PRAGMA user_version = 1", "UPDATE changes SET format = 2")
        #expect(refusal { try database.changes() }?.code == .databaseNewer)
    }

    @Test("of another program is refused, and not a byte of it is changed")
    func foreign() async throws {
        let database = try TestDatabase()
        let connection = try SQLiteConnection(path: database.path, mode: .readWrite)
        try connection.execute("CREATE TABLE notes (text TEXT)")
        let before = FileManager.default.contents(atPath: database.path)
        #expect(await opening(database)?.code == .databaseForeign)
        #expect(FileManager.default.contents(atPath: database.path) == before)
        #expect(before?.isEmpty == false)
    }

    @Test("that is no database at all is refused")
    func noDatabase() async throws {
        let database = try TestDatabase()
        try Data(repeating: 0x41, count: 8_192).write(to: URL(fileURLWithPath: database.path))
        #expect(await opening(database)?.code == .databaseDamaged)
        #expect(refusal { try Database(path: database.folder + "/none/gate.db", newIncarnation: "x") }?.code == .storageFailed)
    }

    /// A statement that changes one stored value, and what the error must name.
    static let damages: [(sql: String, named: String)] = [
        ("UPDATE companies SET name = 'x' WHERE id = 'acme'", "company acme"),
        ("UPDATE companies SET revision = 2 WHERE id = 'acme'", "company acme"),
        ("UPDATE companies SET row_hash = x'00' WHERE id = 'acme'", "company acme"),
        ("UPDATE company_groups SET group_name = 'qa'", "company acme"), ("DELETE FROM company_groups", "company acme"),
        ("UPDATE permissions SET description = 'x' WHERE key = 'view'", "permission view"),
        ("UPDATE roles SET description = 'x'", "role agent"), ("UPDATE role_permissions SET permission_key = 'view'", "role agent"),
        ("UPDATE flags SET enabled = 0 WHERE code = 'embed'", "flag embed"), ("UPDATE flags SET owner = 'x' WHERE code = 'embed'", "flag embed"),
        ("UPDATE flags SET client_visible = 0 WHERE code = 'embed'", "flag embed"),
        ("UPDATE flags SET permanent = 1 WHERE code = 'embed'", "flag embed"),
        ("UPDATE flags SET review_by = NULL WHERE code = 'embed'", "flag embed"),
        ("UPDATE flags SET review_by = '2027-13-01' WHERE code = 'embed'", "flag embed"),
        ("UPDATE flag_prerequisites SET prerequisite_code = 'lone'", "flag embed"), ("DELETE FROM flag_prerequisites", "flag embed"),
        ("UPDATE flag_company_states SET enabled = 0", "flag embed for company acme"),
        ("UPDATE flag_company_states SET company_id = 'globex'", "flag embed for company globex"),
        ("UPDATE flag_holds SET flag_code = 'lone'", "hold of flag lone"), ("UPDATE flag_holds SET revision = 3", "hold of flag basis"),
        ("UPDATE flag_company_holds SET company_id = 'acme'", "hold of flag embed for company acme"),
        ("UPDATE gates SET description = 'x'", "gate canOpen"), ("DELETE FROM gate_permissions", "gate canOpen"),
        ("UPDATE gate_flags SET flag_code = 'lone'", "gate canOpen"), ("UPDATE users SET user_id = 'bob'", "user bob of company acme"),
        ("UPDATE user_permissions SET enabled = 1", "user ada of company acme"), ("DELETE FROM user_roles", "user ada of company acme"),
        ("INSERT INTO user_roles VALUES ('acme', 'aaa', 'agent')", "user"), ("INSERT INTO user_permissions VALUES ('zeta', 'z', 'view', 1)", "user"),
        ("UPDATE tokens SET kind = 'admin'", "token t"), ("UPDATE tokens SET kind = 'root'", "token t"),
        ("UPDATE tokens SET expires_at = 9", "token t"), ("DELETE FROM token_companies", "token t"),
        ("UPDATE token_flags SET flag_code = 'lone'", "token t"),
    ]

    @Test("with a changed value is refused by the entity's name, and the audit says so", arguments: damages.indices)
    func damaged(index: Int) async throws {
        let (sql, named) = Self.damages[index]
        let database = try await seeded()
        try database.tamper(sql)
        let error = await opening(database)
        #expect(error?.code == .databaseDamaged, "\(sql): \(String(describing: error))")
        #expect(error?.detail.contains(named) == true, "\(sql): \(String(describing: error))")
        #expect(try database.audit().problems.contains { $0.contains(named) }, "\(sql)")
    }

    @Test("with a whole row gone or made up is found by the audit, which names it", arguments: 0..<3)
    func rowGone(way: Int) async throws {
        let database = try await seeded()
        switch way {
        case 0: try database.tamper("DELETE FROM flag_holds")
        case 1: try database.tamper("DELETE FROM flag_company_states")
        default: try database.tamper("DELETE FROM flags WHERE code = 'lone'")
        }
        let names = ["hold of flag basis", "flag embed for company acme", "flag lone"]
        #expect(try database.audit().problems.contains { $0.contains(names[way]) })
    }

    static let forgeries: [(sql: String, named: String)] = [
        ("UPDATE changes SET reason = 'other' WHERE revision = 2", "change 2"), ("UPDATE changes SET actor = 'other' WHERE revision = 2", "change 2"),
        ("UPDATE changes SET at = at + 1 WHERE revision = 2", "change 2"), ("UPDATE changes SET command = '{}' WHERE revision = 2", "change 2"),
        ("UPDATE changes SET operations = x'5b5d' WHERE revision = 2", "change 2"),
        ("UPDATE changes SET before = x'5b5d' WHERE revision = 2", "change 2"),
        ("UPDATE changes SET previous_hash = x'00' WHERE revision = 2", "change 2"),
        ("UPDATE changes SET hash = x'00' WHERE revision = 2", "change 2"),
        ("DELETE FROM changes WHERE revision = 2", "change 2 is missing"), ("DELETE FROM changes WHERE revision = 1", "change 1 is missing"),
        ("DELETE FROM changes WHERE revision = 3", "head"), ("UPDATE head SET revision = 2", "head"), ("UPDATE head SET hash = x'00'", "head"),
    ]

    @Test("with a changed history is found by the audit, which names the change", arguments: forgeries.indices)
    func forged(index: Int) async throws {
        let (sql, named) = Self.forgeries[index]
        let database = try await seeded()
        try database.tamper(sql)
        let report = try database.audit()
        #expect(report.problems.contains { $0.contains(named) }, "\(sql): \(report.problems)")
        #expect(report.json["valid"] == false)
        // A clean one says so.
        #expect(try await seeded().audit().json["valid"] == true)
    }

    @Test("whose end does not fit head is refused")
    func headAndLastChange() async throws {
        let database = try await seeded()
        try database.tamper("DELETE FROM changes WHERE revision = 3")
        #expect(await opening(database)?.code == .databaseDamaged)
        let headless = try await seeded()
        try headless.tamper("DELETE FROM head")
        #expect(await opening(headless)?.code == .databaseDamaged)
    }
}
