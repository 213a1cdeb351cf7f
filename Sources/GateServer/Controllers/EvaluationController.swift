import GateCore
import HTTPTypes
import Hummingbird

/// What front ends and back ends ask: flags, permissions, gates.
enum EvaluationController {
    private static let subject: Set<String> = ["company_id", "user_id"]
    private static let manners: Set<Endpoint.Manner> = [.cached, .ofState]

    static let endpoints: [Endpoint] = [
        Endpoint(
            .get, "/v1/feature_flags", .evaluation, "The flags of the caller's company", parameters: nil, answers: "FeatureFlags", manners: manners
        ) { call in
            try await answer(.featureFlags, call, Subject(company: try call.company(), user: UserID(unchecked: "")))
        }.describing(asking: ["company_id"]),
        Endpoint(
            .get, "/v1/permissions", .evaluation, "The permissions of the caller within their company", parameters: nil, answers: "Permissions",
            manners: manners
        ) {
            call in try await answer(.permissions, call, try call.subject())
        }.describing(asking: subject),
        Endpoint(
            .get, "/v1/gates", .evaluation, "Every gate's decision for the caller", parameters: nil, answers: .list(of: "Decision"), manners: manners
        ) { call in
            try await answer(.gates, call, try call.subject())
        }.describing(asking: subject),
        Endpoint(
            .get, "/v1/gates/{name}", .evaluation, "One gate's decision for the caller, with its trace", parameters: nil, answers: "Decision",
            manners: manners
        ) { call in
            try await answer(.gate(try call.parameter("name")), call, try call.subject())
        }.describing(asking: subject),
    ]

    private static func answer(_ route: ReadRoute, _ call: Call, _ subject: Subject) async throws -> Reply {
        let state = try await reached(call).snapshot
        guard let body = route.body(state, subject, clientsOnly: call.isUser) else {
            if call.isUser { throw Problem.notFound }
            guard case .gate(let name) = route else { throw Problem.notFound }
            throw Planner.unknown(.gate(name))
        }
        for decision in route.decisions(state, subject) { call.service.metrics.decided(decision.gate, isAllowed: decision.allowed) }
        return .read(body, of: state, tag: EntityTag.make(body, incarnation: state.incarnation), to: call.request)
    }

    /// The state to answer from: not older than `Gate-Min-Revision` asks, if that is of this incarnation.
    static func reached(_ call: Call) async throws -> SnapshotStore.Published {
        guard let text = call.request.headers[.gateMinRevision] else { return call.published }
        guard let wanted = Position(text) else {
            throw GateError(.parameterInvalid, "Gate-Min-Revision must be a Gate-Revision that an answer had")
        }
        return try await call.reached(wanted)
    }
}

extension Reply {
    /// A read's answer, with the state that gave it.
    static func read(_ body: [UInt8], of state: Snapshot) -> Reply {
        var reply = Reply(bytes: body)
        reply.headers[.gateRevision] = state.position.description
        reply.headers[.cacheControl] = "private, no-cache"
        reply.headers[.vary] = "Origin, Cookie, Authorization"
        return reply
    }

    /// The same with its entity tag; without the body where the request has it already.
    static func read(_ body: [UInt8], of state: Snapshot, tag: String, to request: Request) -> Reply {
        let isKnown = EntityTag.matches(request.headers[.ifNoneMatch], tag)
        var reply = read(isKnown ? [] : body, of: state)
        reply.headers[.eTag] = tag
        if isKnown {
            reply.status = .notModified
            reply.headers[.contentType] = nil
        }
        return reply
    }
}
