import HTTPTypes
import Hummingbird

/// A router that is asked for every method: one it does not know is to a path what TRACE is, a method that the path does not take.
///
/// The router by itself would say of a path that it does not exist.
struct AnyMethod: HTTPResponderBuilder {
    let router: Router<GateRequestContext>
    let known: Set<HTTPRequest.Method>

    func buildResponder() -> CallbackResponder<GateRequestContext> {
        let responder = router.buildResponder()
        return CallbackResponder { [known] request, context in
            guard !known.contains(request.method) else { return try await responder.respond(to: request, context: context) }
            var head = request.head
            head.method = .trace
            return try await responder.respond(to: Request(head: head, body: request.body), context: context)
        }
    }
}
