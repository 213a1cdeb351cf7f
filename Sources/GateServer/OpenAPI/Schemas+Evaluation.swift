import GateCore

extension Schemas {
    static let flagReasons = FlagReason.allCases.map(\.rawValue)
    static let permissionReasons = PermissionReason.allCases.map(\.rawValue)

    /// What front ends and back ends ask for.
    static let evaluation: Named = [
        "FeatureFlags": JSONSchema.object(
            "A company's flags, by the bytes of their codes. One is on when both are true.",
            ["data": .array(.ref("FeatureFlag")), "meta": .object("Whose they are.", ["company_id": .ref("CompanyID")])]
        ).example([
            "data": [["code": "cdp_create_ticket_embed", "enabled": true, "enabled_for_company": true]], "meta": ["company_id": "acme"],
        ]),
        "FeatureFlag": .object(
            "A flag, for a company.",
            [
                "code": .ref("FlagCode"), "enabled": .boolean("The master switch, unless a hold stands."),
                "enabled_for_company": .boolean("What the company's state, rollout and prerequisites say."),
            ]),
        "Permissions": JSONSchema.object(
            "A user's permissions within one company: every defined key.",
            [
                "data": .array(
                    .object(
                        "The user's.",
                        [
                            "company_id": .ref("CompanyID"), "user_id": .ref("UserID"),
                            "permissions": .array(
                                .object("A permission.", ["name": .ref("PermissionKey"), "is_enabled": .boolean("Whether the user has it.")])),
                        ]), least: 1, most: 1)
            ]
        ).example([
            "data": [["company_id": "acme", "user_id": "agent-7", "permissions": [["name": "tickets_ticket_create", "is_enabled": true]]]]
        ]),
        "Decision": JSONSchema.object(
            "A gate's answer for a user, with its trace.",
            [
                "gate": .ref("GateName"), "company_id": .ref("CompanyID"), "user_id": .ref("UserID"), "allowed": .boolean("The answer."),
                "reason": .word("`allowed`, `permission_missing`, or the failing flag's.", ["allowed", "permission_missing"] + flagReasons),
                "checks": .array(.anyOf("A clause.", [.ref("PermissionCheck"), .ref("FlagCheck"), .ref("KeptFlagCheck")])),
            ]
        ).example([
            "gate": "canCreateTicket", "company_id": "acme", "user_id": "agent-7", "allowed": false, "reason": "company_off",
            "checks": [
                ["kind": "permission", "key": "tickets_ticket_create", "satisfied": true, "reason": "user_on"],
                [
                    "kind": "flag", "code": "cdp_create_ticket_embed", "satisfied": false, "enabled": true, "enabled_for_company": false,
                    "reason": "company_off", "prerequisites": [],
                ],
            ],
        ]),
        "PermissionCheck": .object("A permission that a gate asks for.", required: permissionCheck, optional: [("role", .ref("RoleName"))]),
        "FlagCheck": .object(
            "A flag that a gate asks for, or that another flag stands on.",
            required: flagCheck + [("prerequisites", .array(.anyOf("A clause.", [.ref("FlagCheck"), .ref("KeptFlagCheck")])))], optional: place),
        "KeptFlagCheck": .object(
            "What users' tokens are told of a flag that is kept from them.",
            ["kind": .constant("flag"), "satisfied": .boolean("Whether it is on."), "reason": .word("Why.", flagReasons)]),
        "Explanation": .anyOf("A trace, with the change that decided each clause.", [.ref("ExplainedDecision"), .ref("ExplainedFlag")]),
        "ExplainedDecision": .object(
            "A gate's answer, explained.",
            [
                "gate": .ref("GateName"), "company_id": .ref("CompanyID"), "user_id": .ref("UserID"), "allowed": .boolean("The answer."),
                "reason": .word("As in a decision.", ["allowed", "permission_missing"] + flagReasons),
                "checks": .array(.anyOf("A clause.", [.ref("ExplainedPermissionCheck"), .ref("ExplainedFlagCheck")])),
            ]),
        "ExplainedFlag": .object(
            "A flag's answer for a company, explained.", required: explainedFlag + [("company_id", .ref("CompanyID"))], optional: place),
        "ExplainedFlagCheck": .object("A flag's clause, explained.", required: explainedFlag, optional: place),
        "ExplainedPermissionCheck": .object(
            "A permission's clause, explained.", required: permissionCheck + [("decided_by", JSONSchema.ref("DecidedBy").orNull)],
            optional: [("role", .ref("RoleName"))]),
        "DecidedBy": JSONSchema.object(
            "The change that made it so; null where nothing was ever set.",
            [
                "entity": .ref("EntityRef"), "revision": .ref("Revision"), "at": .ref("Moment"), "actor": .string("Who."), "reason": .string("Why."),
            ]
        ).example([
            "entity": ["kind": "flag", "code": "cdp_create_ticket_embed"], "revision": 7, "at": "2026-12-01T09:00:00.000000Z",
            "actor": "token/admin-1k2j3", "reason": "start the beta",
        ]),
    ]

    private static let permissionCheck: [(key: String, value: JSONSchema)] = [
        ("kind", .constant("permission")), ("key", .ref("PermissionKey")), ("satisfied", .boolean("Whether it is so.")),
        ("reason", .word("Why.", permissionReasons)),
    ]
    private static let flagCheck: [(key: String, value: JSONSchema)] = [
        ("kind", .constant("flag")), ("code", .ref("FlagCode")), ("satisfied", .boolean("Whether it is so.")),
        ("enabled", .boolean("The master switch, unless a hold stands.")), ("enabled_for_company", .boolean("The company's side.")),
        ("reason", .word("Why: the first that applies.", flagReasons)),
    ]
    private static let place: [(key: String, value: JSONSchema)] = [
        ("stage", .ref("StageName")), ("bucket", .integer("The company's, of 10 000, where a percentage decided.", in: 0...9_999)),
    ]
    private static let explainedFlag: [(key: String, value: JSONSchema)] =
        flagCheck + [("decided_by", JSONSchema.ref("DecidedBy").orNull), ("prerequisites", .array(.ref("ExplainedFlagCheck")))]
}
