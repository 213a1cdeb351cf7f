import NIOCore
import NIOHTTP1

/// An answer that the transport gives by itself, before a request reaches any route: the connection ends with it.
///
/// It is an `Error` too, so that a route still reading the body of a request that went wrong sees it end in failure.
struct RequestRefusal: Error, Equatable {
    /// A bound that was passed, for the problem's `provided` and `allowed` members.
    struct Limit: Equatable {
        var provided: Int
        var allowed: Int
    }

    /// The problem's stable word: these are the only ones.
    enum Code: String, Sendable, CaseIterable {
        case malformed = "request_malformed"
        case targetTooLong = "uri_too_long"
        case headersTooLarge = "headers_too_large"
        case timeout = "request_timeout"
        case expectationFailed = "expectation_failed"
        case connectionsExhausted = "connections_exhausted"

        var status: HTTPResponseStatus {
            switch self {
            case .malformed: .badRequest
            case .targetTooLong: .uriTooLong
            case .headersTooLarge: .requestHeaderFieldsTooLarge
            case .timeout: .requestTimeout
            case .expectationFailed: .expectationFailed
            case .connectionsExhausted: .serviceUnavailable
            }
        }
    }

    var code: Code
    var status: HTTPResponseStatus { code.status }
    /// A sentence for a person. Never quotes what was sent.
    var detail: String
    var limit: Limit?
    /// Seconds after which it is worth trying again.
    var retryAfter: Int?

    /// The request breaks HTTP's own rules (RFC 9112), or uses a latitude of them that two parsers could read differently.
    static func malformed(_ detail: String) -> RequestRefusal {
        RequestRefusal(code: .malformed, detail: detail)
    }

    /// The request target passes its limit.
    ///
    /// - Parameter provided: bytes; nil when the reading was given up before its end.
    static func targetTooLong(provided: Int?, allowed: Int) -> RequestRefusal {
        RequestRefusal(
            code: .targetTooLong,
            detail: "The request target may have \(allowed) bytes.",
            limit: provided.map { Limit(provided: $0, allowed: allowed) }
        )
    }

    /// The header section passes its limit in bytes.
    static func headersTooLarge(provided: Int, allowed: Int) -> RequestRefusal {
        RequestRefusal(
            code: .headersTooLarge,
            detail: "The header fields may have \(allowed) bytes together.",
            limit: Limit(provided: provided, allowed: allowed)
        )
    }

    /// The decoder stopped reading a header section that is too long or has too many fields.
    static func headersTooLarge(bytes: Int, fields: Int) -> RequestRefusal {
        RequestRefusal(
            code: .headersTooLarge,
            detail: "There may be \(fields) header fields of \(bytes) bytes together."
        )
    }

    /// The head did not arrive in time.
    static let headTooSlow = RequestRefusal(
        code: .timeout,
        detail: "The request's header section did not arrive in time."
    )

    /// The body did not arrive in time.
    static let bodyTooSlow = RequestRefusal(
        code: .timeout,
        detail: "The request's body did not arrive in time."
    )

    /// An `Expect` other than `100-continue`.
    static let expectationUnknown = RequestRefusal(
        code: .expectationFailed,
        detail: "The only expectation known here is 100-continue."
    )

    /// There are as many connections as the server allows.
    static func tooManyConnections(allowed: Int) -> RequestRefusal {
        RequestRefusal(
            code: .connectionsExhausted,
            detail: "The server has its \(allowed) connections in use.",
            limit: Limit(provided: allowed + 1, allowed: allowed),
            retryAfter: 1
        )
    }

    /// The whole answer, as it goes onto the wire.
    var bytes: ByteBuffer {
        RefusalBytes.make(
            status: status,
            code: code.rawValue,
            detail: detail,
            limit: limit,
            extraHeaders: retryAfter.map { [("Retry-After", String($0))] } ?? []
        )
    }
}
