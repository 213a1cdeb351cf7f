import GateCore

extension Schemas {
    static let events: Named = [
        "EventBatch": JSONSchema.object(
            "Events, as they are posted.", ["events": .array(.ref("Event"), most: EventIntake.mostEvents)]
        ).example([
            "events": [
                [
                    "id": "3f1c9b2e", "event": "cdp_ticket_embed_opened", "at": "2026-12-01T09:00:00Z", "attempt_id": "a-1", "company_id": "acme",
                    "user_id": "agent-7", "properties": ["contact_id": "c-19"],
                ]
            ]
        ]),
        "Event": JSONSchema.anyObject(
            """
            One event: `id` and `attempt_id` (`[A-Za-z0-9_-]{1,64}`), `event` (a declared event's name or label), `at` (RFC 3339), `properties` \
            (strings and whole numbers). With an API token `company_id` and `user_id` are required, with a user's token refused. \
            One that breaks a rule is refused by its index, and the others are taken.
            """
        ).with(
            "properties",
            [
                "id": .object(JSONSchema.string("The client's own name for this occurrence.").json),
                "event": .object(JSONSchema.string("A declared event's name or label.").json),
                "at": .object(JSONSchema.string("When it happened, by the client's clock.").json),
                "attempt_id": .object(JSONSchema.string("The attempt it belongs to: each has one outcome.").orNull.json),
                "company_id": .object(JSONSchema.ref("CompanyID").json), "user_id": .object(JSONSchema.ref("UserID").json),
                "properties": .object(JSONSchema.anyObject("What the event's declaration admits is stored.").json),
            ]
        ),
        "EventOutcome": JSONSchema.object(
            "What came of a batch. What is accepted survives a crash.",
            [
                "accepted": .integer("Stored.", 0...), "duplicates": .integer("Stored before, under the same id.", 0...),
                "refused": .array(
                    .object(
                        "An event that is not stored.",
                        ["index": .integer("Its place in the batch.", in: 0...99), "problem": .string("Why, in a sentence.")])),
                "dropped_properties": .array(.string("`<index>.<property>`, left out of an event that is stored.")),
            ]
        ).example([
            "accepted": 1, "duplicates": 0, "refused": [["index": 1, "problem": "/events/1/id must be …"]], "dropped_properties": ["0.email"],
        ]),
        "StoredEvent": JSONSchema.object(
            "An event with its place in the order of receipt.",
            [
                "sequence": .integer("Rises with each event.", 1...), "id": .string("The client's name for it.", pattern: Pattern.eventID),
                "event": .ref("EventName"), "at": .ref("Moment"), "received_at": .ref("Moment"), "company_id": .ref("CompanyID"),
                "user_id": .ref("UserID"), "attempt_id": JSONSchema.string("The attempt.", pattern: Pattern.eventID).orNull,
                "properties": .map(
                    "Those that the declaration admits.", of: JSONSchema(["type": ["string", "integer"]]), named: .ref("PropertyName")),
            ]
        ).example([
            "sequence": 1_001, "id": "3f1c9b2e", "event": "cdp_ticket_embed_opened", "at": "2026-12-01T09:00:00.000000Z",
            "received_at": "2026-12-01T09:00:00.120000Z", "company_id": "acme", "user_id": "agent-7", "attempt_id": "a-1",
            "properties": ["contact_id": "c-19"],
        ]),
    ]
}
