import AsyncHTTPClient
import NIOCore
import NIOHTTP1

extension TestServer {
    /// Asks for a stream and reads no further than its head; an answer that is no stream is read to its end.
    func opening(_ path: String, by token: String?) async throws -> Answer {
        var request = HTTPClientRequest(url: url + path)
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        guard response.status != .ok else { return Answer(status: 200, headers: response.headers, bytes: []) }
        let bytes = try await response.body.collect(upTo: 1 << 20)
        return Answer(status: Int(response.status.code), headers: response.headers, bytes: Array(bytes.readableBytesView))
    }
}
