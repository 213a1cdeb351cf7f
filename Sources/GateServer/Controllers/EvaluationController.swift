import GateCore
import HTTPTypes
import Hummingbird

/// What front ends and back ends ask: flags, permissions, gates.
enum EvaluationController {
    static let endpoints: [Endpoint] = [
        Endpoint(.get, "/v1/feature_flags", .evaluation, "The flags of the caller's company", parameters: nil) { call in
            try await answer(.featureFlags, call, Subject(company: try call.company(), user: UserID(unchecked: "")))
        },
        Endpoint(.get, "/v1/permissions", .evaluation, "The permissions of the caller within their company", parameters: nil) { call in
            try await answer(.permissions, call, try call.subject())
        },
        Endpoint(.get, "/v1/gates", .evaluation, "Every gate's decision for the caller", parameters: nil) { call in
            try await answer(.gates, call, try call.subject())
        },
        Endpoint(.get, "/v1/gates/{name}", .evaluation, "One gate's decision for the caller, with its trace", parameters: nil) { call in
            try await answer(.gate(try call.parameter("name")), call, try call.subject())
        },
    ]

    private static func answer(_ route: ReadRoute, _ call: Call, _ subject: Subject) async throws -> Reply {
        let state = try await reached(call).snapshot
        let isUser = if case .user = call.identity { true } else { false }
        guard let body = route.body(state, subject, clientsOnly: isUser) else {
            if isUser { throw Problem.notFound }
            guard case .gate(let name) = route else { throw Problem.notFound }
            throw Planner.unknown(.gate(name))
        }
        let tag = EntityTag.make(body, incarnation: state.incarnation)
        let isKnown = EntityTag.matches(call.request.headers[.ifNoneMatch], tag)
        var reply = Reply(status: isKnown ? .notModified : .ok, bytes: isKnown ? [] : body)
        if isKnown { reply.headers[.contentType] = nil }
        reply.headers[.eTag] = tag
        reply.headers[.gateRevision] = state.position.description
        reply.headers[.cacheControl] = "private, no-cache"
        reply.headers[.vary] = "Origin, Cookie, Authorization"
        return reply
    }

    /// The state to answer from: not older than `Gate-Min-Revision` asks, if that is of this incarnation.
    private static func reached(_ call: Call) async throws -> SnapshotStore.Published {
        guard let text = call.request.headers[.gateMinRevision] else { return call.published }
        guard let wanted = Position(text) else {
            throw GateError(.parameterInvalid, "Gate-Min-Revision must be a Gate-Revision that an answer had")
        }
        var published = call.published
        guard wanted.incarnation == published.snapshot.incarnation else { return published }
        for _ in 0..<200 where published.snapshot.revision < wanted.revision {
            try await Task.sleep(for: .milliseconds(5))
            published = call.service.store.current
        }
        guard published.snapshot.revision >= wanted.revision else {
            throw GateError(.revisionNotReached, "this server is at revision \(published.snapshot.revision), \(wanted.revision) was asked for")
        }
        return published
    }
}
