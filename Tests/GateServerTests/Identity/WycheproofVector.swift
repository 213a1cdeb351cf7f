import Foundation
import GateCore
import Testing

@testable import GateServer

/// One vector of Wycheproof's `json_web_signature_test.json`, with the key of its group.
struct WycheproofVector: Sendable, CustomTestStringConvertible {
    let number: Int
    let comment: String
    let isValid: Bool
    let jws: String
    /// The public JWK; for a shared secret, the secret one.
    let key: JSONObject
    /// The texts that the same group calls valid.
    let validInGroup: Set<String>

    var testDescription: String { "\(number) \(comment)" }

    /// `$GATE_CORPORA`, or `../shared/corpora` beside the package.
    static let path: String = {
        let package = (0..<4).reduce(URL(filePath: #filePath)) { url, _ in url.deletingLastPathComponent() }
        let corpora = ProcessInfo.processInfo.environment["GATE_CORPORA"] ?? package.appending(path: "../shared/corpora").standardizedFileURL.path
        return "\(corpora)/wycheproof/json_web_signature_test.json"
    }()

    static let isPresent = FileManager.default.fileExists(atPath: path)

    /// Empty where the file is absent; the test is then skipped.
    static let all: [WycheproofVector] = isPresent ? (try? load()) ?? [] : []

    private static func load() throws -> [WycheproofVector] {
        let file = try JSONParser.parse(Array(Data(contentsOf: URL(filePath: path))))
        return try (file["testGroups"]?.arrayValue ?? []).flatMap { group in
            let key = try #require((group["public"] ?? group["private"])?.objectValue)
            let tests = try #require(group["tests"]?.arrayValue)
            let valid = Set(tests.filter { $0["result"] == "valid" }.compactMap { $0["jws"]?.stringValue })
            return try tests.map { test in
                WycheproofVector(
                    number: Int(try #require(test["tcId"]?.integerValue)), comment: test["comment"]?.stringValue ?? "",
                    isValid: test["result"] == "valid",
                    jws: try #require(test["jws"]?.stringValue), key: key, validInGroup: valid)
            }
        }
    }
}
