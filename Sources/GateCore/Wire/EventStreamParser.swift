/// An event of a stream of server-sent events.
package struct ServerSentEvent: Hashable, Sendable {
    /// `message` where the stream names none.
    package var event: String
    /// The last id that the stream gave, be it with this event or before.
    package var id: String
    package var data: String
}

/// Reads server-sent events (WHATWG HTML §9.2) out of bytes as they come.
package struct EventStreamParser: Sendable {
    /// A line or an event's data beyond this is no stream of ours.
    package static let longest = 8 << 20

    private var line: [UInt8] = []
    private var endedInReturn = false
    private var event = ""
    private var data: [String] = []
    /// Where a client that reconnects goes on from.
    package private(set) var lastEventID = ""

    package init() {}

    /// - Returns: the events that these bytes complete.
    /// - Throws: `limit_exceeded`.
    package mutating func take(_ bytes: some Sequence<UInt8>) throws(GateError) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for byte in bytes {
            // A line ends in LF, CR, or both.
            if byte == UInt8(ascii: "\n"), endedInReturn {
                endedInReturn = false
                continue
            }
            endedInReturn = byte == UInt8(ascii: "\r")
            if byte == UInt8(ascii: "\n") || endedInReturn {
                if let complete = takeLine() { events.append(complete) }
                line.removeAll(keepingCapacity: true)
            } else {
                line.append(byte)
                guard line.count <= Self.longest else {
                    throw GateError(
                        .limitExceeded, "the stream has a line of more than \(Self.longest) bytes",
                        limit: .init("line_bytes", provided: line.count, allowed: Self.longest))
                }
            }
        }
        return events
    }

    private mutating func takeLine() -> ServerSentEvent? {
        guard !line.isEmpty else {
            defer { (event, data) = ("", []) }
            return data.isEmpty
                ? nil : ServerSentEvent(event: event.isEmpty ? "message" : event, id: lastEventID, data: data.joined(separator: "\n"))
        }
        let name = String(decoding: line.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self)
        var value = line.dropFirst(name.utf8.count + 1)
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        let text = String(decoding: value, as: UTF8.self)
        switch name {
        case "event": event = text
        case "data": data.append(text)
        case "id": if !value.contains(0) { lastEventID = text }
        // A comment, the hint when to come again, or what a later version says.
        default: break
        }
        return nil
    }
}
