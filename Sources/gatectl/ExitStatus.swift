import ArgumentParser

/// What the exit code tells a script. The numbers are part of the command line's promise.
enum ExitStatus: Int32, Sendable {
    case done = 0
    case failed = 1
    case usage = 2
    /// `test` was answered with no, or a rollout's step is no-go.
    case refused = 3
    case notFound = 4
    /// A conflict with the state, or a precondition that does not hold.
    case conflict = 5
    case notAllowed = 6
    /// The server cannot be reached, or nobody knows whether the write happened.
    case unreachable = 7
    /// Committed, but not every live stream was written in time.
    case undelivered = 8

    /// The one table from what the server answers to an exit code.
    ///
    /// - Parameter code: the problem's `code`, where the answer has one.
    init(httpStatus: Int, code: String?) {
        self =
            switch (httpStatus, code) {
            case (_, "outcome_unknown"): .unreachable
            case (_, "rollout_no_go"): .refused
            case (404, _): .notFound
            case (409, _), (412, _), (422, _): .conflict
            case (401, _), (403, _): .notAllowed
            case (429, _): .failed
            case (400..<500, _): .usage
            default: .failed
            }
    }

    var exitCode: ExitCode { ExitCode(rawValue) }
}
