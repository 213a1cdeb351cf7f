import GateCore
import HTTPTypes
import Hummingbird

/// An error as its answer: `application/problem+json` (RFC 9457).
struct Problem: Sendable {
    var status: HTTPResponse.Status
    var body: JSONValue
    var headers: HTTPFields = [:]

    /// - Parameters:
    ///   - instance: the request's path; left out of 404s, which are all the same bytes to those who may not look.
    ///   - requestID: all that an internal error says.
    init(_ error: GateError, instance: String, requestID: String) {
        let meaning = error.code.meaning
        status = meaning.status
        let isInternal = meaning.status.code == 500
        let code = isInternal && error.code != .outcomeUnknown ? GateError.Code.unexpected : error.code
        var object: JSONObject = [
            "type": .string("urn:gate:problem:\(code.rawValue)"), "title": .string(meaning.title), "status": .integer(Int64(meaning.status.code)),
        ]
        object["detail"] = .string(isInternal ? "something went wrong here; the log has more under request \(requestID)" : error.detail)
        object["code"] = .string(code.rawValue)
        if status != .notFound { object["instance"] = .string(instance) }
        object["pointer"] = error.pointer.map { .string($0) }
        if let limit = error.limit {
            object["limit"] = .string(limit.name)
            object["provided"] = .integer(Int64(limit.provided))
            object["allowed"] = .integer(Int64(limit.allowed))
        }
        if !error.nearest.isEmpty { object["nearest"] = .array(error.nearest.map { .string($0) }) }
        if !error.dependents.isEmpty { object["dependents"] = .array(error.dependents.map(\.json)) }
        if !error.cycle.isEmpty { object["cycle"] = .strings(error.cycle) }
        if !error.conflicts.isEmpty {
            object["conflicts"] = .array(error.conflicts.map { ["entity": $0.entity.json, "revision": .integer($0.revision)] })
        }
        if !error.criteria.isEmpty { object["criteria"] = .array(error.criteria.map(\.json)) }
        body = .object(object)
        switch meaning.status {
        case .unauthorized: headers[.wwwAuthenticate] = error.code == .credentialMissing ? "Bearer" : "Bearer error=\"invalid_token\""
        case .serviceUnavailable, .tooManyRequests: headers[.retryAfter] = "1"
        default: break
        }
    }

    /// Says more in the answer's header.
    mutating func add(_ fields: HTTPFields) {
        for field in fields { headers[field.name] = field.value }
    }

    /// The one 404: what a user gets for everything that is not theirs, and anybody for a path that does not exist.
    static let notFound = GateError(.notFound, "there is nothing here")

    var reply: Reply {
        var reply = Reply(status: status, body)
        reply.headers[.contentType] = "application/problem+json"
        reply.headers[.cacheControl] = "no-store"
        for field in headers { reply.headers[field.name] = field.value }
        return reply
    }
}

extension GateError {
    /// Any error as one of ours. What is not known stays inside.
    init(any error: any Error) {
        switch error {
        case let error as GateError: self = error
        case let refusal as RateRefusal: self = refusal.error
        case let error as HTTPError:
            switch error.status {
            case .notFound: self = Problem.notFound
            case .contentTooLarge: self = GateError(.bodyTooLarge, "the body is too large")
            case .methodNotAllowed: self = GateError(.methodNotAllowed, "this path does not take this method")
            default:
                self =
                    error.status.code < 500
                    ? GateError(.parameterInvalid, error.body ?? "the request is not understood") : GateError(.unexpected, "\(error)")
            }
        default: self = GateError(.unexpected, "\(error)")
        }
    }
}
