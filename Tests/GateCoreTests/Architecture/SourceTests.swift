import Foundation
import Testing

/// Reads the sources and keeps the rules of the house true.
@Suite("The core's sources")
struct SourceTests {
    struct Source: Sendable {
        var folder: String
        var name: String
        var lines: [Substring]

        /// The modules it imports, whatever words stand before and after.
        var imports: [Substring] {
            lines.compactMap { line in
                let words = line.split(separator: " ")
                guard let place = words.firstIndex(of: "import"), place + 1 < words.count, words[..<place].allSatisfy({ Self.modifiers.contains($0) })
                else { return nil }
                let rest = words[(place + 1)...].drop { Self.kinds.contains($0) }
                return rest.first?.split(separator: ".").first
            }
        }

        /// Lines that are no comment.
        var code: [Substring] { lines.filter { !$0.drop { $0 == " " }.hasPrefix("//") } }

        private static let modifiers: Set<Substring> = [
            "public", "package", "internal", "fileprivate", "private", "@testable", "@preconcurrency", "@_exported",
        ]
        private static let kinds: Set<Substring> = ["struct", "class", "enum", "func", "protocol", "typealias", "let", "var", "actor"]
    }

    static let sources: [Source] = {
        let core = Corpora.root.appendingPathComponent("Sources/GateCore").resolvingSymlinksInPath()
        let paths = FileManager.default.enumerator(atPath: core.path)?.compactMap { $0 as? String } ?? []
        return paths.filter { $0.hasSuffix(".swift") }.sorted().compactMap { path in
            guard let text = try? String(contentsOf: core.appendingPathComponent(path), encoding: .utf8) else { return nil }
            let parts = path.split(separator: "/")
            return Source(
                folder: String(parts.first ?? ""), name: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false))
        }
    }()

    @Test("are found, with every folder of the plan that is built")
    func found() {
        #expect(Self.sources.count > 40)
        let folders = Set(Self.sources.map(\.folder))
        #expect(folders.isSuperset(of: ["JSON", "Model", "Evaluation", "Commands", "Storage", "Runtime", "Manifests", "Telemetry", "Wire"]))
        #expect(Self.sources.first { $0.name == "Commands/Plan.swift" }?.imports == ["Crypto"])
        #expect(Self.sources.first { $0.name == "Evaluation/Snapshot.swift" }?.imports == ["HashTreeCollections"])
    }

    static let pure = ["JSON", "Model", "Evaluation", "Commands", "Rollouts"]

    @Test("import in the pure folders nothing that has a clock, a file or a database")
    func pureFolders() {
        for source in Self.sources where Self.pure.contains(source.folder) {
            let allowed: Set<Substring> = source.folder == "Commands" ? ["HashTreeCollections", "Crypto"] : ["HashTreeCollections"]
            let strangers = source.imports.filter { !allowed.contains($0) }
            #expect(strangers.isEmpty, "\(source.name) imports \(strangers)")
        }
    }

    @Test(
        "have in the pure folders no clock and no randomness, by name",
        arguments: [
            " Date(", "Date.now", "Clock", "SystemRandomNumberGenerator", ".random(", "shuffled()", "randomElement", "Task {", "Task.",
            "package actor ",
            "Mutex", "getenv",
        ])
    func noClock(word: String) {
        for source in Self.sources where Self.pure.contains(source.folder) {
            let lines = source.code.filter { $0.contains(word) }
            #expect(lines.isEmpty, "\(source.name): \(lines)")
        }
    }

    /// What should be in Storage and is not yet. Nothing may join; what leaves must be struck out.
    static let knownSQL: Set<String> = []

    @Test("have SQL nowhere but in Storage")
    func sql() {
        let words = ["SELECT ", "INSERT INTO", "UPDATE ", "DELETE FROM", "CREATE TABLE", "PRAGMA "]
        let elsewhere = Self.sources.filter { source in
            source.folder != "Storage" && source.code.contains { line in words.contains { line.contains($0) } }
        }
        #expect(Set(elsewhere.map(\.name)) == Self.knownSQL)
    }

    @Test("import SQLite in Storage/SQLite alone, and nothing that serves HTTP anywhere")
    func imports() {
        for source in Self.sources {
            if source.imports.contains("CSQLite") { #expect(source.name.hasPrefix("Storage/SQLite/"), "\(source.name)") }
            let servers = source.imports.filter { module in
                ["NIO", "Hummingbird", "HTTP", "AsyncHTTP", "JWT", "Logging"].contains { module.hasPrefix($0) }
            }
            #expect(servers.isEmpty, "\(source.name) imports \(servers)")
        }
    }

    @Test("say nothing of HTTP", arguments: ["HTTPResponse", "HTTPRequest", "statusCode", "URLSession", "httpStatus"])
    func httpWords(word: String) {
        for source in Self.sources { #expect(!source.code.contains { $0.contains(word) }, "\(source.name)") }
    }

    @Test("depend one way: what is below names nothing of what is above")
    func oneWay() {
        let above: [String: [String]] = [
            "Model": ["Snapshot", "Planner", "SQLConnection", "GateWriter"], "JSON": ["Snapshot", "Planner", "SQLConnection", "GateWriter"],
            "Evaluation": ["Planner", "SQLConnection", "GateWriter", "Plan("], "Commands": ["SQLConnection", "GateWriter", "ChangeLog"],
            "Storage": ["GateWriter", "SnapshotStore"],
        ]
        for source in Self.sources {
            for word in above[source.folder] ?? [] {
                let lines = source.code.filter { $0.contains(word) }
                #expect(lines.isEmpty, "\(source.name): \(lines)")
            }
        }
    }

    @Test("fit a sitting: no file over 400 lines, no line over 180 characters")
    func sizes() {
        for source in Self.sources {
            #expect(source.lines.count <= 400, "\(source.name) has \(source.lines.count) lines")
            for line in source.lines where line.count > 180 { Issue.record("\(source.name) has a line of \(line.count) characters") }
        }
    }

    @Test("have no any-Sendable promise without a proof, no unfinished work, and no class called a manager")
    func words() {
        for source in Self.sources {
            for word in ["@unchecked Sendable", "nonisolated(unsafe)", "TODO", "FIXME", "Manager {", "Helper", "Utils", "try!", "fatalError("] {
                // The one manager is Foundation's.
                let lines = source.lines.filter { $0.contains(word) && !$0.contains("FileManager") }
                #expect(lines.isEmpty, "\(source.name): \(lines)")
            }
        }
    }
}
