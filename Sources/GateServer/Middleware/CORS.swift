import GateCore
import HTTPTypes
import Hummingbird

/// Cross-origin requests: an exact allow-list of origins, on the routes for front ends only. Never `*`.
struct CORS: Sendable {
    private let origins: Set<String>
    static let exposed = "ETag, Retry-After, Gate-Revision"

    init(origins: [String]) { self.origins = Set(origins) }

    func admits(path: String) -> Bool {
        ReadRoute(path: path) != nil || path == StreamController.path || path == EventController.path || OFREPController.admits(path: path)
    }

    /// The origin to admit, if the request names one that is on the list.
    func admitted(_ origin: String?) -> String? { origin.flatMap { origins.contains($0) ? $0 : nil } }

    func decorate(_ response: inout Response, _ request: Request) {
        if response.headers[.vary] == nil { response.headers[.vary] = "Origin" }
        guard admits(path: request.uri.path), let origin = admitted(request.headers[.origin]) else { return }
        response.headers[.accessControlAllowOrigin] = origin
        response.headers[.accessControlAllowCredentials] = "true"
        response.headers[.accessControlExposeHeaders] = Self.exposed
    }

    /// The answer to a preflight; nil when the origin is not on the list.
    func preflight(_ request: Request) -> Reply? {
        guard admitted(request.headers[.origin]) != nil, request.headers[.accessControlRequestMethod] != nil else { return nil }
        let (methods, fields) = Self.taken(request.uri.path)
        var reply = Reply(status: .noContent, bytes: [])
        reply.headers = [
            .accessControlAllowMethods: methods, .accessControlAllowHeaders: fields,
            .accessControlMaxAge: "600", .vary: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
        ]
        return reply
    }

    /// The methods of a path, and the header fields that a page may send to it.
    private static func taken(_ path: String) -> (methods: String, fields: String) {
        if path == EventController.path { return ("POST", "Authorization, Content-Type") }
        if OFREPController.isEvaluation(path: path) { return ("POST", "Authorization, Content-Type, If-None-Match, Gate-Min-Revision") }
        return ("GET, HEAD", "Authorization, If-None-Match, Gate-Min-Revision, Last-Event-ID")
    }
}
