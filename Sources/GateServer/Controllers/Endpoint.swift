import GateCore
import HTTPTypes

/// One route: what it is called, who may use it, what it does; and with that what the API's document says of it.
struct Endpoint: Sendable {
    typealias Handler = @Sendable (Call) async throws -> Reply

    /// What an endpoint does beside its own work, as many others do. The document has a parameter, a header and statuses for each.
    enum Manner: Sendable, Hashable {
        /// The answer has a strong `ETag`; `If-None-Match` gives 304.
        case cached
        /// The answer says which state it is of, and may be asked for from a later one: `Gate-Revision`, `Gate-Min-Revision`.
        case ofState
        /// The answer's `ETag` is the entity's revision, for `If-Match`.
        case revisioned
        /// `If-Match` is looked at.
        case conditional
        /// It writes: 409, 507, `Idempotency-Key`, the receipt's revision in `Gate-Revision`.
        case writing
        /// The request's `X-Request-ID` comes back.
        case echoing
        /// The answer says how much of a rate is left: `RateLimit`, `RateLimit-Policy`.
        case metered
    }

    var method: HTTPRequest.Method
    /// As in `/v1/admin/flags/{code}`.
    var path: String
    var access: Access
    /// One sentence, for the documentation.
    var summary: String
    /// The query parameters it knows; nil takes any.
    var parameters: Set<String>?
    /// Those that the document has: what is known only so that a better refusal can be given is not among them.
    var documented: Set<String>
    /// The body that it takes.
    var takes: Content?
    /// What it answers when all is well.
    var answers: [Outcome]
    var manners: Set<Manner> = []
    /// Statuses of errors beyond those that its access, parameters and manners bring along.
    var failures: Set<Int> = []
    /// How its errors look.
    var errors = ErrorShape.problem
    var handler: Handler

    /// - Parameters:
    ///   - takes: the body; nil where it takes none.
    ///   - answers: with 200, when all is well.
    init(
        _ method: HTTPRequest.Method, _ path: String, _ access: Access, _ summary: String, parameters: Set<String>? = [],
        takes: Content? = nil, answers: Content? = nil, manners: Set<Manner> = [], _ handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.access = access
        self.summary = summary
        self.parameters = parameters
        documented = parameters ?? []
        self.takes = takes
        self.answers = answers.map { [Outcome(200, $0)] } ?? []
        self.manners = manners
        self.handler = handler
    }

    /// The same endpoint, with errors of another shape.
    func failing(as shape: ErrorShape) -> Endpoint {
        var endpoint = self
        endpoint.errors = shape
        return endpoint
    }

    /// The same endpoint, with more for the document.
    ///
    /// - Parameters:
    ///   - status: of a further answer, when all is well.
    ///   - failures: further statuses of errors.
    ///   - asking: query parameters, where it takes any.
    func describing(_ status: Int? = nil, _ content: Content? = nil, failures: Set<Int> = [], asking: Set<String> = []) -> Endpoint {
        var endpoint = self
        if let status { endpoint.answers.append(Outcome(status, content)) }
        endpoint.failures.formUnion(failures)
        endpoint.documented.formUnion(asking)
        return endpoint
    }

    /// The media types that it answers with when all is well; none where such answers have no body.
    var mediaTypes: [String] { answers.flatMap { $0.content?.mediaTypes ?? [] } }

    /// A stream has no end: it cannot be asked for its head.
    var isEndless: Bool { mediaTypes.contains("text/event-stream") }

    /// A list.
    ///
    /// - Parameter item: the schema of its elements.
    static func list(
        _ path: String, _ summary: String, of item: String, access: Access = .read, parameters: Set<String> = [], _ handler: @escaping Handler
    ) -> Endpoint {
        Endpoint(.get, path, access, summary, parameters: parameters.union(["limit", "after"]), answers: .page(of: item), handler)
    }

    /// When a write may be done, or undone, other than now.
    enum Deferring: Sendable {
        case never
        case later
        case laterOrForATime

        var parameters: Set<String> {
            switch self {
            case .never: []
            case .later: ["at"]
            case .laterOrForATime: ["at", "for"]
            }
        }
    }

    /// A write: it knows the parameters that all writes know, and answers a receipt.
    ///
    /// - Parameter isAboutOne: about one entity, so that `If-Match` can speak of it.
    static func write(
        _ method: HTTPRequest.Method, _ path: String, _ access: Access, _ summary: String, parameters: Set<String> = [], takes: Content? = nil,
        isAboutOne: Bool = true, deferring: Deferring = .laterOrForATime, _ handler: @escaping Handler
    ) -> Endpoint {
        var endpoint = Endpoint(
            method, path, access, summary, parameters: parameters.union(Call.writeParameters), takes: takes, answers: "Receipt",
            manners: isAboutOne ? [.writing, .metered, .conditional] : [.writing, .metered], handler)
        endpoint.documented.subtract(Deferring.laterOrForATime.parameters.subtracting(deferring.parameters))
        if method == .put { endpoint.answers.append(Outcome(201, "Receipt")) }
        return endpoint
    }
}
