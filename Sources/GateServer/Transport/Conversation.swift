import NIOHTTP1

/// Who owes whom what on one connection: the state machine behind `ReadyAnswerHandler`.
///
/// A connection is *free* until a request's head is taken. If the request is answered from ready bytes, it stays free. Otherwise
/// it is *answering* until the end of the response; the next request is not taken before, so answers cannot change places. It is
/// *over* once the last answer has gone out: because the client or the answer said so, because the request was refused, or because
/// the server is shutting down. From then on nothing is taken and nothing written.
///
/// A request may still be arriving when its answer is complete. That does not make the connection less free: its next head can only
/// come behind the rest.
struct Conversation {
    /// The one request that is being answered.
    struct Answering: Equatable {
        var isHeadWritten = false
        var isLast = false
        var isHTTP10 = false
    }

    enum State: Equatable {
        case free
        case answering(Answering)
        case over
    }

    private(set) var state = State.free
    /// A head was taken and its end has not come.
    private(set) var isReadingRequest = false

    var isFree: Bool { state == .free }
    var isOver: Bool { state == .over }
    var isAnswering: Bool {
        if case .answering = state { true } else { false }
    }

    /// The decoder's complaints from here on are of no interest: nothing more will be taken.
    var isLastTaken: Bool {
        switch state {
        case .free: false
        case .answering(let answering): answering.isLast && !isReadingRequest
        case .over: true
        }
    }

    /// A request goes to its route.
    mutating func take(_ shape: RequestShape) {
        state = .answering(Answering(isLast: shape.isLast, isHTTP10: shape.isHTTP10))
        isReadingRequest = true
    }

    /// The last part of the taken request has come.
    mutating func requestEnded() {
        isReadingRequest = false
    }

    /// A response's head goes out: makes it say what will happen to the connection.
    ///
    /// - Returns: false when no response is owed, and the head is to be dropped.
    mutating func respond(with head: inout HTTPResponseHead) -> Bool {
        guard case .answering(var answering) = state else { return false }
        if (100..<200).contains(head.status.code) { return !answering.isHTTP10 }
        answering.isHeadWritten = true
        if head.headers[canonicalForm: "connection"].contains(where: { $0.isASCIICaseInsensitively("close") }) {
            answering.isLast = true
        } else if answering.isLast {
            head.headers.replaceOrAdd(name: "Connection", value: "close")
        }
        // The encoder chunks for HTTP/1.1 alone. The end of the connection delimits the other.
        if answering.isHTTP10 { head.version = .http1_0 }
        state = .answering(answering)
        return true
    }

    enum AfterResponse: Equatable {
        /// The next request may be taken.
        case goOn
        /// That was the last one.
        case finish
        /// No response is owed.
        case drop
    }

    /// A response's end goes out.
    mutating func respondEnd() -> AfterResponse {
        guard case .answering(let answering) = state else { return .drop }
        state = answering.isLast ? .over : .free
        return answering.isLast ? .finish : .goOn
    }

    enum Refusing: Equatable {
        /// The refusal is the answer. A route that works on the request has to be told when `isAnswering`.
        case answer(isAnswering: Bool)
        /// A part of another answer is out: all that can be done is to break it off.
        case abort
        /// Too late.
        case ignore
    }

    /// The request that is being read, or that was about to be, is refused.
    mutating func refuse() -> Refusing {
        let before = state
        state = .over
        switch before {
        case .free: return .answer(isAnswering: false)
        case .answering(let answering): return answering.isHeadWritten ? .abort : .answer(isAnswering: true)
        case .over: return .ignore
        }
    }

    enum Closing: Equatable {
        /// Nothing is owed: as soon as all is written.
        case afterWrites
        /// An answer is broken off.
        case abort
        /// It is being closed already.
        case ignore
    }

    /// Someone behind wants the connection closed.
    mutating func close() -> Closing {
        let before = state
        state = .over
        switch before {
        case .free: return .afterWrites
        case .answering: return .abort
        case .over: return .ignore
        }
    }

    /// The server is shutting down.
    ///
    /// - Returns: whether to close now. If not, the answer in progress is made the last one.
    mutating func quiesce() -> Bool {
        switch state {
        case .free:
            state = .over
            return true
        case .answering(var answering):
            answering.isLast = true
            state = .answering(answering)
            return false
        case .over:
            return false
        }
    }
}
