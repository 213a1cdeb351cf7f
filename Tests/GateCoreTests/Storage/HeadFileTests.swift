import Foundation
import Testing

@testable import GateCore

@Suite("The head file")
struct HeadFileTests {
    private func written(_ count: Int) async throws -> TestDatabase {
        let database = try TestDatabase()
        let writer = try await database.writer()
        for number in 0..<count { try await writer.put(.put(.flag(Flag(code: FlagCode(unchecked: "f\(number)"))))) }
        return database
    }

    private func overwrite(_ database: TestDatabase, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: database.path + ".head"))
    }

    private func opening(_ database: TestDatabase) async -> GateError? { await refusalOf { _ = try await database.writer() } }

    @Test("holds the last position and its hash")
    func holds() async throws {
        let database = try await written(2)
        let text = try String(contentsOfFile: database.path + ".head", encoding: .utf8)
        let hash = try database.loaded().head.hash.hexadecimal
        #expect(text.hasPrefix("first-2 \(hash) "))
        #expect(text.utf8.count == 160)
    }

    @Test("ahead of the database refuses it: acknowledged changes are missing")
    func ahead() async throws {
        let database = try await written(2)
        try overwrite(database, "first-3 \(String(repeating: "0", count: 64)) \n")
        let error = await opening(database)
        #expect(error?.code == .databaseBehind)
        #expect(error?.detail.contains("revision 2") == true && error?.detail.contains("revision 3") == true)
    }

    @Test("with another hash of the same revision refuses the database: its history was replaced")
    func replaced() async throws {
        let database = try await written(2)
        try overwrite(database, "first-2 \(String(repeating: "0", count: 64)) \n")
        #expect(await opening(database)?.code == .databaseBehind)
    }

    @Test(
        "that is older, of another incarnation, torn or gone stands in nobody's way",
        arguments: [
            "first-1 \(String(repeating: "0", count: 64)) \n", "second-900 \(String(repeating: "0", count: 64)) \n", "", "first", "first-9",
            "\u{0}\u{0}",
        ])
    func harmless(text: String) async throws {
        let database = try await written(2)
        try overwrite(database, text)
        #expect(await opening(database) == nil)
        // And it is written anew at once.
        #expect(try String(contentsOfFile: database.path + ".head", encoding: .utf8).hasPrefix("first-2 "))
    }

    @Test("is behind a database whose last acknowledgement it missed, and that is no harm")
    func missedOne() async throws {
        let database = try await written(1)
        let old = try String(contentsOfFile: database.path + ".head", encoding: .utf8)
        let writer = try await database.writer()
        try await writer.put(.put(.flag(Flag(code: "later"))))
        try overwrite(database, old)
        let path = database.path
        #expect(refusal { try HeadFile(database: path).check(Position(incarnation: "first", revision: 2), hash: []) } == nil)
    }
}
