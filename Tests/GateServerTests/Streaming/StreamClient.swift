import GateCore

@testable import GateServer

/// A stream's client: what it was told, and what that adds up to.
struct StreamClient {
    /// What a client knows: each flag's pair, each gate's answer and reason.
    struct Known: Equatable {
        var flags: [String: [JSONValue?]] = [:]
        var gates: [String: [JSONValue?]] = [:]

        mutating func learn(_ data: JSONValue) {
            for flag in data["flags"]?.arrayValue ?? [] { flags[flag["code"]?.stringValue ?? ""] = [flag["enabled"], flag["enabled_for_company"]] }
            for gate in data["gates"]?.arrayValue ?? [] { gates[gate["gate"]?.stringValue ?? ""] = [gate["allowed"], gate["reason"]] }
        }
    }

    private var client: RawClient
    private var parser = EventStreamParser()
    private(set) var events: [ServerSentEvent] = []
    private(set) var known = Known()

    var received: String { client.received }

    /// Connects, asks for a stream, and closes when the work is done.
    ///
    /// - Parameter more: what is sent behind the request's last field.
    static func listening<Result: Sendable>(
        to server: TestServer, _ query: String = "", by token: String, _ more: String = "\r\n", _ work: (inout StreamClient) async throws -> Result
    ) async throws -> Result {
        try await RawClient.connected(to: server.port) { client in
            try await client.send("GET /v1/stream\(query) HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer \(token)\r\n\(more)")
            var stream = StreamClient(client: client)
            return try await work(&stream)
        }
    }

    private init(client: RawClient) { self.client = client }

    /// Reads until an event has come, the next one unless its id is given.
    mutating func event(_ id: String? = nil) async throws -> ServerSentEvent? {
        let count = events.count
        while id == nil ? events.count == count : events.last?.id != id {
            guard let text = try await client.readMore() else { return nil }
            for event in try parser.take(text.utf8) {
                if event.event == "flags" { known = Known() }
                known.learn(try JSONParser.parse(Array(event.data.utf8)))
                events.append(event)
            }
        }
        return events.last
    }

    mutating func readToEnd() async throws -> String { try await client.readToEnd() }

    func send(_ text: String) async throws { try await client.send(text) }

    func closeOutput() { client.closeOutput() }
}
