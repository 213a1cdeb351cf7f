import NIOCore
import Testing

@testable import GateServer

@Suite("Request deadlines")
struct RequestDeadlinesTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private func at(_ seconds: Int64) -> NIODeadline { start + .seconds(seconds) }

    @Test("A connection that says nothing has as long as a head")
    func silent() {
        let deadlines = RequestDeadlines(.init(), now: start)
        #expect(deadlines.deadline == at(5))
        #expect(deadlines.verdict == .closeIfStill)
    }

    @Test("The first head is due when the connection's beginning says so, later ones from their first byte")
    func heads() {
        var deadlines = RequestDeadlines(.init(), now: start)
        deadlines.readEnded(isInsideHead: true, hasHeardRequest: false, now: at(3))
        #expect(deadlines.deadline == at(5))
        #expect(deadlines.verdict == .refuse(.headTooSlow))
        deadlines.readEnded(isInsideHead: false, hasHeardRequest: true, now: at(4))
        #expect(deadlines.deadline == at(64))
        deadlines.readEnded(isInsideHead: true, hasHeardRequest: true, now: at(10))
        deadlines.readEnded(isInsideHead: true, hasHeardRequest: true, now: at(14))
        #expect(deadlines.deadline == at(15))
    }

    @Test("A handshake is not a request")
    func handshake() {
        var deadlines = RequestDeadlines(.init(), now: start)
        deadlines.readEnded(isInsideHead: false, hasHeardRequest: false, now: at(2))
        #expect(deadlines.deadline == at(5))
    }

    @Test("A body has ten seconds, and one more for each 64 KiB that came")
    func body() {
        var deadlines = RequestDeadlines(.init(), now: start)
        deadlines.headEnded(now: at(1))
        #expect(deadlines.deadline == at(11))
        deadlines.bodyContinued(bytes: 65_535)
        #expect(deadlines.deadline == at(11))
        deadlines.bodyContinued(bytes: 65_537)
        #expect(deadlines.deadline == at(13))
        #expect(deadlines.verdict == .refuse(.bodyTooSlow))
        deadlines.excuse(now: at(100))
        #expect(deadlines.deadline == at(112))
    }

    @Test("A head that the server does not read makes the connection an idle one")
    func unreadHead() {
        var deadlines = RequestDeadlines(.init(), now: start)
        deadlines.readEnded(isInsideHead: false, hasHeardRequest: true, now: at(1))
        deadlines.readEnded(isInsideHead: true, hasHeardRequest: true, now: at(2))
        deadlines.excuse(now: at(7))
        #expect(deadlines.deadline == at(67))
        #expect(deadlines.verdict == .closeIfStill)
    }

    @Test("A response in progress has no deadline, whatever the client sends meanwhile")
    func streaming() {
        var deadlines = RequestDeadlines(.init(), now: start)
        deadlines.headEnded(now: at(1))
        deadlines.requestEnded(now: at(1))
        deadlines.readEnded(isInsideHead: false, hasHeardRequest: true, now: at(1))
        #expect(deadlines.deadline == nil)
        deadlines.readEnded(isInsideHead: true, hasHeardRequest: true, now: at(2))
        #expect(deadlines.deadline == nil)
        deadlines.responseEnded(now: at(1_000))
        #expect(deadlines.deadline == at(1_005))
    }

    @Test("After an answer the connection may be idle for a minute")
    func idle() {
        var deadlines = RequestDeadlines(.init(), now: start)
        deadlines.headEnded(now: at(1))
        deadlines.requestEnded(now: at(1))
        deadlines.responseEnded(now: at(2))
        #expect(deadlines.deadline == at(62))
        #expect(deadlines.verdict == .closeIfStill)
    }

    @Test("An early answer does not forgive a late body")
    func earlyAnswer() {
        var deadlines = RequestDeadlines(.init(), now: start)
        deadlines.headEnded(now: at(1))
        deadlines.responseEnded(now: at(2))
        #expect(deadlines.deadline == at(11))
    }

    @Test("After the last answer the client has a moment to close")
    func lingering() {
        var deadlines = RequestDeadlines(.init(), now: start)
        deadlines.finish(now: at(3))
        #expect(deadlines.deadline == at(63))
        deadlines.readEnded(isInsideHead: true, hasHeardRequest: true, now: at(8))
        #expect(deadlines.deadline == at(63))
        deadlines.linger(now: at(9))
        #expect(deadlines.deadline == at(11))
        #expect(deadlines.verdict == .close)
    }
}
