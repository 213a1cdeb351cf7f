import GateCore

/// OFREP's one event: it says that there are other answers, not which (OFREP's decision record 8).
struct RefetchEvent: Sendable {
    /// Of the state that has the other answers. A client passes it on as `flagConfigEtag`, and is never answered from an older state.
    var position: Position
    var lastModified: Timestamp

    /// As it stands on the wire.
    var bytes: [UInt8] {
        let data: JSONValue = [
            "type": "refetchEvaluation", "etag": .string(position.description), "lastModified": .integer(lastModified.microseconds / 1_000_000),
        ]
        return Array("event: message\nid: \(position)\ndata: \(data.text)\n\n".utf8)
    }
}
