import ArgumentParser
import Foundation
import GateCore

/// What the server says of itself.
struct Status: ReadCommand {
    static let configuration = CommandConfiguration(
        abstract: "The server's version, revision and sizes.", discussion: examples("gatectl status", "gatectl status --context production"))

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func request() throws -> Request { .get("status") }
    func lines(_ body: JSONValue) -> [Line] { body.objectValue?.details ?? [] }
}

/// Goes the way of a request and says where it ends.
struct Doctor: GateCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check the way to the server: address, token, right, clocks, and the history's chain.",
        discussion: """
            Ends with the exit code of the first check that failed.

            \(examples("gatectl doctor", "gatectl doctor --context production"))
            """)

    /// A clock that is further off than this makes tokens look expired, and times in the history wrong.
    private static let largestSkew: TimeInterval = 5

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) async throws {
        var findings: [Finding] = []
        let server = session.client.server
        findings.append(Finding("address", true, "\(server.url), from \(server.addressFrom)"))
        findings.append(Self.token(server))
        do {
            let sent = Date()
            let answer = try await session.client.send(.get("status"))
            let status = try answer.json()
            findings.append(Finding("server", true, "version \(status.words("version")), revision \(status.words("revision"))"))
            findings.append(Finding("right", true, "the token may read"))
            if let finding = Self.clock(answer, between: sent, and: Date()) { findings.append(finding) }
            var audit = Request.get("audit")
            audit.timeout = .seconds(600)
            let report = try await session.client.send(audit).json()
            let valid = report["valid"]?.boolValue == true
            findings.append(Finding("history", valid, VerifyAudit.lines(report).first?.spans.map(\.text).joined() ?? ""))
        } catch let failure as Failure {
            findings.append(Finding(failure.status == .notAllowed ? "right" : "server", false, failure.problem.detail, or: failure.status))
        }
        try session.console.show(["checks": .array(findings.map(\.json))], as: Table.aligned(findings.map(\.row)))
        if let failed = findings.first(where: { !$0.isGood }) { throw failed.status.exitCode }
    }

    private static func token(_ server: Server) -> Finding {
        guard let token = server.token else {
            return Finding("token", false, "there is none: gatectl login, --token-file or GATE_TOKEN", or: .notAllowed)
        }
        let kind = Token.Kind.allCases.first { token.hasPrefix("gate_\($0.rawValue)_") }?.rawValue ?? "unknown"
        let exposed = server.tokenFile.map(PrivateFile.isReadableByOthers) ?? false
        let from = (server.tokenFile ?? server.tokenFrom) + (exposed ? ", which others can read" : "")
        return Finding("token", !exposed, "of kind \(kind), from \(from)")
    }

    private static func clock(_ answer: Answer, between sent: Date, and received: Date) -> Finding? {
        let reader = DateFormatter()
        reader.locale = Locale(identifier: "en_US_POSIX")
        reader.timeZone = TimeZone(secondsFromGMT: 0)
        reader.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        guard let text = answer.header("Date"), let date = reader.date(from: text) else { return nil }
        // The header has whole seconds.
        let skew = date < sent ? max(0, sent.timeIntervalSince(date) - 1) : max(0, date.timeIntervalSince(received))
        return Finding("clock", skew <= largestSkew, skew < 1 ? "the same here and there" : "\(Int(skew)) s apart")
    }
}

/// What one of the doctor's checks found.
private struct Finding {
    let check: String
    let isGood: Bool
    let detail: String
    let status: ExitStatus

    init(_ check: String, _ isGood: Bool, _ detail: String, or status: ExitStatus = .failed) {
        (self.check, self.isGood, self.detail, self.status) = (check, isGood, detail, status)
    }

    var json: JSONValue { ["check": .string(check), "ok": .bool(isGood), "detail": .string(detail)] }
    var row: [Span] { [Span(isGood ? "ok" : "FAILED", isGood ? .good : .bad), Span(check, .bold), Span(detail)] }
}
