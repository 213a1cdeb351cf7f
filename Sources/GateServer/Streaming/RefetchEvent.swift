import GateCore

/// OFREP's one event: it says that there are other answers, not which (OFREP's decision record 8).
struct RefetchEvent: Sendable {
    /// Of the state that has the other answers. A client passes it on as `flagConfigEtag`, and is never answered from an older state.
    var position: Position
    var lastModified: Timestamp

    /// As it stands on the wire.
    ///
    /// - Parameter retryMilliseconds: when to come again, for the last event. In a block of its own some readers take it for an event.
    func bytes(retryMilliseconds: Int? = nil) -> [UInt8] {
        let data: JSONValue = [
            "type": "refetchEvaluation", "etag": .string(position.description), "lastModified": .integer(lastModified.microseconds / 1_000_000),
        ]
        let retry = retryMilliseconds.map { "retry: \($0)\n" } ?? ""
        return Array("event: message\nid: \(position)\ndata: \(data.text)\n\(retry)\n".utf8)
    }
}
