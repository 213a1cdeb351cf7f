import GateCore
import HTTPTypes
import Hummingbird

extension ErrorShape {
    /// An error message string (AuthZEN 1.0, "Error Responses"), with the code of our own problems before it.
    ///
    /// The 404 that a user's token gets stays that of a path that does not exist.
    static let authZEN = ErrorShape(
        name: "AuthZEN", content: .text("text/plain; charset=utf-8", "The code that a problem would have, and what was wrong."), absent: [415]
    ) { problem, error, request in
        guard error.code != .notFound else { return problem.reply }
        // AuthZEN knows no 415: a wrong Content-Type is a bad request.
        let status = problem.status == .unsupportedMediaType ? .badRequest : problem.status
        // What an internal error may say, the problem has said.
        let (code, detail) = (problem.body["code"]?.stringValue ?? "", problem.body["detail"]?.stringValue ?? "")
        let message = problem.status == .internalServerError ? "\(code): \(detail)" : error.authZENMessage
        var reply = Reply(status: status, bytes: Array(message.utf8))
        reply.headers = problem.headers
        reply.headers[.contentType] = "text/plain; charset=utf-8"
        reply.headers[.cacheControl] = "no-store"
        reply.headers[.requestID] = request.clientsID
        return reply
    }
}

extension GateError {
    /// All that a problem would say, as one line.
    var authZENMessage: String {
        var message = "\(code.rawValue): \(detail)"
        if let pointer, !pointer.isEmpty, !detail.hasPrefix(pointer) { message += ", at \(pointer)" }
        if let limit { message += " (\(limit.name): provided \(limit.provided), allowed \(limit.allowed))" }
        return message
    }
}

extension Request {
    static let longestRequestID = 256

    /// The request's `X-Request-ID`, to be sent back: where it is one, of 1 to 256 printable ASCII characters.
    var clientsID: String? {
        let given = headers[values: .requestID]
        guard given.count == 1, (1...Self.longestRequestID).contains(given[0].utf8.count), given[0].utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else { return nil }
        return given[0]
    }
}
