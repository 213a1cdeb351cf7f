import GateCore

extension Schemas {
    /// OpenID AuthZEN 1.0. Unknown members are ignored.
    static let authZEN: Named = [
        "AuthZENSubject": part("Who: a subject of type `user`.", ["type", "id"]).example(["type": "user", "id": "agent-7"]),
        "AuthZENAction": part("What: the name of a gate or of a permission.", ["name"]).example(["name": "canCreateTicket"]),
        "AuthZENResource": part("On what: a resource of type `company`.", ["type", "id"]).example(["type": "company", "id": "acme"]),
        "AuthZENQuestion": JSONSchema(question(["subject", "action", "resource"])).example(askedExample),
        "AuthZENQuestions": JSONSchema(
            [
                "type": "object",
                "description": "Several questions; what one leaves out is the request's own. Without any it is a single question itself.",
                "properties": .object(
                    JSONObject(
                        parts + [
                            (
                                "evaluations",
                                ["type": ["array", "null"], "maxItems": .integer(Int64(AuthZENBatch.mostEvaluations)), "items": .object([:])]
                            ),
                            (
                                "options",
                                [
                                    "type": ["object", "null"],
                                    "properties": [
                                        "evaluations_semantic": [
                                            "enum": .array(AuthZENBatch.Semantic.allCases.map { .string($0.rawValue) } + [.null])
                                        ]
                                    ],
                                ]
                            ),
                        ])),
                "anyOf": [
                    ["required": ["evaluations"], "properties": ["evaluations": ["type": "array", "minItems": 1]]],
                    [
                        "required": ["subject", "action", "resource"],
                        "properties": ["subject": ["type": "object"], "action": ["type": "object"], "resource": ["type": "object"]],
                    ],
                ],
            ]
        ).example([
            "subject": ["type": "user", "id": "agent-7"], "resource": ["type": "company", "id": "acme"],
            "evaluations": [["action": ["name": "canCreateTicket"]], ["action": ["name": "tickets_ticket_create"]]],
            "options": ["evaluations_semantic": "deny_on_first_deny"],
        ]),
        "AuthZENDecision": JSONSchema(
            [
                "type": "object", "description": "The answer. A denial says why.", "required": ["decision"],
                "properties": [
                    "decision": ["type": "boolean"],
                    "context": [
                        "type": "object", "required": ["reason"],
                        "properties": [
                            "reason": ["type": "string"], "checks": ["type": "array", "items": ["type": "object"]],
                            "error": [
                                "type": "object", "required": ["status", "message"],
                                "properties": ["status": ["type": "integer"], "message": ["type": "string"]],
                            ],
                        ],
                    ],
                ],
            ]
        ).example(["decision": false, "context": ["reason": "company_off", "checks": []]]),
        "AuthZENDecisions": .anyOf(
            "The answers in the order of the questions; of a single question its answer.",
            [
                JSONSchema([
                    "type": "object", "required": ["evaluations"],
                    "properties": ["evaluations": ["type": "array", "items": ["$ref": "#/components/schemas/AuthZENDecision"]]],
                ]), .ref("AuthZENDecision"),
            ]),
        "AuthZENSubjectSearch": search("Who may do it: the subject's id counts for nothing.", lacking: "subject"),
        "AuthZENResourceSearch": search("Where it may be done: the resource's id counts for nothing.", lacking: "resource"),
        "AuthZENActionSearch": search("What may be done.", lacking: "action"),
        "AuthZENResults": JSONSchema(
            [
                "type": "object", "description": "A page of what was found.", "required": ["page", "results"],
                "properties": [
                    "page": [
                        "type": "object", "required": ["next_token", "count"],
                        "properties": ["next_token": ["type": "string"], "count": ["type": "integer", "minimum": 0]],
                    ], "context": ["type": "object", "required": ["reason"], "properties": ["reason": ["type": "string"]]],
                    "results": ["type": "array", "maxItems": .integer(Int64(Page.largestLimit)), "items": ["type": "object"]],
                ],
            ]
        ).example(["page": ["next_token": "", "count": 1], "results": [["type": "user", "id": "agent-7"]]]),
        "AuthZENConfiguration": .object(
            "Where the endpoints are.",
            required: [
                "policy_decision_point", "access_evaluation_endpoint", "access_evaluations_endpoint",
                "search_subject_endpoint", "search_resource_endpoint", "search_action_endpoint",
            ].map { ($0, JSONSchema.string("A URL.", format: "uri")) }, optional: []),
    ]

    private static let askedExample: JSONValue = [
        "subject": ["type": "user", "id": "agent-7"], "action": ["name": "canCreateTicket"], "resource": ["type": "company", "id": "acme"],
    ]

    /// An object of strings, with free properties.
    private static func part(_ description: String, _ needed: [String]) -> JSONSchema {
        let texts = needed.map { ($0, ["type": "string"] as JSONValue) }
        return JSONSchema([
            "type": "object", "description": .string(description), "required": .array(needed.map { .string($0) }),
            "properties": .object(JSONObject(texts + [("properties", ["type": ["object", "null"]])])),
        ])
    }

    private static let parts: [(String, JSONValue)] =
        ["subject", "action", "resource"].map { name in
            let type = "AuthZEN" + name.prefix(1).uppercased() + name.dropFirst()
            return (name, .object(JSONSchema.ref(type).orNull.json))
        } + [("context", ["type": ["object", "null"]])]

    private static func question(_ needed: [String]) -> JSONObject {
        let types = needed.map { name in
            (name, ["$ref": .string("#/components/schemas/AuthZEN" + name.prefix(1).uppercased() + name.dropFirst())] as JSONValue)
        }
        return [
            "type": "object", "description": "A question: may somebody do something on something?", "required": .array(needed.map { .string($0) }),
            "properties": .object(JSONObject(types + [("context", ["type": ["object", "null"]])])),
        ]
    }

    /// A question without the id of what is looked for.
    private static func search(_ description: String, lacking looked: String) -> JSONSchema {
        let needed = ["subject", "action", "resource"].filter { $0 != looked || looked != "action" }
        var object = question(needed.filter { $0 != looked })
        var properties = object["properties"]?.objectValue ?? JSONObject()
        if looked != "action" {
            properties[looked] = .object(part("Its type.", ["type"]).json)
        }
        properties["page"] = [
            "type": ["object", "null"],
            "properties": [
                "token": ["type": ["string", "null"], "description": "The `next_token` of the page before; empty for the first."],
                "limit": ["type": ["integer", "null"], "minimum": 0, "maximum": .integer(Int64.max)], "properties": ["type": ["object", "null"]],
            ],
        ]
        object["description"] = .string(description)
        object["required"] = .array(needed.map { .string($0) })
        object["properties"] = .object(properties)
        return JSONSchema(object)
    }
}
