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
        "Event": .anyOf(
            "An event. One that is not of this form is refused by its index, and the others are taken.",
            [
                .object(
                    "With an API token company and user are required, with a user's token refused.",
                    [
                        "id": JSONSchema.string("The client's own name for this occurrence.", pattern: Pattern.eventID),
                        "event": .string("A declared event's name or label."), "at": .ref("GivenMoment"),
                    ],
                    optional: [
                        "attempt_id": JSONSchema.string("The attempt it belongs to: each has one outcome.", pattern: Pattern.eventID).orNull,
                        "company_id": .ref("CompanyID"), "user_id": .ref("UserID"),
                        "properties": JSONSchema.anyObject("Strings and whole numbers; what the declaration does not admit is dropped.").orNull,
                    ]), JSONSchema([:]),
            ]),
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
