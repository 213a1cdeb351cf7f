import GateCore
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// The context that Hummingbird makes for each request.
struct GateRequestContext: RequestContext, RemoteAddressRequestContext {
    var coreContext: CoreRequestContextStorage
    let remoteAddress: SocketAddress?
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
        remoteAddress = source.channel.remoteAddress
    }
}

extension GateRequestContext {
    /// The path that was matched, as the router has it.
    var route: String { endpointPath.flatMap { $0.hasPrefix("/") ? $0 : nil } ?? ServerMetrics.unmatched }
}

/// Puts endpoints on a router. Every request goes the same way: path, method, identity, right, parameters, handler; and every
/// error leaves as a problem.
struct Routes: Sendable {
    let service: GateService
    let cors: CORS

    /// The endpoints of both listeners.
    static let published: [Endpoint] =
        EvaluationController.endpoints + StreamController.published + EventController.published
        + OFREPController.endpoints + AuthZENController.endpoints + SystemController.health
    static let administration: [Endpoint] =
        EntityController.endpoints + FlagStateController.endpoints + UserController.endpoints + TokenController.endpoints
        + RolloutController.endpoints + ScheduleController.endpoints + WebhookController.endpoints + ChangeController.endpoints
        + ManifestController.endpoints + StreamController.administration + EventController.administration
        + SystemController.endpoints + MetricsController.endpoints

    /// TRACE is taken nowhere: to the router it stands for every method that no path takes.
    private static let methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options, .trace]

    func router(_ endpoints: [Endpoint]) -> AnyMethod {
        let router = Router(context: GateRequestContext.self)
        router.add(middleware: RequestRecorder(metrics: service.metrics))
        router.add(middleware: ProblemMiddleware(cors: cors, store: service.store))
        for (path, group) in Dictionary(grouping: endpoints, by: \.path) {
            var methods = Dictionary(uniqueKeysWithValues: group.map { ($0.method, $0) })
            if let get = methods[.get], !get.isEndless { methods[.head] = get }
            let allowed = Self.methods.filter { methods[$0] != nil || $0 == .options }.map(\.rawValue).joined(separator: ", ")
            for method in Self.methods {
                let endpoint = methods[method]
                let types = endpoint?.mediaTypes ?? []
                router.on(RouterPath(path), method: method) { request, context in
                    do {
                        guard let endpoint else { return try await refuse(request, context, allowed: allowed, group[0]).response }
                        return try await respond(request, context, endpoint, types).response
                    } catch {
                        throw ShapedError(underlying: error, shape: group[0].errors)
                    }
                }
            }
        }
        return AnyMethod(router: router, known: Set(Self.methods))
    }

    private func respond(
        _ request: Request, _ context: GateRequestContext, _ endpoint: Endpoint, _ types: [String]
    ) async throws -> Reply {
        let now = service.clock()
        let published = service.store.current
        let caller = endpoint.access.looksAtCredential ? try await identify(request, context, endpoint.access, published.snapshot, now) : nil
        var parameters: [String: String] = [:]
        for (name, value) in context.parameters {
            guard let decoded = Query.decode(value) else { throw GateError(.identifierInvalid, "the path is not valid percent-encoding of UTF-8") }
            parameters[String(name)] = decoded
        }
        let query = try Query(request.uri.query)
        if let known = endpoint.parameters { try query.check(known: known) }
        let accepted = request.headers[values: .accept]
        guard accepted.isEmpty || Accept.admits(accepted.joined(separator: ","), types) else {
            throw GateError(.notAcceptable, "the answer would be \(types.joined(separator: " or ")), which the Accept header excludes")
        }
        let call = Call(
            request: request, channel: context.channel, service: service, cors: cors, identity: caller?.identity,
            isFromCookie: caller?.fromCookie ?? false, parameters: parameters, query: query, now: now, published: published)
        return try await endpoint.handler(call)
    }

    /// Who it is, that they may use the route, and that they do not do so too often.
    private func identify(
        _ request: Request, _ context: GateRequestContext, _ access: Access, _ state: Snapshot, _ now: Timestamp
    ) async throws -> Authenticator.Outcome {
        let outcome: Authenticator.Outcome
        do throws(GateError) {
            let cookies = request.headers[values: .cookie]
            outcome = try await service.authenticator.identify(
                authorization: request.headers[.authorization], cookie: cookies.isEmpty ? nil : cookies.joined(separator: "; "), now: now,
                apiToken: state.token(digest:))
        } catch {
            let address = ClientAddress.of(
                peer: context.remoteAddress?.ipAddress, forwarded: request.headers[values: .forwardedFor], trusted: service.trustedProxies)
            guard error.code != .credentialInvalid || service.limits.failedLogins.take(address, now: now) else {
                throw service.limits.failedLogins.refusal(of: address, now: now)
            }
            throw error
        }
        try access.check(outcome.identity)
        switch outcome.identity {
        case .user(let user):
            let limit = access == .telemetry ? service.limits.events : service.limits.evaluations
            guard limit.take(user.limitKey, now: now) else { throw limit.refusal(of: user.limitKey, now: now) }
        case .token(let token): service.tokenUses.note(token.id, at: now)
        }
        return outcome
    }

    /// OPTIONS, or a method that the path does not take: which it does is told to those who may use the path at all.
    private func refuse(_ request: Request, _ context: GateRequestContext, allowed: String, _ sibling: Endpoint) async throws -> Reply {
        if request.method == .options, cors.admits(path: request.uri.path), let preflight = cors.preflight(request) { return preflight }
        if sibling.access.looksAtCredential {
            _ = try await identify(request, context, sibling.access, service.store.current.snapshot, service.clock())
        }
        // A preflight that is not let in is no question about the path.
        if request.method == .options, request.headers[.accessControlRequestMethod] == nil {
            var reply = Reply(status: .noContent, bytes: [])
            reply.headers = [.allow: allowed]
            return reply
        }
        let error = GateError(.methodNotAllowed, "this path takes \(allowed)")
        var reply = sibling.errors.reply(Problem(error, instance: request.uri.path, requestID: context.id), error, request)
        reply.headers[.allow] = allowed
        return reply
    }
}

extension HTTPField.Name {
    static let forwardedFor = Self("X-Forwarded-For")!
}

extension UserIdentity {
    /// One name for a user of a company: neither part can hold a slash.
    var limitKey: String { "\(company)/\(user)" }
}

/// Every error as a problem, every answer with its request's id.
struct ProblemMiddleware: RouterMiddleware {
    typealias Context = GateRequestContext
    let cors: CORS
    let store: SnapshotStore

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response {
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            let shaped = error as? ShapedError
            var known = GateError(any: shaped?.underlying ?? error)
            if known.nearest.isEmpty, let missing = known.missing { known.nearest = store.current.snapshot.names(near: missing) }
            var problem = Problem(known, instance: request.uri.path, requestID: context.id)
            if let refusal = (shaped?.underlying ?? error) as? RateRefusal { problem.add(refusal.fields) }
            if problem.status.code >= 500 {
                context.logger.error(
                    "a request failed",
                    metadata: [
                        "http.request.method": "\(request.method.rawValue)", "http.route": "\(context.route)",
                        "http.response.status_code": .stringConvertible(problem.status.code), "code": "\(known.code.rawValue)",
                        "detail": "\(known.detail)",
                    ])
            }
            response = (shaped?.shape ?? .problem).reply(problem, known, request).response
        }
        if request.method == .head {
            // A body that is never finished would leave the client waiting.
            response.body = response.body.contentLength.map { ResponseBody(contentLength: $0) { try await $0.finish(nil) } } ?? ResponseBody()
        }
        // Where a standard wants the client's own id back, it is there already.
        if response.headers[.requestID] == nil { response.headers[.requestID] = context.id }
        response.headers[.xContentTypeOptions] = "nosniff"
        // What says nothing of caches is for none: they would make up how long it is good for.
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        cors.decorate(&response, request)
        return response
    }
}
