import NIOCore
import NIOHTTP1
import Synchronization

/// Answers that lie ready as bytes, asked for on one event loop and nowhere else, so that whatever it remembers needs no lock.
protocol ReadyAnswers: AnyObject {
    /// The bytes of a whole response, status line included, or nil to let the request go to its route.
    ///
    /// Asked for each GET over HTTP/1.1 without a body, in the order in which the answers go out. The bytes must be a response
    /// that leaves the connection open and delimits itself.
    ///
    /// - Parameters:
    ///   - head: has passed `RequestHeadCheck`: its target is in origin form.
    ///   - remoteAddress: the peer's, or a proxy's.
    func answer(to head: HTTPRequestHead, remoteAddress: SocketAddress?) -> ByteBuffer?

    /// What will answer further requests that are the same to the byte; nil when each has to be looked at.
    func prepare(_ head: HTTPRequestHead) -> (any PreparedAnswer)?

    /// Takes the whole connection over, for good; false to let the request go to its route.
    ///
    /// Asked under the same conditions. What takes over stands next to the socket: the HTTP handlers behind it write nothing more.
    func takeOver(_ head: HTTPRequestHead, _ channel: any Channel) -> Bool
}

/// One `ReadyAnswers` for each event loop, made when the loop's first connection comes.
///
/// The lock guards the table, which a connection looks into once; each object is only ever touched on its loop.
final class ReadyAnswersTable: Sendable {
    private let make: @Sendable (any EventLoop) -> any ReadyAnswers
    private let table = Mutex<[ObjectIdentifier: NIOLoopBound<any ReadyAnswers>]>([:])

    init(_ make: @escaping @Sendable (any EventLoop) -> any ReadyAnswers) {
        self.make = make
    }

    /// The object of a loop. To be called on that loop.
    func answers(on loop: any EventLoop) -> any ReadyAnswers {
        loop.preconditionInEventLoop()
        if let known = table.withLock({ $0[ObjectIdentifier(loop)] }) { return known.value }
        let made = make(loop)
        let bound = NIOLoopBound(made, eventLoop: loop)
        table.withLock { $0[ObjectIdentifier(loop)] = bound }
        return made
    }
}

/// What answers one request, asked again and again.
protocol PreparedAnswer: AnyObject {
    /// The bytes of the answer as it is now; nil to let the request go the usual way.
    func bytes() -> ByteBuffer?
}

extension ReadyAnswers {
    /// Prepares nothing.
    func prepare(_ head: HTTPRequestHead) -> (any PreparedAnswer)? { nil }

    /// Takes nothing over.
    func takeOver(_ head: HTTPRequestHead, _ channel: any Channel) -> Bool { false }
}
