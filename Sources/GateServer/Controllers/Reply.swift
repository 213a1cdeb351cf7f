import GateCore
import HTTPTypes
import Hummingbird
import NIOCore

/// What an endpoint answers.
struct Reply: Sendable {
    var status: HTTPResponse.Status
    var headers: HTTPFields = [.contentType: "application/json"]
    var body: ByteBuffer
    /// In its place, where the body is written piece by piece.
    var pieces: ResponseBody?

    init(status: HTTPResponse.Status = .ok, _ json: JSONValue) {
        self.init(status: status, bytes: JSONWriter.bytes(json))
    }

    init(status: HTTPResponse.Status = .ok, bytes: [UInt8]) {
        self.status = status
        body = ByteBuffer(bytes: bytes)
    }

    /// `{"data": […], "next"?}`.
    static func list(_ page: Page) -> Reply {
        var object: JSONObject = ["data": .array(page.items)]
        object["next"] = page.next.map { .string($0) }
        return Reply(.object(object))
    }

    /// Says how much of a rate is left.
    mutating func add(_ standing: Standing?) {
        for field in standing?.fields ?? [:] { headers[field.name] = field.value }
    }

    var response: Response {
        Response(status: status, headers: headers, body: status == .notModified ? ResponseBody() : pieces ?? ResponseBody(byteBuffer: body))
    }
}

/// A part of a list.
struct Page: Sendable {
    var items: [JSONValue]
    /// Where the next part begins: the `after` to ask with.
    var next: String?

    static let defaultLimit = 100
    static let largestLimit = 1_000

    /// The part of a sorted list that a request asks for.
    ///
    /// - Parameter elements: each with its name, by which it is sorted.
    init(_ elements: some Collection<(name: String, item: JSONValue)>, _ query: Query) throws(GateError) {
        let limit = try query.limit()
        let after = query["after"]
        let rest = elements.drop { element in after.map { element.name <= $0 } ?? false }
        items = rest.prefix(limit).map(\.item)
        next = rest.dropFirst(limit).isEmpty ? nil : rest.dropFirst(limit - 1).first?.name
    }

    init(items: [JSONValue], next: String?) {
        self.items = items
        self.next = next
    }
}
