import GateCore
import HTTPTypes
import Hummingbird
import NIOCore

/// The live answers of a caller, and who is listening.
enum StreamController {
    static let path = "/v1/stream"

    static let published: [Endpoint] = [
        Endpoint(
            .get, path, .evaluation, "The caller's answers, live: server-sent events", parameters: nil,
            answers: .text("text/event-stream", "`flags`: the whole; then `change`: what is different. Each with its revision as `id`.")
        ) { call in try await start(try subscription(call), call) }.describing(asking: ["company_id", "user_id"])
    ]

    static let administration: [Endpoint] = [
        Endpoint(.get, "/v1/admin/streams", .read, "Every live stream, and how far it is", answers: .list(of: "LiveStream")) { call in
            Reply(["data": .array(try await call.service.streams.list())])
        }
    ]

    /// Streams of callers who are not known yet come through here: by now they are.
    private static func subscription(_ call: Call) throws(GateError) -> Subscription {
        guard let identity = call.identity else { throw Problem.notFound }
        return Subscription(
            identity, try call.subject(), keyGeneration: call.service.authenticator.generation, lastEventID: call.request.headers[.lastEventID],
            origin: call.cors.admitted(call.request.headers[.origin]))
    }

    /// Takes the connection of a request over.
    static func start(_ subscription: Subscription, _ call: Call) async throws -> Reply {
        guard call.request.method == .get, let channel = call.channel else {
            throw GateError(.methodNotAllowed, "a stream is asked for with GET")
        }
        let streams = call.service.streams
        try await channel.eventLoop.submit {
            let handler = try channel.pipeline.syncOperations.handler(type: ReadyAnswerHandler.self)
            try streams.start(subscription, on: channel)
            handler.leave()
        }.get()
        // Nobody gets this: the connection is the stream's.
        return Reply(status: .ok, bytes: [])
    }
}

extension HTTPField.Name {
    static let lastEventID = Self("Last-Event-ID")!
}
