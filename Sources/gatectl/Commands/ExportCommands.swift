import ArgumentParser
import Foundation
import GateCore

/// A server's whole state as manifests, in an order that does not depend on the server.
struct Export {
    /// By kind, and within a kind by name.
    let manifests: [JSONValue]

    init(from client: GateClient) async throws {
        var request = Request.get("export")
        request.timeout = .seconds(60)
        let answer = try await client.send(request).json()
        manifests = (answer["manifests"]?.arrayValue ?? []).sorted { Self.key($0).lexicographicallyPrecedes(Self.key($1)) }
    }

    var kinds: [String] { Set(manifests.compactMap { $0["kind"]?.stringValue }).sorted() }

    func manifests(of kind: String) -> [JSONValue] { manifests.filter { $0["kind"]?.stringValue == kind } }

    /// What names a manifest: its kind, then its name, for a user the company and the user.
    static func key(_ manifest: JSONValue) -> [String] {
        let names = ["company_id", "user_id", "id", "key", "code", "name"].compactMap { manifest[$0]?.stringValue }
        let count = manifest["kind"]?.stringValue == EntityKind.user.rawValue ? 2 : 1
        return [manifest["kind"]?.stringValue ?? ""] + names.prefix(count)
    }
}

/// Writes the state into files that `apply` reads.
struct ExportManifests: GateCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write everything into YAML files, one a kind, that apply reads.",
        discussion: """
            The order is always the same, so that two exports can be compared. Tokens and holds are not exported.

            \(examples("gatectl export --to backup", "gatectl export --to backup && git -C backup diff"))
            """)

    @Option(name: .customLong("to"), help: ArgumentHelp("The folder; made when it is not there.", valueName: "dir"), completion: .directory)
    var folder: String
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) async throws {
        let export = try await Export(from: session.client)
        let known = EntityKind.allCases.map(\.rawValue)
        guard export.kinds.allSatisfy(known.contains) else {
            throw Failure(.failed, "answer_unexpected", "the server exports a kind that this gatectl does not know: it needs a newer one")
        }
        let target = absolutePath(folder)
        do {
            try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
        } catch {
            throw Failure(.failed, "file_not_written", "\(folder) cannot be made a folder")
        }
        var written: [(file: String, count: Int)] = []
        for kind in known {
            let (file, manifests) = ("\(target)/\(kind).yaml", export.manifests(of: kind))
            // A file of an earlier export must not bring back what is gone.
            guard !manifests.isEmpty || FileManager.default.fileExists(atPath: file) else { continue }
            try PrivateFile.write(manifests.isEmpty ? "# no \(kind)\n" : ManifestFiles.text(manifests), to: file)
            written.append((file, manifests.count))
        }
        let files = written.map { JSONValue.object(["file": .string($0.file), "manifests": .integer(Int64($0.count))]) }
        try session.console.show(["files": .array(files)], as: Table([.init("FILE", "file"), .init("MANIFESTS", "manifests")], of: files).lines)
    }
}

/// Compares two servers.
struct DiffServers: GateCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "How two servers differ: what --against has otherwise than --context.",
        discussion: examples("gatectl diff --context staging --against production"))

    @Option(help: ArgumentHelp("The context of the other server.", valueName: "name")) var against: String
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) async throws {
        let other = try Server(context: against)
        for warning in other.warnings { session.console.warn(warning) }
        let before = try await Export(from: session.client)
        let after = try await GateClient.with(other) { try await Export(from: $0) }
        let differences = Self.differences(before.manifests, after.manifests)
        let head = Line("\(session.client.server.url) → \(other.url)", .dim)
        try session.console.show(
            ["differences": .array(differences)], as: differences.isEmpty ? ["no difference"] : [head] + Difference.lines(differences))
    }

    /// `{"entity", "before", "after"}` for every manifest that is not the same on both sides.
    static func differences(_ before: [JSONValue], _ after: [JSONValue]) -> [JSONValue] {
        let old = Dictionary(before.map { (Export.key($0), $0) }) { first, _ in first }
        let new = Dictionary(after.map { (Export.key($0), $0) }) { first, _ in first }
        return Set(old.keys).union(new.keys).sorted { $0.lexicographicallyPrecedes($1) }.filter { old[$0] != new[$0] }.map { key in
            ["entity": .string(key.joined(separator: " ")), "before": old[key] ?? .null, "after": new[key] ?? .null]
        }
    }
}
