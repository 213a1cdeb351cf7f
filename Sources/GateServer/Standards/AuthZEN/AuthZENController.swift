import GateCore
import HTTPTypes
import Hummingbird

/// OpenID AuthZEN Authorization API 1.0: what back ends ask that know nothing of Gate.
enum AuthZENController {
    private static let evaluation = "/access/v1/evaluation"
    private static let evaluations = "/access/v1/evaluations"
    private static let search = "/access/v1/search/"

    static let endpoints: [Endpoint] = [
        post(
            evaluation, "Whether a subject may do an action on a resource (AuthZEN)", takes: "AuthZENQuestion", answers: "AuthZENDecision"
        ) { body, asking throws(GateError) in
            try decide(body.members(), asking)
        },
        post(evaluations, "Several evaluations at once (AuthZEN)", takes: "AuthZENQuestions", answers: "AuthZENDecisions") {
            body, asking throws(GateError) in
            let members = try body.members()
            guard let batch = try AuthZENBatch(members) else { return try decide(members, asking) }
            return ["evaluations": .array(batch.decisions(asking).map(\.json))]
        },
        post(
            search + "subject", "The users who may do an action on a resource (AuthZEN)", takes: "AuthZENSubjectSearch", answers: "AuthZENResults"
        ) { body, asking throws(GateError) in
            try AuthZENSearch.subject.answer(body, asking)
        },
        post(
            search + "resource", "The companies on which a subject may do an action (AuthZEN)", takes: "AuthZENResourceSearch",
            answers: "AuthZENResults"
        ) { body, asking throws(GateError) in
            try AuthZENSearch.resource.answer(body, asking)
        },
        post(
            search + "action", "The actions that a subject may do on a resource (AuthZEN)", takes: "AuthZENActionSearch", answers: "AuthZENResults"
        ) { body, asking throws(GateError) in
            try AuthZENSearch.action.answer(body, asking)
        },
        Endpoint(
            .get, "/.well-known/authzen-configuration", .open, "Where the AuthZEN endpoints are", parameters: nil,
            answers: "AuthZENConfiguration", manners: [.cached, .echoing]
        ) { call in
            let body = JSONWriter.bytes(metadata(call.publicURL))
            let tag = EntityTag.make(body, incarnation: "")
            let isKnown = EntityTag.matches(call.request.headers[.ifNoneMatch], tag)
            var reply = Reply(status: isKnown ? .notModified : .ok, bytes: isKnown ? [] : body)
            if isKnown { reply.headers[.contentType] = nil }
            reply.headers[.eTag] = tag
            reply.headers[.cacheControl] = "public, max-age=3600"
            reply.headers[.requestID] = call.request.clientsID
            return reply
        }.failing(as: .authZEN),
    ]

    /// - Parameter url: of this server, without a slash at the end.
    private static func metadata(_ url: String) -> JSONValue {
        [
            "policy_decision_point": .string(url), "access_evaluation_endpoint": .string(url + evaluation),
            "access_evaluations_endpoint": .string(url + evaluations), "search_subject_endpoint": .string(url + search + "subject"),
            "search_resource_endpoint": .string(url + search + "resource"), "search_action_endpoint": .string(url + search + "action"),
        ]
    }

    private static func decide(_ members: JSONMembers, _ asking: AuthZENAsking) throws(GateError) -> JSONValue {
        try asking.decide(AuthZENParts(members).question(at: "")).json
    }

    /// A question in JSON, answered from the request's one snapshot.
    private static func post(
        _ path: String, _ summary: String, takes: Content, answers: Content,
        _ answer: @escaping @Sendable (JSONReader, AuthZENAsking) throws(GateError) -> JSONValue
    ) -> Endpoint {
        Endpoint(.post, path, .backEnds, summary, parameters: nil, takes: takes, answers: answers, manners: [.echoing]) { call in
            try call.requireMediaType(["application/json"])
            let body = try await call.json().reader
            var reply = Reply(try answer(body, AuthZENAsking(state: call.snapshot, token: try call.token, metrics: call.service.metrics)))
            reply.headers[.cacheControl] = "no-store"
            reply.headers[.gateRevision] = call.snapshot.position.description
            reply.headers[.requestID] = call.request.clientsID
            return reply
        }.failing(as: .authZEN)
    }
}
