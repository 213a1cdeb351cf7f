import GateCore
import Logging

/// Where a request stands in its caller's trace: W3C Trace Context.
struct TraceContext: Hashable, Sendable {
    /// 32 lower-case hexadecimal digits, not all of them 0.
    let traceID: String
    /// The caller's span: 16 of them.
    let parentID: String
    /// This server's span for the request.
    let spanID: String
    /// The caller records its part of the trace.
    let isSampled: Bool

    /// Takes over what a caller sent. What is not exactly valid is no trace at all.
    ///
    /// - Parameters:
    ///   - values: of the header `traceparent`: two of them are none.
    ///   - span: the id of the new span; not 0.
    init?(_ values: [String], span: UInt64 = .random(in: 1 ... .max)) {
        guard values.count == 1, let text = values.first, text.utf8.count <= 512 else { return nil }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, let version = Self.number(parts[0], digits: 2), version != 0xFF, version > 0 || parts.count == 4,
            Self.isID(parts[1], digits: 32), Self.isID(parts[2], digits: 16), let flags = Self.number(parts[3], digits: 2)
        else { return nil }
        traceID = String(parts[1])
        parentID = String(parts[2])
        isSampled = flags & 1 == 1
        spanID = withUnsafeBytes(of: span.bigEndian) { $0.hexadecimal }
    }

    private static func number(_ text: Substring, digits: Int) -> UInt8? { isHexadecimal(text, digits: digits) ? UInt8(text, radix: 16) : nil }

    private static func isID(_ text: Substring, digits: Int) -> Bool { isHexadecimal(text, digits: digits) && text.utf8.contains { $0 != 0x30 } }

    private static func isHexadecimal(_ text: Substring, digits: Int) -> Bool {
        text.utf8.count == digits && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// What this server would send on: the same trace, and its own span as the parent.
    var traceparent: String { "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")" }

    /// What every line that is logged for the request bears.
    var metadata: Logger.Metadata {
        ["trace_id": "\(traceID)", "span_id": "\(spanID)", "parent_span_id": "\(parentID)", "traceparent": "\(traceparent)"]
    }
}
