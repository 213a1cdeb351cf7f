import Foundation

/// Data that others made, beside the repository; named by `GATE_CORPORA`, by default `../shared/corpora`.
enum Corpora {
    /// The repository's root, from where this file lies.
    static let root: URL = (0..<4).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }

    static let folder: URL =
        ProcessInfo.processInfo.environment["GATE_CORPORA"].map { URL(fileURLWithPath: $0) }
        ?? root.deletingLastPathComponent().appendingPathComponent("shared/corpora")

    /// The texts of JSONTestSuite whose names begin so; none when the corpus is not here.
    static func jsonTexts(_ prefix: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: jsonFolder.path)) ?? []
        return names.filter { $0.hasPrefix(prefix) && $0.hasSuffix(".json") }.sorted()
    }

    static let jsonFolder = folder.appendingPathComponent("JSONTestSuite/test_parsing")

    static func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: jsonFolder.appendingPathComponent(name))) }

    static let hasJSON = !jsonTexts("y_").isEmpty
}
