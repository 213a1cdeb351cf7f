import GateCore

extension Schemas {
    static let system: Named = [
        "Health": JSONSchema.object("All is well.", ["status": .word("How it is.", ["ok", "ready"])]).example(["status": "ok"]),
        "Status": JSONSchema.object(
            "The server, its database, and how much is in it.",
            [
                "version": .string("The server's."), "incarnation": .string("The database's.", pattern: "^[0-9a-f]{16}$"),
                "revision": .ref("Revision"),
                "chain_head": .ref("Hash"), "time": .ref("Moment"), "companies": .integer("Registered.", 0...), "flags": .integer("Defined.", 0...),
                "gates": .integer("Defined.", 0...), "users": .integer("With explicit states or roles.", 0...), "database": .string("Its file."),
            ]
        ).example([
            "version": .string(SystemController.version), "incarnation": "5f0c1d2e3a4b5c6d", "revision": 43,
            "chain_head": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "time": "2026-12-01T09:00:00.000000Z",
            "companies": 120, "flags": 4, "gates": 2, "users": 900, "database": "gate.db",
        ]),
        "LiveStream": JSONSchema.object(
            "A live stream, and how far it is.",
            [
                "company_id": .ref("CompanyID"), "user_id": .ref("UserID"), "since": .ref("Moment"), "revision": .ref("Revision"),
                "queued_events": .integer("Not taken by the client yet.", in: 0...64),
                "behind": .boolean("Whether events wait for the client to read."),
            ]
        ).example([
            "company_id": "acme", "user_id": "agent-7", "since": "2026-12-01T09:00:00.000000Z", "revision": 43, "queued_events": 0, "behind": false,
        ]),
        "OpenAPI": .anyObject("This document (OpenAPI 3.1)."),
    ]

    /// Of the routes and of the transport, each once.
    private static let codes =
        GateError.Code.answered.map(\.rawValue)
        + RequestRefusal.Code.allCases.map(\.rawValue).filter { GateError.Code(rawValue: $0) == nil }

    static let problems: Named = [
        "Problem": JSONSchema(
            [
                "type": "object", "description": "An error (RFC 9457). `code` is stable, and one of these.",
                "required": ["type", "title", "status", "detail", "code"],
                "properties": [
                    "type": ["type": "string", "description": "`urn:gate:problem:<code>`, or `about:blank` before a request got to a route."],
                    "title": ["type": "string", "description": "The kind of problem."],
                    "status": ["type": "integer", "minimum": 400, "maximum": 599],
                    "detail": ["type": "string", "description": "What was wrong, and what the rule or limit is."],
                    "code": [
                        "type": "string",
                        "enum": .array(codes.map { .string($0) }),
                    ],
                    "instance": ["type": "string", "description": "The request's path; not in a 404."],
                    "pointer": ["type": "string", "description": "Where in the request's body (RFC 6901)."],
                    "limit": ["type": "string", "description": "The bound that was passed."],
                    "provided": ["type": "integer", "description": "What was given."],
                    "allowed": ["type": "integer", "description": "What is allowed."],
                    "nearest": ["type": "array", "description": "Known names close to the one given.", "items": ["type": "string"]],
                    "dependents": ["type": "array", "description": "What still refers to it.", "items": ["$ref": "#/components/schemas/EntityRef"]],
                    "cycle": [
                        "type": "array", "description": "The flags of a cycle of prerequisites.", "items": ["$ref": "#/components/schemas/FlagCode"],
                    ],
                    "conflicts": [
                        "type": "array", "description": "Entities that were changed since.",
                        "items": [
                            "type": "object", "required": ["entity", "revision"],
                            "properties": [
                                "entity": ["$ref": "#/components/schemas/EntityRef"], "revision": ["$ref": "#/components/schemas/Revision"],
                            ],
                        ],
                    ],
                    "criteria": [
                        "type": "array", "description": "The go/no-go table of a step that was refused.",
                        "items": ["$ref": "#/components/schemas/Criterion"],
                    ],
                ], "additionalProperties": false,
            ]
        ).example([
            "type": "urn:gate:problem:flag_unknown", "title": "Unknown name", "status": 404, "detail": "flag cdp_create_ticket is not known",
            "code": "flag_unknown", "nearest": ["cdp_create_ticket_embed"],
        ])
    ]
}
