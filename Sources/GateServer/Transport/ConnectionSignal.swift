/// What `ReadyAnswerHandler` and `RequestDeadlineHandler` tell each other through the pipeline.
enum ConnectionSignal: Equatable {
    /// Inbound: the last byte has been written; what still comes is thrown away until the peer closes, for a short while.
    case lingering
    /// Outbound: a deadline has passed.
    case refuse(RequestRefusal)
    /// Outbound: the short while is over.
    case lingerOver
}
