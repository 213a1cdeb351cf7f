/// An event as it is stored: what its declaration admits, and who reported it.
package struct TelemetryEvent: Hashable, Sendable {
    /// The client's own name for this occurrence: sent again, it is one event.
    package var id: String
    package var event: EventName
    /// When it happened, by the client's clock.
    package var at: Timestamp
    package var receivedAt: Timestamp
    package var company: CompanyID
    package var user: UserID
    /// The attempt that it belongs to: each attempt has one outcome.
    package var attempt: String?
    /// Strings and whole numbers only.
    package var properties: JSONObject
    /// An API token reported it for the user; false: the user's own token did.
    package var isReportedByToken: Bool

    package init(
        id: String, event: EventName, at: Timestamp, receivedAt: Timestamp, company: CompanyID, user: UserID, attempt: String? = nil,
        properties: JSONObject = [:], isReportedByToken: Bool = false
    ) {
        self.id = id
        self.event = event
        self.at = at
        self.receivedAt = receivedAt
        self.company = company
        self.user = user
        self.attempt = attempt
        self.properties = properties
        self.isReportedByToken = isReportedByToken
    }
}

/// An event with its place in the order of receipt.
package struct StoredEvent: Hashable, Sendable {
    package var sequence: Int64
    package var event: TelemetryEvent

    package var json: JSONValue {
        [
            "sequence": .integer(sequence), "id": .string(event.id), "event": .string(event.event.rawValue), "at": .string(event.at.description),
            "received_at": .string(event.receivedAt.description), "company_id": .string(event.company.rawValue),
            "user_id": .string(event.user.rawValue), "attempt_id": event.attempt.map { .string($0) } ?? .null,
            "properties": .object(event.properties),
        ]
    }
}
