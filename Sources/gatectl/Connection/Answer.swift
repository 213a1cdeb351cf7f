import GateCore
import NIOHTTP1

/// What the server answered, body and all.
struct Answer: Sendable {
    let status: Int
    private let headers: HTTPHeaders
    /// The bytes as they came.
    let body: [UInt8]

    init(status: Int, headers: HTTPHeaders, body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first header of that name, in whichever case.
    func header(_ name: String) -> String? { headers[name].first }

    /// - Throws: a failure when the body is no JSON: then it is not Gate that answers.
    func json() throws -> JSONValue {
        do {
            return try JSONParser.parse(body)
        } catch {
            throw Failure(
                .failed, "answer_unexpected", "the server's answer is not JSON: \(error.detail)",
                advice: "is the URL a Gate server's? see: gatectl doctor")
        }
    }
}
