import GateCore
import Logging
import Testing

@testable import GateServer

/// W3C Trace Context, section 3.2.
@Suite("Trace context")
struct TraceContextTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let parent = "b7ad6b7169203331"

    @Test("A valid header is taken over: the same trace, its span as the parent, and a span of our own")
    func valid() throws {
        let context = try #require(TraceContext(["00-\(Self.trace)-\(Self.parent)-01"], span: 0xAB))
        #expect(context.traceID == Self.trace && context.parentID == Self.parent && context.spanID == "00000000000000ab" && context.isSampled)
        #expect(context.traceparent == "00-\(Self.trace)-00000000000000ab-01")
        #expect(context.metadata["trace_id"] == "\(Self.trace)" && context.metadata["span_id"] == "00000000000000ab")
        let spans = Set((0..<100).compactMap { _ in TraceContext(["00-\(Self.trace)-\(Self.parent)-00"])?.spanID })
        #expect(spans.count == 100 && spans.allSatisfy { $0.utf8.count == 16 })
    }

    @Test(
        "Only the flag that is known is taken over, and a version of the future is read as far as it is known",
        arguments: [
            ("00-\(trace)-\(parent)-00", "00"), ("00-\(trace)-\(parent)-ff", "01"), ("00-\(trace)-\(parent)-02", "00"),
            ("01-\(trace)-\(parent)-01", "01"), ("cc-\(trace)-\(parent)-01-what-the-future-will-be-like", "01"), ("fe-\(trace)-\(parent)-01-", "01"),
        ])
    func flags(header: String, flags: String) throws {
        #expect(try #require(TraceContext([header], span: 1)).traceparent == "00-\(Self.trace)-0000000000000001-\(flags)")
    }

    @Test(
        "What is not valid is no trace",
        arguments: [
            [], ["00-\(trace)-\(parent)-01", "00-\(trace)-\(parent)-01"], [""], ["00"], ["00-\(trace)-\(parent)"], ["00-\(trace)-\(parent)-"],
            ["ff-\(trace)-\(parent)-01"], ["00-00000000000000000000000000000000-\(parent)-01"], ["00-\(trace)-0000000000000000-01"],
            ["00-\(trace.uppercased())-\(parent)-01"], ["00-\(trace)-\(parent.uppercased())-01"], ["FE-\(trace)-\(parent)-01"],
            ["00-\(trace)-\(parent)-0A"], ["00-\(trace)-\(parent)-1"], ["00-\(trace)-\(parent)-011"], ["00-\(trace)0-\(parent)-01"],
            ["00-\(trace.dropLast())-\(parent)-01"], ["00-\(trace)-\(parent)0-01"], ["00-\(trace)-\(parent.dropLast())-01"],
            ["00-\(trace)-\(parent)-01-more"], ["00-\(trace)-\(parent)-01-"], ["0-\(trace)-\(parent)-01"], ["000-\(trace)-\(parent)-01"],
            ["00-\(trace.dropLast())g-\(parent)-01"], ["00-\(trace)-\(parent)-0x"], [" 00-\(trace)-\(parent)-01"], ["00-\(trace)-\(parent)-01 "],
            ["00_\(trace)_\(parent)_01"], ["cc-\(trace)-\(parent)-01what"], ["+1-\(trace)-\(parent)-01"], ["00-\(trace)-\(parent)-+1"],
            ["cc-\(trace)-\(parent)-01-" + String(repeating: "x", count: 600)],
        ])
    func invalid(headers: [String]) { #expect(TraceContext(headers) == nil) }
}
