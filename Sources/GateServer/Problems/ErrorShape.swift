import GateCore
import Hummingbird

/// How an endpoint's errors look: problems on our own paths, a standard's own shape on the paths of a standard.
struct ErrorShape: Sendable {
    /// What the document's responses of this shape are called by, before their status.
    var name = "Problem"
    /// The body, where it is not a problem.
    var content: Content?
    /// Statuses that the shape has other words for.
    var absent: Set<Int> = []
    /// The answer, made from the problem that our own paths would show.
    var reply: @Sendable (_ problem: Problem, _ error: GateError, _ request: Request) -> Reply

    static let problem = ErrorShape { problem, _, _ in problem.reply }
}

/// An error on its way out of an endpoint, with the shape it is to have.
struct ShapedError: Error {
    var underlying: any Error
    var shape: ErrorShape
}
