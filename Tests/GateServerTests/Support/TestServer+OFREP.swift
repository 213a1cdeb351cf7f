import GateCore
import NIOHTTP1
import Testing

extension TestServer {
    static let evaluatePath = "/ofrep/v1/evaluate/flags"

    /// Evaluates as an OpenFeature client does.
    ///
    /// - Parameters:
    ///   - key: nil for all.
    ///   - context: every client sends a targeting key.
    func evaluate(
        _ key: String? = nil, by token: String?, context: JSONValue = ["targetingKey": "somebody"], query: String = "",
        _ headers: [(String, String)] = []
    ) async throws -> Answer {
        try await send(
            .POST, Self.evaluatePath + (key.map { "/\($0)" } ?? "") + query, by: token, [("Content-Type", "application/json")] + headers,
            body: JSONWriter.bytes(["context": context]))
    }

    /// The address of the stream that an evaluation names, as path and query.
    func streamAddress(by token: String, context: JSONValue = ["targetingKey": "somebody"]) async throws -> String {
        let streams = try #require(try await evaluate(by: token, context: context).json["eventStreams"]?.arrayValue)
        #expect(streams.count == 1 && streams[0]["type"] == "sse")
        return try #require(streams[0]["endpoint"]?["requestUri"]?.stringValue)
    }
}
