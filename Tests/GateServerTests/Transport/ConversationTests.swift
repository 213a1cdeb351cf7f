import NIOHTTP1
import Testing

@testable import GateServer

@Suite("Conversation")
struct ConversationTests {
    private func head(_ status: HTTPResponseStatus = .ok, _ headers: [(String, String)] = []) -> HTTPResponseHead {
        HTTPResponseHead(version: .http1_1, status: status, headers: HTTPHeaders(headers))
    }

    @Test("A request is answered, and the connection is free again")
    func ordinary() {
        var conversation = Conversation()
        conversation.take(RequestShape())
        #expect(conversation.isAnswering && conversation.isReadingRequest)
        conversation.requestEnded()
        var response = head()
        let isWritten = conversation.respond(with: &response)
        #expect(isWritten)
        #expect(response == head())
        let after = conversation.respondEnd()
        #expect(after == .goOn)
        #expect(conversation.isFree)
    }

    @Test("An informational head is no answer")
    func informational() {
        var conversation = Conversation()
        conversation.take(RequestShape())
        var early = head(.processing)
        let isWritten = conversation.respond(with: &early)
        #expect(isWritten)
        let refusing = conversation.refuse()
        #expect(refusing == .answer(isAnswering: true))
    }

    @Test("The last answer says that it is the last")
    func last() {
        var conversation = Conversation()
        conversation.take(RequestShape(isLast: true))
        var response = head()
        let isWritten = conversation.respond(with: &response)
        #expect(isWritten)
        #expect(response.headers["connection"] == ["close"])
        let after = conversation.respondEnd()
        #expect(after == .finish)
        #expect(conversation.isOver)
    }

    @Test("A route may make its answer the last")
    func routeCloses() {
        var conversation = Conversation()
        conversation.take(RequestShape())
        var response = head(.ok, [("Connection", "Close")])
        _ = conversation.respond(with: &response)
        let after = conversation.respondEnd()
        #expect(after == .finish)
    }

    @Test("An HTTP/1.0 client gets an HTTP/1.0 answer, which is never chunked")
    func old() {
        var conversation = Conversation()
        conversation.take(RequestShape(isLast: true, isHTTP10: true))
        var early = head(.continue)
        let isWritten = conversation.respond(with: &early)
        #expect(!isWritten)
        var response = head()
        _ = conversation.respond(with: &response)
        #expect(response.version == .http1_0)
    }

    @Test("A refusal answers what is not answered yet, and breaks off what is")
    func refusal() {
        var free = Conversation()
        let first = free.refuse()
        #expect(first == .answer(isAnswering: false))
        let second = free.refuse()
        #expect(second == .ignore)

        var begun = Conversation()
        begun.take(RequestShape())
        var response = head()
        _ = begun.respond(with: &response)
        let refusing = begun.refuse()
        #expect(refusing == .abort)
        let after = begun.respondEnd()
        #expect(after == .drop)
    }

    @Test("On shutdown an idle connection closes at once, a busy one with its answer")
    func quiescing() {
        var idle = Conversation()
        let closesNow = idle.quiesce()
        #expect(closesNow)
        #expect(idle.isOver)

        var busy = Conversation()
        busy.take(RequestShape())
        let closesBusy = busy.quiesce()
        #expect(!closesBusy)
        var response = head()
        _ = busy.respond(with: &response)
        #expect(response.headers["connection"] == ["close"])
        let after = busy.respondEnd()
        #expect(after == .finish)
    }

    @Test("Nothing is written that is not owed")
    func unsolicited() {
        var conversation = Conversation()
        var response = head()
        let isWritten = conversation.respond(with: &response)
        #expect(!isWritten)
        let after = conversation.respondEnd()
        #expect(after == .drop)
    }
}
