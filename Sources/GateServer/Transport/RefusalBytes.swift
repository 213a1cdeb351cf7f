import NIOCore
import NIOHTTP1

/// Writes problem answers (RFC 9457) without any of the server's machinery, for when a request never gets as far as that.
enum RefusalBytes {
    /// A complete HTTP/1.1 response that ends its connection.
    ///
    /// - Parameters:
    ///   - status: its reason phrase is the problem's title.
    ///   - code: the problem's stable word.
    ///   - detail: a sentence; any text, it is escaped.
    ///   - limit: the members `provided` and `allowed`.
    ///   - extraHeaders: names and values that the caller knows to be valid; they are not checked.
    static func make(
        status: HTTPResponseStatus,
        code: String,
        detail: String,
        limit: RequestRefusal.Limit? = nil,
        extraHeaders: [(String, String)] = []
    ) -> ByteBuffer {
        var body = #"{"type":"about:blank","title":"\#(escaped(status.reasonPhrase))","status":\#(status.code)"#
        body += #","detail":"\#(escaped(detail))","code":"\#(escaped(code))""#
        if let limit {
            body += #","provided":\#(limit.provided),"allowed":\#(limit.allowed)"#
        }
        body += "}"

        var buffer = ByteBuffer()
        buffer.writeString("HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\n")
        buffer.writeString("Content-Type: application/problem+json\r\nContent-Length: \(body.utf8.count)\r\nDate: ")
        buffer.writeBytes(HTTPDate.format(HTTPDate.now()))
        buffer.writeString("\r\nConnection: close\r\nCache-Control: no-store\r\n")
        for (name, value) in extraHeaders {
            buffer.writeString("\(name): \(value)\r\n")
        }
        buffer.writeString("\r\n")
        buffer.writeString(body)
        return buffer
    }

    /// The inside of a JSON string (RFC 8259 §7).
    private static func escaped(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
