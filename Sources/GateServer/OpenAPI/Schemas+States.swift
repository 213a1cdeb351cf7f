import GateCore

extension Schemas {
    /// States, holds, and what refers to what.
    static let states: Named = [
        "Enabled": JSONSchema.object("An explicit state.", ["enabled": .boolean("On, or off.")]).example(["enabled": true]),
        "Nothing": JSONSchema.object("An empty object: the path says it all.", [:]).example([:]),
        "FlagStates": JSONSchema.object(
            "States to set, as one change; null clears.", [:],
            optional: [
                "companies": JSONSchema.map(
                    "By company.", of: JSONSchema.ref("Enabled").orNull, named: .ref("CompanyID")
                ).orNull,
                "groups": JSONSchema.map("By group: for every company in it.", of: JSONSchema.ref("Enabled").orNull, named: .ref("GroupName")).orNull,
            ]
        ).example(["companies": ["acme": ["enabled": true], "umbrella": nil], "groups": ["beta": ["enabled": false]]]),
        "CompanyState": JSONSchema.object(
            "A flag for a company.",
            [
                "company_id": .ref("CompanyID"), "enabled": JSONSchema.boolean("The explicit state.").orNull,
                "held": .boolean("Whether the company's own hold stands."), "value": .boolean("The answer."), "reason": .word("Why.", flagReasons),
            ]
        ).example(["company_id": "acme", "enabled": true, "held": false, "value": true, "reason": "company_on"]),
        "FlagState": .object(
            "The explicit state of a flag for a company.",
            ["flag": .ref("FlagCode"), "company_id": .ref("CompanyID"), "enabled": .boolean("On, or off.")]),
        "Hold": JSONSchema.object(
            "While it stands, the flag is false: for the company, or without one for every company.",
            ["flag": .ref("FlagCode"), "company_id": JSONSchema.ref("CompanyID").orNull]
        ).example(["flag": "cdp_create_ticket_embed", "company_id": nil]),
        "Group": JSONSchema.object(
            "A group of companies.", ["name": .ref("GroupName"), "companies": .integer("How many are in it.", 1...)]
        ).example(["name": "beta", "companies": 12]),
        "UserPermission": .object(
            "A permission, as it is for a user.",
            ["name": .ref("PermissionKey"), "is_enabled": .boolean("Whether the user has it."), "reason": .word("Why.", permissionReasons)],
            optional: ["role": .ref("RoleName")]),
        "EntityRef": JSONSchema(
            [
                "type": "object", "description": "Which entity: its kind, and the members that name it.", "required": ["kind"],
                "properties": [
                    "kind": .object(entityKind.json), "id": ["type": "string"], "key": ["type": "string"], "code": ["type": "string"],
                    "name": ["type": "string"], "flag": ["type": "string"], "company_id": ["type": ["string", "null"]],
                    "user_id": ["type": "string"],
                ], "additionalProperties": false,
            ]
        ).example(["kind": "flag_state", "flag": "cdp_create_ticket_embed", "company_id": "acme"]),
        "EntityValue": .anyOf(
            "An entity, in the one form it has everywhere.",
            [
                "Company", "Permission", "Role", "Flag", "FlagState", "Hold", "Rollout", "Guard", "Gate", "EventType", "User", "Token", "Schedule",
                "Webhook",
            ].map { .ref($0) }),
    ]

    static let entityKind = JSONSchema.word("The kind of entity.", EntityKind.allCases.map(\.rawValue))
}
