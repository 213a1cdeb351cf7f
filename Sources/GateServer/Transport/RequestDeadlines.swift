import NIOCore

/// How long a connection may take for what it is doing: the state machine behind `RequestDeadlineHandler`.
///
/// A connection *waits* (for its first request, then for its next one), receives a *head*, then a *body*. While a response is owed
/// and the request is complete, there is no deadline: a stream may last for days. Its last answer is *written*, then it *lingers*.
struct RequestDeadlines {
    /// The times allowed.
    struct Limits: Sendable, Equatable {
        /// From the connection's start, or a request's first byte, to the end of its head.
        var head: TimeAmount = .seconds(5)
        /// From the end of the head to the end of the body.
        var body: TimeAmount = .seconds(10)
        /// Each so many bytes of body that have come allow it a second more, so that an import of many megabytes can be sent.
        var bodyBytesPerSecond = 65_536
        /// Between an answer and the next request's first byte.
        var idle: TimeAmount = .seconds(60)
        /// While answers wait to be taken, a client that took so many bytes of them within `idle` is not idle.
        var leastBytesTaken = 65_536
        /// Between the server's close and the client's.
        var linger: TimeAmount = .seconds(2)
    }

    /// What is being received.
    private enum Receiving {
        case nothing
        case head
        case body(bytes: Int)
    }

    /// How far the connection is with its end.
    private enum Ending {
        case none
        case writing
        case lingering
    }

    /// What to do when the deadline has passed.
    enum Verdict: Equatable {
        /// The connection is idle, or never said a word: unless the client is still taking bytes, close it.
        case closeIfStill
        case refuse(RequestRefusal)
        case close
    }

    private let limits: Limits
    private var receiving = Receiving.nothing
    /// When that began.
    private var since: NIODeadline
    private var isFresh = true
    private var isOwed = false
    private var ending = Ending.none

    init(_ limits: Limits, now: NIODeadline) {
        self.limits = limits
        self.since = now
    }

    /// When the connection has taken too long; nil: it may take as long as it likes.
    var deadline: NIODeadline? {
        switch (ending, receiving) {
        case (.writing, _): return since + limits.idle
        case (.lingering, _): return since + limits.linger
        case (.none, .nothing): return isOwed ? nil : since + (isFresh ? limits.head : limits.idle)
        case (.none, .head): return isOwed ? nil : since + limits.head
        case (.none, .body(let bytes)): return since + limits.body + .seconds(Int64(bytes / limits.bodyBytesPerSecond))
        }
    }

    /// What it means that the deadline has passed.
    var verdict: Verdict {
        switch (ending, receiving) {
        case (.lingering, _): .close
        case (.writing, _), (.none, .nothing): .closeIfStill
        case (.none, .head): .refuse(.headTooSlow)
        case (.none, .body): .refuse(.bodyTooSlow)
        }
    }

    /// A head is complete, and its request goes to a route.
    mutating func headEnded(now: NIODeadline) {
        receiving = .body(bytes: 0)
        since = now
        isFresh = false
        isOwed = true
    }

    mutating func bodyContinued(bytes: Int) {
        if case .body(let before) = receiving { receiving = .body(bytes: before + bytes) }
    }

    mutating func requestEnded(now: NIODeadline) {
        receiving = .nothing
        since = now
    }

    /// A route has written the end of its response.
    mutating func responseEnded(now: NIODeadline) {
        isOwed = false
        if case .body = receiving { return }
        since = now
    }

    /// A read has been used up.
    ///
    /// - Parameters:
    ///   - isInsideHead: it left a head begun.
    ///   - hasHeardRequest: it, or one before it, held a whole request. A TLS handshake does not.
    mutating func readEnded(isInsideHead: Bool, hasHeardRequest: Bool, now: NIODeadline) {
        guard ending == .none, hasHeardRequest || isInsideHead else { return }
        switch receiving {
        case .body:
            break
        case .head where isInsideHead:
            break
        case .nothing where isInsideHead:
            receiving = .head
            // The first request's head is due when the connection's first head is.
            if !isFresh { since = now }
        case .head, .nothing:
            receiving = .nothing
            isFresh = false
            since = now
        }
    }

    /// The time that has passed is not held against the client: the server was not reading, or the client was.
    ///
    /// A body's time starts anew: its route is slow. A head that is not read means that the client does not take earlier answers:
    /// the connection is idle.
    mutating func excuse(now: NIODeadline) {
        since = now
        if case .head = receiving { receiving = .nothing }
    }

    /// The last answer is on its way.
    mutating func finish(now: NIODeadline) {
        ending = .writing
        since = now
    }

    /// The last answer has been written.
    mutating func linger(now: NIODeadline) {
        ending = .lingering
        since = now
    }
}
