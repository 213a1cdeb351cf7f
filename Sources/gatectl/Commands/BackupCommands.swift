import ArgumentParser
import Foundation
import GateCore
import NIOCore

/// Takes a copy of the server's database, and checks it.
struct TakeBackup: GateCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Take a backup: the whole database as it is now, checked from the first change to the last row.",
        discussion: """
            The server goes on working meanwhile. The file holds digests of tokens and webhooks' secrets: only its owner may read it. What is there \
            already is never overwritten. Telemetry events, kept for 30 days in a file of their own, are no part of it.

            \(examples("gatectl backup gate-$(date +%F).db"))
            """)

    private static let longest = Duration.seconds(7200)

    @Argument(help: "The file to make.", completion: .file()) var file: String
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) async throws {
        let target = absolutePath(file)
        guard !FileManager.default.fileExists(atPath: target) else {
            throw Failure(.conflict, "file_exists", "\(file) is there already: a backup never overwrites one")
        }
        let draft = target + ".partial"
        unlink(draft)
        defer { unlink(draft) }
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(.failed, "file_not_written", "\(file) cannot be made: \(String(cString: strerror(errno)))") }
        let size = try await receive(into: FileHandle(fileDescriptor: descriptor, closeOnDealloc: true), session)
        let report = try Restoration.check(draft)
        guard link(draft, target) == 0 else {
            throw Failure(.failed, "file_not_written", "\(file) cannot be made: \(String(cString: strerror(errno)))")
        }
        let facts = Self.facts(file, report, ["bytes": .integer(Int64(size))])
        try session.console.show(.object(facts), as: facts.details)
    }

    private func receive(into handle: FileHandle, _ session: Session) async throws -> Int {
        var request = Request.admin(.post, ["backup"])
        request.accepts = "application/vnd.sqlite3"
        request.timeout = Self.longest
        var size = 0
        try await session.client.download(request) { piece in
            do {
                try handle.write(contentsOf: Data(piece.readableBytesView))
            } catch {
                throw Failure(.failed, "file_not_written", "\(file) cannot be written: is the disk full?")
            }
            size += piece.readableBytes
            session.console.progress("received \(size >> 20) MiB")
        }
        session.console.progress("received \(size >> 20) MiB", isLast: true)
        try handle.synchronize()
        try handle.close()
        return size
    }

    static func facts(_ file: String, _ report: AuditReport, _ more: JSONObject) -> JSONObject {
        var facts: JSONObject = [
            "file": .string(file), "revision": .integer(report.head.position.revision), "incarnation": .string(report.head.position.incarnation),
            "chain_head": .string(report.head.hash.hexadecimal), "changes_checked": .integer(Int64(report.checked)),
        ]
        for member in more.members { facts[member.name] = member.value }
        return facts
    }
}

/// Puts a backup in a database's place. It talks to no server: none may have the database open.
struct RestoreBackup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore-backup", abstract: "Put a backup in a database's place, while no server has that open.",
        discussion: """
            The backup is checked first, from the first change to the last row. What it replaces is kept beside it under another name. The \
            database gets a new incarnation, so that clients ask for the whole again. Run it as the user that the server runs as.

            \(examples("gatectl restore-backup gate-2026-12-01.db --database /var/lib/gate/gate.db"))
            """)

    @Argument(help: "The backup.", completion: .file()) var file: String
    @Option(help: ArgumentHelp("The server's database.", valueName: "file"), completion: .file()) var database: String
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() async throws {
        try await reporting(global) { console, _ in
            let source = absolutePath(file)
            guard FileManager.default.isReadableFile(atPath: source) else { throw Failure(.usage, "file_unreadable", "\(file) cannot be read") }
            let incarnation = (0..<8).map { _ in UInt8.random(in: .min ... .max) }.hexadecimal
            let now = Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
            let restoration = try Restoration(source, to: absolutePath(database), incarnation: incarnation, now: now)
            let facts = TakeBackup.facts(database, restoration.report, ["replaced": restoration.replaced.map { .string($0) } ?? .null])
            try console.show(.object(facts), as: facts.details)
        }
    }
}
