import GateCore

/// Why a command ends without having done what was asked: what to print, and the exit code.
struct Failure: Error, Sendable {
    var status: ExitStatus
    var problem: Problem
    /// What to do next, beyond what the problem itself suggests.
    var advice: [String]

    init(_ status: ExitStatus, _ problem: Problem, advice: [String] = []) {
        self.status = status
        self.problem = problem
        self.advice = advice
    }

    /// A failure found on this side, in the form in which the server reports its own.
    init(_ status: ExitStatus, _ code: String, _ detail: String, advice: String...) {
        var body = Problem(code: code, detail: detail).body
        if !advice.isEmpty { body["advice"] = .array(advice.map { .string($0) }) }
        self.init(status, Problem(body), advice: advice)
    }

    /// An input that breaks a rule of the core, or a file that is not as it should be.
    init(_ error: GateError) {
        var body = Problem(code: error.code.rawValue, detail: error.detail).body
        if let pointer = error.pointer { body["pointer"] = .string(pointer) }
        if let limit = error.limit {
            body["limit"] = .string(limit.name)
            body["provided"] = .integer(Int64(limit.provided))
            body["allowed"] = .integer(Int64(limit.allowed))
        }
        let status: ExitStatus =
            switch error.code {
            case .databaseLocked: .conflict
            case .databaseNewer, .databaseForeign, .databaseDamaged, .databaseBehind, .storageFull, .storageFailed: .failed
            default: .usage
            }
        self.init(status, Problem(body))
    }

    /// The server's refusal.
    init(_ answer: Answer) {
        guard case .object(let body)? = try? answer.json(), body["detail"] != nil || body["title"] != nil else {
            self.init(
                answer.status >= 500 ? .failed : ExitStatus(httpStatus: answer.status, code: nil), "answer_unexpected",
                "the server answered \(answer.status), and not in the way Gate does",
                advice: "check that the URL is a Gate server's; see: gatectl doctor")
            return
        }
        let problem = Problem(body)
        self.init(ExitStatus(httpStatus: answer.status, code: problem.code), problem)
        if let seconds = answer.header("Retry-After"), Int(seconds) != nil { advice.append("try again in \(seconds) s") }
    }
}
