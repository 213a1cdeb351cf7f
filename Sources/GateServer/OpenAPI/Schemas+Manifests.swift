import GateCore

extension Schemas {
    static let manifests: Named = [
        "Application": JSONSchema.object(
            "What the state is to be.", ["manifests": .array(.ref("Manifest"), most: Manifest.most)],
            optional: [
                "prune": JSONSchema.boolean("Removes what no manifest names.").orNull,
                "force": JSONSchema.boolean("Turns on again what somebody turned off since the last apply.").orNull,
                "plan_hash": JSONSchema.string("The plan that this must still be.").orNull,
            ]
        ).example(["manifests": [["kind": "permission", "name": "tickets_ticket_create"]], "prune": false]),
        "Plan": .object(
            "What applying manifests would change.",
            ["plan_hash": .ref("Hash"), "operations": .array(.ref("EntityChange")), "impact": .ref("Impact")]),
        "Export": JSONSchema.object("The definitions as manifests.", ["manifests": .array(.ref("Manifest"))])
            .example(["manifests": [["kind": "permission", "key": "tickets_ticket_create", "name": "Create tickets", "description": ""]]]),
        "ImportLines": JSONSchema.array(.ref("Manifest"), "Manifests, one a line of at most 64 KiB (NDJSON).")
            .example([["kind": "user", "company_id": "acme", "user_id": "agent-7", "permissions": [:], "roles": []]]),
        "Imported": JSONSchema.object(
            "What came of an import: one change for each 10 000 lines.",
            [
                "lines": .integer("Lines that were read.", 0...), "changes": .integer("Changes that were made.", 0...), "revision": .ref("Revision"),
            ]
        ).example(["lines": 20_000, "changes": 2, "revision": 45]),
    ]

    static let manifest = JSONSchema.anyOf(
        "A definition as files have it: `kind`, a name, and the entity's own fields.", definitions.map { .ref("\($0.name)Manifest") }
    ).example(["kind": "flag", "name": "cdp_create_ticket_embed", "enabled": true, "companies": ["acme": "on", "umbrella": "off"]])
}
