import GateCore

extension Schemas {
    /// Writes and what is left of them.
    static let history: Named = [
        "Receipt": JSONSchema.object(
            "What came of a write.",
            [
                "revision": .ref("Revision"), "changed": .boolean("False when the state already was so: no revision is made."),
                "impact": .ref("Impact"), "chain_head": .ref("Hash"),
            ],
            optional: [
                "dry_run": .boolean("True where nothing was written."), "entity": .ref("EntityValue"), "schedule": .ref("Schedule"),
                "cancelled_schedules": .array(.ref("EntityID")), "delivery": .ref("Delivery"), "stage": .ref("StageName"),
                "go": .boolean("Whether every criterion of the rollout's step is met."), "criteria": .array(.ref("Criterion")),
                "measured": .ref("OutcomeCounts"), "success_criteria": .array(.ref("SuccessCriterion")),
            ]
        ).example([
            "revision": 43, "changed": true, "entity": ["flag": "cdp_create_ticket_embed", "company_id": "acme", "enabled": false],
            "impact": [
                "flags": [["code": "cdp_create_ticket_embed", "company_id": "acme", "before": true, "after": false]],
                "gates": [["gate": "canCreateTicket", "company_id": "acme", "before": true, "after": false]], "total": 2, "truncated": false,
            ], "chain_head": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "delivery": ["streams": 3, "written": 3, "behind": 0, "complete": true, "milliseconds": 1, "pollers_behind": 0],
        ]),
        "Impact": .object(
            "The answers that are different after it, for registered companies; the first 100 are named.",
            [
                "flags": .array(
                    .object(
                        "A flag's answer.",
                        [
                            "code": .ref("FlagCode"), "company_id": .ref("CompanyID"), "before": .boolean("Before it."),
                            "after": .boolean("After it."),
                        ]), most: Impact.named),
                "gates": .array(
                    .object(
                        "A gate's answer: of its flags, or with a user the decision.",
                        [
                            "gate": .ref("GateName"), "company_id": .ref("CompanyID"), "before": .boolean("Before it."),
                            "after": .boolean("After it."),
                        ], optional: ["user_id": .ref("UserID")]), most: Impact.named),
                "total": .integer("All of them.", 0...), "truncated": .boolean("Whether there are more than are named."),
            ], optional: ["users_concerned": .integer("Who holds the roles concerned.", 0...)]),
        "Delivery": .object(
            "What is known of the revision's way to those who listen.",
            [
                "streams": .integer("Live streams concerned.", 0...), "written": .integer("Written to their sockets.", 0...),
                "behind": .integer("Not written yet.", 0...), "complete": .boolean("Whether every loop has looked."),
                "milliseconds": .integer("How long it took.", 0...), "pollers_behind": .integer("Who polls and has not come since.", 0...),
            ]),
        "Change": JSONSchema.object(
            "One committed transaction, chained to the one before it.",
            [
                "revision": .ref("Revision"), "at": .ref("Moment"), "actor": .string("`token/<id>`, `seeds`, `guard`, `schedule`."),
                "reason": .string("Why."), "command": .anyObject("What was asked, for people and filters."),
                "entities": .array(.ref("EntityChange")), "previous_hash": .ref("Hash"), "hash": .ref("Hash"),
            ]
        ).example([
            "revision": 43, "at": "2026-12-01T09:00:00.000000Z", "actor": "token/ops-4f2a", "reason": "errors at Acme",
            "command": ["command": "put", "entity": ["kind": "flag_state", "flag": "cdp_create_ticket_embed", "company_id": "acme"]],
            "entities": [
                [
                    "entity": ["kind": "flag_state", "flag": "cdp_create_ticket_embed", "company_id": "acme"], "before": nil,
                    "after": ["flag": "cdp_create_ticket_embed", "company_id": "acme", "enabled": false],
                ]
            ], "previous_hash": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
            "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        ]),
        "EntityChange": .object(
            "An entity before and after; null where it is absent.",
            [
                "entity": .ref("EntityRef"), "before": JSONSchema.ref("EntityValue").orNull, "after": JSONSchema.ref("EntityValue").orNull,
            ]),
        "Force": JSONSchema.object(
            "How.", [:], optional: ["force": JSONSchema.boolean("Also where entities were changed since.").orNull]
        ).example(["force": false]),
        "Audit": JSONSchema.object(
            "What a check of the whole history found.",
            [
                "valid": .boolean("Nothing was found."), "revision": .ref("Revision"), "chain_head": .ref("Hash"),
                "checked": .integer("Changes that were checked.", 0...), "problems": .array(.string("A finding, in words.")),
            ]
        ).example([
            "valid": true, "revision": 43, "chain_head": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "checked": 43,
            "problems": [],
        ]),
        "Schedule": .object(
            "A step that the server takes later: a command, or what restores entities. One that failed is kept until it is cancelled.",
            [
                "id": .ref("EntityID"), "due_at": .ref("Moment"),
                "expected": .array(
                    .object("At another revision the step fails.", ["entity": .ref("EntityRef"), "revision": .ref("Revision")])),
                "created_at": .ref("Moment"), "actor": .string("Who asked for it."), "reason": .string("Why."),
                "failure": JSONSchema.string("Why it could not be done.").orNull,
            ],
            optional: [
                "command": .anyObject("What is to be done, in its stored form."),
                "restore": .array(
                    .object(
                        "An entity as it is to be again.", ["entity": .ref("EntityRef"), "value": JSONSchema.ref("EntityValue").orNull])),
            ]),
    ]
}
