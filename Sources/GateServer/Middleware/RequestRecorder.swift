import GateCore
import HTTPTypes
import Hummingbird
import Logging

/// The outermost look at a routed request: counts and times it, and gives its log lines its place in the caller's trace.
///
/// Neither a path nor a query is ever logged or counted: paths hold users' ids, queries can hold credentials.
struct RequestRecorder: RouterMiddleware {
    typealias Context = GateRequestContext
    let metrics: ServerMetrics

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response {
        let began = ContinuousClock.now
        guard let trace = TraceContext(request.headers[values: .traceparent]) else {
            let response = try await next(request, context)
            record(request, response, context, after: ContinuousClock.now - began)
            return response
        }
        var context = context
        for (key, value) in trace.metadata { context.logger[metadataKey: key] = value }
        let traced = context
        let response = try await withLogger(traced.logger) { _ in try await next(request, traced) }
        record(request, response, traced, after: ContinuousClock.now - began)
        return response
    }

    private func record(_ request: Request, _ response: Response, _ context: Context, after duration: Duration) {
        let route = ServerMetrics.Route(path: context.route, method: ServerMetrics.Method(request.method))
        metrics.answered(route, status: response.status.code, after: duration)
        context.logger.debug(
            "a request was answered",
            metadata: [
                "http.request.method": "\(route.method.rawValue)", "http.route": "\(route.path)",
                "http.response.status_code": .stringConvertible(response.status.code),
                "duration_ms": .stringConvertible(duration / .milliseconds(1)),
            ])
    }
}

extension HTTPField.Name {
    static let traceparent = Self("traceparent")!
}
