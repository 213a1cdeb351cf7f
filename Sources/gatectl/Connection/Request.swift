import GateCore

/// What is asked of the server.
struct Request: Sendable {
    enum Method: String, Sendable {
        case get = "GET"
        case put = "PUT"
        case patch = "PATCH"
        case post = "POST"
        case delete = "DELETE"
    }

    struct Parameter: Sendable {
        let name: String
        let value: String

        init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }

        /// Nothing where there is no value.
        static func ifGiven(_ name: String, _ value: (some CustomStringConvertible)?) -> [Parameter] {
            value.map { [Parameter(name, $0.description)] } ?? []
        }
    }

    enum Content: Sendable {
        case json(JSONValue)
        /// Newline-delimited JSON, sent as it is read.
        case lines(LineFile)

        var mediaType: String {
            switch self {
            case .json: "application/json"
            case .lines: "application/x-ndjson"
            }
        }

        /// Whether it can be sent a second time when a connection breaks on the way.
        var isRepeatable: Bool { if case .json = self { true } else { false } }
    }

    var method: Method
    var path: String
    var query: [Parameter]
    var content: Content?
    var headers: [(name: String, value: String)] = []
    /// The media type of the answer, when all is well.
    var accepts = "application/json"
    /// How long the whole exchange may take.
    var timeout = Duration.seconds(10)

    /// A request to the admin API.
    ///
    /// - Parameter path: the segments after `/v1/admin`; each is escaped.
    static func admin(_ method: Method, _ path: [String], query: [Parameter] = [], body: JSONValue? = nil) -> Request {
        Request(method: method, path: "/v1/admin" + joined(path), query: query, content: body.map { .json($0) })
    }

    static func get(_ path: String..., query: [Parameter] = []) -> Request { admin(.get, path, query: query) }

    /// A question as a front end asks it.
    static func front(_ path: String..., query: [Parameter]) -> Request {
        Request(method: .get, path: "/v1" + joined(path), query: query, content: nil)
    }

    var target: String {
        let pairs = query.map { "\($0.name.percentEncoded)=\($0.value.percentEncoded)" }
        return pairs.isEmpty ? path : path + "?" + pairs.joined(separator: "&")
    }

    private static func joined(_ segments: [String]) -> String { segments.map { "/" + $0.percentEncoded }.joined() }
}

extension String {
    /// Everything but RFC 3986's unreserved characters as `%XX`.
    fileprivate var percentEncoded: String {
        var encoded = ""
        for byte in utf8 {
            if byte.isASCIIAlphanumeric || "-._~".utf8.contains(byte) {
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                encoded += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return encoded
    }
}
