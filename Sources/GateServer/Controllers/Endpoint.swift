import GateCore
import HTTPTypes

/// One route: what it is called, who may use it, what it does.
struct Endpoint: Sendable {
    typealias Handler = @Sendable (Call) async throws -> Reply

    var method: HTTPRequest.Method
    /// As in `/v1/admin/flags/{code}`.
    var path: String
    var access: Access
    /// One sentence, for the documentation.
    var summary: String
    /// The query parameters it knows; nil takes any.
    var parameters: Set<String>?
    /// How its errors look.
    var errors = ErrorShape.problem
    var handler: Handler

    init(
        _ method: HTTPRequest.Method, _ path: String, _ access: Access, _ summary: String, parameters: Set<String>? = [],
        _ handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.access = access
        self.summary = summary
        self.parameters = parameters
        self.handler = handler
    }

    /// The same endpoint, with errors of another shape.
    func failing(as shape: ErrorShape) -> Endpoint {
        var endpoint = self
        endpoint.errors = shape
        return endpoint
    }

    /// A list.
    static func list(_ path: String, _ summary: String, parameters: Set<String> = [], _ handler: @escaping Handler) -> Endpoint {
        Endpoint(.get, path, .read, summary, parameters: parameters.union(["limit", "after"]), handler)
    }

    /// A write: it knows the parameters that all writes know.
    static func write(
        _ method: HTTPRequest.Method, _ path: String, _ access: Access, _ summary: String, parameters: Set<String> = [],
        _ handler: @escaping Handler
    ) -> Endpoint {
        Endpoint(method, path, access, summary, parameters: parameters.union(Call.writeParameters), handler)
    }
}
