/// What `ReadyAnswerHandler` and `RequestDeadlineHandler` tell each other through the pipeline.
enum ConnectionSignal: Equatable {
    /// Inbound: the last answer is on its way to the peer.
    case finishing
    /// Inbound: the peer has been sent all of it; what still comes is thrown away until the peer closes, for a short while.
    case lingering
    /// Outbound: a deadline has passed, and the peer should be told why.
    case refuse(RequestRefusal)
    /// Outbound: a deadline has passed, and there is nothing to say.
    case expired
}
