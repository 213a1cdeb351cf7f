import GateCore
import Hummingbird

/// What a monitoring system reads.
enum MetricsController {
    static let endpoints: [Endpoint] = [
        Endpoint(
            .get, "/metrics", .read, "How the server does, for Prometheus", parameters: nil,
            answers: .text(Exposition.contentType, "Prometheus' text format.")
        ) { call in
            var reply = Reply(bytes: Array(try await MetricsPage(call.service, call.snapshot).text().utf8))
            reply.headers = [.contentType: Exposition.contentType, .cacheControl: "no-store"]
            return reply
        }
    ]
}
