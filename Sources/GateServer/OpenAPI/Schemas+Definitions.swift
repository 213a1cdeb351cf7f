import GateCore

extension Schemas {
    /// What is listed, read, put, patched and deleted alike.
    static let definitions: [Definition] = [
        Definition(
            "Company", .company, "A company: the unit of rollout.",
            identity: ["id": .ref("CompanyID")],
            members: [
                "name": text("What people call it; its id by default.", most: Company.longestName),
                "groups": .names(.ref("GroupName"), "The groups it is in, sorted.", most: Company.mostGroups),
            ],
            example: ["id": "acme", "name": "Acme", "groups": ["beta", "enterprise"]]),
        Definition(
            "Flag", .flag, "A flag's definition. Its states, holds, rollout and guard stand apart.",
            identity: ["code": .ref("FlagCode")],
            members: [
                "description": text("What it is for.", most: Flag.longestDescription),
                "owner": text("Who answers for it.", most: Company.longestName),
                "enabled": .boolean("The master switch."),
                "prerequisites": .names(
                    .ref("FlagCode"), "Each must be true for a company before this one can be.", most: Flag.mostPrerequisites),
                "client_visible": .boolean("False keeps it from users' tokens; true by default."),
                "permanent": .boolean("False: a release flag, meant to go away."),
                "review_by": JSONSchema.string("When to ask whether it can go.", pattern: Pattern.date, format: "date").orNull,
            ],
            manifested: [
                "companies": .map(
                    "Explicit states by company.",
                    of: JSONSchema(["anyOf": [["type": "boolean"], ["enum": ["on", "off"]]]]), named: .ref("CompanyID"))
            ],
            example: [
                "code": "cdp_create_ticket_embed", "description": "Shows the CRM's form for a new ticket", "owner": "cdp", "enabled": true,
                "prerequisites": ["cdp_associate_ticket"], "client_visible": true, "permanent": false, "review_by": "2027-01-31",
            ]),
        Definition(
            "Permission", .permission, "A permission that a user may have within a company.",
            identity: ["key": .ref("PermissionKey")],
            members: [
                "name": text("What people call it; its key by default.", most: Company.longestName),
                "description": text("What it allows.", most: Flag.longestDescription),
            ],
            example: ["key": "tickets_ticket_create", "name": "Create tickets", "description": "May create a ticket in the CRM"]),
        Definition(
            "Role", .role, "A named set of permissions.",
            identity: ["name": .ref("RoleName")],
            members: [
                "description": text("Whom it is for.", most: Flag.longestDescription),
                "permissions": .names(.ref("PermissionKey"), "What it grants, sorted.", most: Role.mostPermissions),
            ],
            example: ["name": "support_agent", "description": "First line", "permissions": ["tickets_ticket_create"]]),
        Definition(
            "Gate", .gate, "One question over permissions and flags: allowed when all of them are true. It asks at least one.",
            identity: ["name": .ref("GateName")],
            members: [
                "description": text("What it opens.", most: Flag.longestDescription),
                "permissions": .names(.ref("PermissionKey"), "Asked first, in this order.", most: Gate.mostClauses),
                "flags": .names(.ref("FlagCode"), "Asked then, in this order.", most: Gate.mostClauses),
            ],
            rule: ("anyOf", [asking("permissions"), asking("flags")]),
            example: [
                "name": "canCreateTicket", "description": "The plus menu's new ticket", "permissions": ["tickets_ticket_create"],
                "flags": ["cdp_create_ticket_embed"],
            ]),
        Definition(
            "EventType", .event, "An event that clients may post, and the only properties of it that are ever stored.",
            identity: ["name": .ref("EventName")],
            members: [
                "label": JSONSchema.string(
                    "Another name, for people; not of the form of an event's name, and no other event's.",
                    pattern: Pattern.text, least: 1, most: EventDeclaration.longestLabel
                ).with("not", ["type": "string", "pattern": .string(Pattern.snakeCase)]).orNull,
                "description": text("When it happens.", most: Flag.longestDescription),
                "required": .names(
                    .ref("PropertyName"), "Without these an event is refused; each is among the properties.", most: EventDeclaration.mostProperties),
                "properties": .map(
                    "Each property with the pattern of its values.", of: propertyPattern, named: .ref("PropertyName"),
                    most: EventDeclaration.mostProperties),
            ],
            patched: [
                "properties": JSONSchema.map(
                    "Properties to add or change; null removes one.", of: propertyPattern.orNull, named: .ref("PropertyName"),
                    most: EventDeclaration.mostProperties
                ).orNull
            ],
            example: [
                "name": "cdp_ticket_embed_opened", "label": "Ticket embed opened", "description": "", "required": ["contact_id"],
                "properties": ["contact_id": "id", "error_code": "code"],
            ]),
        user, rollout, guardian,
    ]

    private static let propertyPattern = JSONSchema.word(
        "`id`, `code`: letters, digits, `_`, `-` (and `.`), at most 64; `word`: lower case, at most 32; `origin`: a web origin.",
        PropertyPattern.allCases.map(\.rawValue))

    private static func asking(_ member: String) -> JSONValue {
        let filled: JSONValue = ["type": "array", "minItems": 1]
        return ["required": [.string(member)], "properties": .object(JSONObject([(member, filled)]))]
    }

    private static let user = Definition(
        "User", .user, "What a user has within one company: explicit states of permissions, and roles.",
        identity: ["company_id": .ref("CompanyID"), "user_id": .ref("UserID")],
        members: [
            "permissions": .map(
                "Explicit states: they count before any role.", of: .boolean("Granted, or denied."), named: .ref("PermissionKey"),
                most: Role.mostPermissions),
            "roles": .names(.ref("RoleName"), "The user's roles, sorted.", most: User.mostRoles),
        ],
        isPatched: false,
        example: ["company_id": "acme", "user_id": "agent-7", "permissions": ["tickets_ticket_create": true], "roles": ["support_agent"]])
}
