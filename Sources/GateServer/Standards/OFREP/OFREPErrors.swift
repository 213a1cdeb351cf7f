import GateCore
import HTTPTypes
import Hummingbird

/// OpenFeature's words for what went wrong, as far as OFREP has them.
enum OFREPErrorCode: String, Sendable {
    case parseError = "PARSE_ERROR"
    case targetingKeyMissing = "TARGETING_KEY_MISSING"
    case invalidContext = "INVALID_CONTEXT"
    case flagNotFound = "FLAG_NOT_FOUND"
    case general = "GENERAL"

    init(_ error: GateError) {
        switch error.code {
        case .jsonMalformed, .jsonDuplicateKey, .jsonTooDeep, .mediaTypeUnsupported: self = .parseError
        case .flagUnknown: self = .flagNotFound
        default:
            switch error.pointer {
            case nil: self = .general
            case ""?: self = .parseError
            case "/context/targetingKey"? where error.code == .memberMissing: self = .targetingKeyMissing
            default: self = .invalidContext
            }
        }
    }
}

extension ErrorShape {
    /// OFREP's own: `errorCode` and `errorDetails`, the key where one was asked for, and Gate's word in the metadata.
    static let ofrep = ErrorShape(name: "OFREP", content: "OFREPError") { problem, error, request in
        var object = JSONObject()
        object["key"] = OFREPController.key(inPath: request.uri.path).map { .string($0) }
        object["errorCode"] = .string(OFREPErrorCode(error).rawValue)
        object["errorDetails"] = problem.body["detail"]
        object["metadata"] = problem.body["code"].map { ["code": $0] }
        var reply = Reply(status: problem.status, .object(object))
        reply.headers[.cacheControl] = "no-store"
        for field in problem.headers { reply.headers[field.name] = field.value }
        return reply
    }
}
