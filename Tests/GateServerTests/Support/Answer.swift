import GateCore
import NIOHTTP1

/// What a server answered.
struct Answer: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var bytes: [UInt8]

    var text: String { String(decoding: bytes, as: UTF8.self) }
    var json: JSONValue { get throws { try JSONParser.parse(bytes) } }

    /// A header's value; several joined with a comma.
    subscript(name: String) -> String? {
        let values = headers[name]
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }

    /// A member of the body; nil too where the body is not JSON.
    func member(_ name: String) -> JSONValue? { (try? json)?[name] }

    /// The problem's code: in OFREP's shape that stands in the metadata; where a standard wants a plain message, it is the word before the colon.
    var code: String? {
        guard self["Content-Type"]?.hasPrefix("text/plain") == true else { return (member("code") ?? member("metadata")?["code"])?.stringValue }
        return text.split(separator: ":").first.map { String($0) }
    }
    var pointer: String? { member("pointer")?.stringValue }
    /// `provided` and `allowed`.
    var bound: [Int64?] { [member("provided")?.integerValue, member("allowed")?.integerValue] }
    /// The elements of a list.
    var data: [JSONValue] { member("data")?.arrayValue ?? [] }
    /// It came past the router: from there every answer has its request's id.
    var isFromRoute: Bool { self["X-Request-ID"] != nil }
}

extension JSONValue {
    /// The element at a position; nil where this is no array, or a shorter one.
    subscript(index: Int) -> JSONValue? { arrayValue.flatMap { $0.indices.contains(index) ? $0[index] : nil } }

    /// The strings of a member in each element.
    func all(_ name: String) -> [String] { arrayValue?.compactMap { $0[name]?.stringValue } ?? [] }
}
