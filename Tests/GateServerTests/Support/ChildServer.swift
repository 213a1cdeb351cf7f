import Foundation
import GateCore

/// The built `gate-server` as a process of its own, for what a process has: an environment, signals, an exit status.
enum ChildServer {
    struct Outcome: Sendable {
        var status: Int32
        var output: String
        var errors: String
    }

    /// Beside the test bundle.
    static let executable: String = {
        let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: bundle).deletingLastPathComponent().appending(path: "gate-server").path
    }()

    static var isBuilt: Bool { FileManager.default.isExecutableFile(atPath: executable) }

    /// Starts it, waits until it listens or ends, does the work, tells it to stop, and waits for its end.
    ///
    /// - Parameter work: is given what it has printed by then.
    static func run(
        _ arguments: [String], environment: [String: String] = [:], in folder: String, _ work: (_ output: String) async throws -> Void = { _ in }
    ) async throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("GATE_") }.merging(environment) { $1 }
        let paths = ["out", "err"].map { "\(folder)/child-\(UUID().uuidString).\($0)" }
        for path in paths { _ = FileManager.default.createFile(atPath: path, contents: nil) }
        process.standardOutput = FileHandle(forWritingAtPath: paths[0])
        process.standardError = FileHandle(forWritingAtPath: paths[1])
        func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
        try process.run()
        while process.isRunning, !text(paths[0]).contains("\n") { try await Task.sleep(for: .milliseconds(20)) }
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await work(text(paths[0]))) } catch { outcome = .failure(error) }
        if process.isRunning { process.terminate() }
        while process.isRunning { try await Task.sleep(for: .milliseconds(20)) }
        try outcome.get()
        return Outcome(status: process.terminationStatus, output: text(paths[0]), errors: text(paths[1]))
    }
}
