import GateCore
import HTTPTypes
import Hummingbird

/// Telemetry: events come in, and are read back by who may read.
enum EventController {
    static let path = "/v1/events"
    static let largestBody = 256 * 1024

    static let published: [Endpoint] = [
        Endpoint(
            .post, path, .telemetry, "Stores a batch of events; answers when they are durable", takes: "EventBatch", manners: [.metered]
        ) { call in try await post(call) }.describing(202, "EventOutcome", failures: [507])
    ]

    static let administration: [Endpoint] = [
        .list("/v1/admin/events", "Events by their sequence: those after one, or the newest", of: "StoredEvent", parameters: ["company", "event"]) {
            call in
            var filter = EventFile.Filter()
            filter.after = try call.query["after"].map(sequence)
            filter.company = try call.query.identifier("company")
            filter.event = try call.query.identifier("event")
            let limit = try call.query.limit()
            // The newest have nothing after them.
            let events = try await call.service.eventReader.events(filter, limit: filter.after == nil ? limit : limit + 1)
            let shown = events.prefix(limit)
            return .list(Page(items: shown.map(\.json), next: events.count > limit ? shown.last.map { "\($0.sequence)" } : nil))
        }
    ]

    private static func sequence(_ text: String) throws(GateError) -> Int64 {
        guard let sequence = Int64(text), sequence >= 0 else {
            throw GateError(.parameterInvalid, "\(quoted(text)) is not an event's sequence: those are whole numbers from 0")
        }
        return sequence
    }

    private static func post(_ call: Call) async throws -> Reply {
        if call.isFromCookie { try checkOrigin(call) }
        let (body, _) = try await call.json(atMost: largestBody)
        let batch = try EventIntake(call.snapshot, reporter: try reporter(call), now: call.now).batch(body)
        let outcome = try await call.service.events.append(batch.events)
        call.service.metrics.took(outcome, refused: batch.refused.count)
        var reply = Reply(
            status: .accepted,
            [
                "accepted": .integer(Int64(outcome.accepted)), "duplicates": .integer(Int64(outcome.duplicates)),
                "refused": .array(batch.refused.map(\.json)), "dropped_properties": .array(batch.dropped.map { .string($0) }),
            ])
        if case .user(let user) = call.identity { reply.add(call.service.limits.events.standing(of: user.limitKey, now: call.now)) }
        return reply
    }

    /// A browser sends a cookie unasked: it counts only from a page of the allow-list, and in a form that needs a preflight.
    private static func checkOrigin(_ call: Call) throws(GateError) {
        guard call.cors.admitted(call.request.headers[.origin]) != nil else {
            throw GateError(
                .originRefused, "with a cookie this is taken from pages of the allowed origins only: send the token as Authorization: Bearer")
        }
        do throws(GateError) {
            try call.requireMediaType(["application/json"])
        } catch {
            throw GateError(.originRefused, "with a cookie \(error.detail)")
        }
    }

    private static func reporter(_ call: Call) throws(GateError) -> EventIntake.Reporter {
        if case .user(let user) = call.identity { return .user(user.company, user.user) }
        return .token(companies: try call.token.companies)
    }
}
