import Foundation

/// A folder that is there while the test runs.
enum TestFolder {
    static func with<Result>(_ body: (_ path: String) async throws -> Result) async throws -> Result {
        let url = FileManager.default.temporaryDirectory.appending(path: "gate-identity-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: url) }
        return try await body(url.path)
    }
}
