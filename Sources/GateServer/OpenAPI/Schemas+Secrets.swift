import GateCore

extension Schemas {
    /// API tokens and webhooks: what is known of them, and what is shown once.
    static let secrets: Named = [
        "NewToken": JSONSchema.object(
            "A token to be made.", ["kind": .word("What it may do.", Token.Kind.allCases.map(\.rawValue))],
            optional: [
                "name": text("What it is for.", most: Company.longestName).orNull,
                "flags": JSONSchema.names(.ref("FlagCode"), "Limits an `ops` token to these.", most: 100).orNull,
                "companies": JSONSchema.names(.ref("CompanyID"), "Limits an `ops`, `service` or `events` token to these.", most: 100).orNull,
                "expires_in": JSONSchema.ref("Span").orNull.byDefault("90d"),
            ]
        ).with(
            "allOf",
            [limit("flags", toKinds: ["ops"]), limit("companies", toKinds: ["ops", "service", "events"])]
        ).example(["kind": "service", "name": "ticket service", "companies": ["acme"], "expires_in": "30d"]),
        "Token": .object(
            "An API token as it is known: never its secret.", required: token, optional: [("last_used_at", JSONSchema.ref("Moment").orNull)]),
        "MadeToken": JSONSchema.object(
            "A token that was just made: its text is shown this once.",
            required: [("token", .string("What to send as Bearer.", pattern: "^gate_[a-z]+_[A-Za-z0-9_-]{49}$"))] + token,
            optional: []),
        "NewWebhook": JSONSchema.object("A webhook to be made.", required: [("url", url)], optional: webhook.map { ($0.key, $0.value.orNull) })
            .example(["url": "https://hooks.example.com/gate", "types": ["guard.tripped"], "flags": ["cdp_create_ticket_embed"]]),
        "Webhook": .object("Where notices are sent.", required: [("id", .ref("EntityID")), ("url", url)] + webhook, optional: []),
        "WebhookPatch": JSONSchema.object(
            "Members to change (JSON merge patch, RFC 7396); null brings the default back.",
            required: [], optional: [("id", JSONSchema.ref("EntityID").readOnly), ("url", url)] + webhook.map { ($0.key, $0.value.orNull) }
        ).example(["enabled": false]),
        "MadeWebhook": .object(
            "A webhook that was just made: its secret is shown this once.",
            required: [("secret", .string("Signs what is sent (Standard Webhooks).", pattern: "^whsec_")), ("id", .ref("EntityID")), ("url", url)]
                + webhook, optional: []),
    ]

    private static let token: [(key: String, value: JSONSchema)] = [
        ("id", .ref("EntityID")), ("kind", .word("What it may do.", Token.Kind.allCases.map(\.rawValue))),
        ("name", text("What it is for.", most: Company.longestName)), ("flags", .names(.ref("FlagCode"), "None means all.", most: 100)),
        ("companies", .names(.ref("CompanyID"), "None means all.", most: 100)), ("created_at", .ref("Moment")), ("expires_at", .ref("Moment")),
    ]

    /// A list that only some kinds of token may have.
    private static func limit(_ member: String, toKinds kinds: [String]) -> JSONValue {
        let none: JSONValue = ["type": ["array", "null"], "maxItems": 0]
        return [
            "anyOf": [
                ["properties": ["kind": ["enum": .array(kinds.map { .string($0) })]]],
                ["properties": .object(JSONObject([(member, none)]))],
            ]
        ]
    }

    private static let url = JSONSchema.string(
        "https, at a public address; without user name, password and fragment.", pattern: "^https?://[A-Za-z0-9]", most: Webhook.longestURL,
        format: "uri")
    private static let webhook: [(key: String, value: JSONSchema)] = [
        ("description", text("What it is for.", most: Flag.longestDescription)),
        (
            "types",
            .names(
                .word("A kind of notice.", Webhook.Kind.allCases.map(\.rawValue)), "Only these kinds; none means all.",
                most: Webhook.Kind.allCases.count)
        ),
        ("flags", .names(.ref("FlagCode"), "Only about these flags; none means all.", most: 100)),
        ("enabled", .boolean("False: nothing is sent.")),
    ]
}
