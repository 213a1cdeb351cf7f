import Testing

@testable import GateCore

@Suite("The parser of server-sent events")
struct EventStreamParserTests {
    private static let stream =
        ": ping\nevent: flags\nid: a-1\ndata: {\"x\":1}\n\n: ping\n: ping\ndata:one\ndata: two\n\nevent: change\r\nid: a-2\r\ndata:  é\r\n\r\nretry: 5\n\n"
    private static let events = [
        ServerSentEvent(event: "flags", id: "a-1", data: "{\"x\":1}"), ServerSentEvent(event: "message", id: "a-1", data: "one\ntwo"),
        ServerSentEvent(event: "change", id: "a-2", data: " é"),
    ]

    @Test("reads the same events however the bytes are cut", arguments: [1, 2, 3, 7, 1_000])
    func cuts(size: Int) throws {
        var parser = EventStreamParser()
        let bytes = Array(Self.stream.utf8)
        var events: [ServerSentEvent] = []
        for start in stride(from: 0, to: bytes.count, by: size) { events += try parser.take(bytes[start..<min(start + size, bytes.count)]) }
        #expect(events == Self.events)
        #expect(parser.lastEventID == "a-2")
    }

    @Test("gives up on a line without an end")
    func endless() {
        var parser = EventStreamParser()
        let error = refusal { try parser.take(Array(repeating: UInt8(ascii: "x"), count: EventStreamParser.longest + 1)) }
        #expect(error?.code == .limitExceeded)
    }
}
