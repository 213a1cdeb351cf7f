import Foundation
import Testing

@testable import GateCore

/// The exact sequences of `Vectors/guard.json`: `E` an error, `O` a success, `O*9` nine of them; no caps of users.
@Suite("The detectors")
struct GuardVectorTests {
    struct Vector: Sendable, CustomStringConvertible {
        var metric: String
        var lines: DetectorLines
        var pattern: String
        var outcomes: [Bool]
        var expected: JSONValue
        var description: String { "\(metric): \(pattern)" }
    }

    static let file: JSONValue = {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path + "/Vectors/guard.json"
        return (try? JSONParser.parse(Array(FileManager.default.contents(atPath: path) ?? Data()))) ?? .null
    }()

    static let metrics = ["create_error": metric(0.1), "associate_failed": metric(0.05)]

    static func metric(_ limit: Double) -> GuardMetric {
        GuardMetric(
            name: MetricName(unchecked: "m"), errors: [EventName(unchecked: "e")], successes: [EventName(unchecked: "o")],
            limit: Rate(millionths: Int64((limit * 1_000_000).rounded())))
    }

    static let vectors: [Vector] = (file["cases"]?.arrayValue ?? []).flatMap { one in
        metrics.sorted { $0.key < $1.key }.map { name, metric in
            let pattern = one["pattern"]?.stringValue ?? ""
            let repeated = Array(repeating: outcomes(of: pattern), count: Int(one["repeat"]?.integerValue ?? 0)).flatMap { $0 }
            return Vector(metric: name, lines: DetectorLines(metric), pattern: pattern, outcomes: repeated, expected: one[name] ?? .null)
        }
    }

    /// True for an error.
    private static func outcomes(of pattern: String) -> [Bool] {
        var outcomes: [Bool] = []
        for word in pattern.split(separator: " ") {
            let parts = word.split(separator: "*")
            let once = parts[0].map { $0 == "E" }
            for _ in 0..<(parts.count > 1 ? Int(parts[1])! : 1) { outcomes += once }
        }
        return outcomes
    }

    @Test("have the lines of the table")
    func lines() throws {
        let parameters = Self.file["parameters"]
        #expect(Self.vectors.count == 24)
        for (name, metric) in Self.metrics {
            let lines = DetectorLines(metric)
            for (detector, line) in [("fast", lines.fast), ("slow", lines.slow)] {
                let given = parameters?[name]?[detector]
                #expect(Int64(line.error) == given?["e"]?.integerValue)
                #expect(Int64(line.success) == given?["s"]?.integerValue)
                #expect(Int64(line.threshold) == given?["H"]?.integerValue)
            }
        }
        #expect(DetectorLines(Self.metrics["create_error"]!).blockErrors == 20)
        #expect(DetectorLines(Self.metrics["associate_failed"]!).blockErrors == 10)
    }

    @Test("follow every vector to the outcome and the level", arguments: vectors)
    func follow(vector: Vector) throws {
        var state = DetectorState(vector.lines)
        var (trippedAt, warnedAt): (Int64?, [JSONValue]) = (nil, [])
        for (index, isError) in vector.outcomes.enumerated() where trippedAt == nil {
            // Everyone is somebody else: no cap.
            for finding in state.take(isError: isError, user: UserID(unchecked: "u\(index)"), company: "acme", scope: .company) {
                switch finding {
                case .trip: trippedAt = Int64(index + 1)
                case .blockAboveLimit: warnedAt.append(.integer(Int64(index + 1)))
                case .userCapped: Issue.record("a cap")
                }
            }
        }
        #expect(trippedAt == vector.expected["tripped_at"]?.integerValue)
        #expect(state.tripped?.rawValue == vector.expected["detector"]?.stringValue)
        #expect(Int64(state.fast) == vector.expected["fast"]?.integerValue)
        #expect(Int64(state.slow) == vector.expected["slow"]?.integerValue)
        #expect(.array(warnedAt) == vector.expected["warned_at"])
    }

    @Test("are read back from what is kept of them, at any outcome", arguments: vectors.filter { $0.outcomes.count < 1_000 })
    func kept(vector: Vector) throws {
        var state = DetectorState(vector.lines)
        for (index, isError) in vector.outcomes.enumerated() {
            _ = state.take(isError: isError, user: UserID(unchecked: "u\(index % 7)"), company: "acme", scope: .flag(isOnForSeveral: index % 2 == 0))
            #expect(DetectorState(vector.lines, try JSONParser.parse(state.json.canonicalBytes)) == state)
        }
    }
}
