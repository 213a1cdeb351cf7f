import GateCore

extension Schemas {
    /// The OpenFeature Remote Evaluation Protocol 0.3.
    static let ofrep: Named = [
        "OFREPRequest": JSONSchema(
            [
                "type": "object", "description": "Whom it is for.", "required": ["context"],
                "properties": ["context": ["$ref": "#/components/schemas/OFREPContext"]],
            ]
        ).example(["context": ["targetingKey": "agent-7", "companyId": "acme"]]),
        "OFREPContext": JSONSchema(
            [
                "type": "object",
                "description":
                    "Free members. With an API token `targetingKey` is the user and `companyId` the company; with a user's token they count for nothing.",
                "properties": [
                    "targetingKey": .object(id("The user.").json), "companyId": .object(id("The company.").json),
                    "company_id": .object(id("The same.").json),
                ],
            ]
        ).example(["targetingKey": "agent-7", "companyId": "acme"]),
        "OFREPEvaluation": JSONSchema.object(
            "A flag or gate, evaluated.",
            [
                "key": name("The flag's code or the gate's name."), "value": .boolean("The answer."),
                "reason": .word("OpenFeature's word for why.", ["DISABLED", "TARGETING_MATCH", "SPLIT", "DEFAULT"]),
                "variant": .word("The answer's name.", ["on", "off"]),
                "metadata": .object(
                    "Gate's own reason, and the change that decided.", ["gateReason": .string("As in a decision."), "revision": .ref("Revision")]),
            ]
        ).example([
            "key": "cdp_create_ticket_embed", "value": true, "reason": "TARGETING_MATCH", "variant": "on",
            "metadata": ["gateReason": "company_on", "revision": 42],
        ]),
        "OFREPEvaluations": .object(
            "Every flag and gate for the caller, and where to be told of changes.",
            ["flags": .array(.ref("OFREPEvaluation")), "eventStreams": .array(.ref("OFREPEventStream"))]),
        "OFREPEventStream": .object(
            "A stream that says when to evaluate again; its address holds a token that is good for nothing else.",
            ["type": .constant("sse"), "inactivityDelaySec": .integer("A page in the background may hang up after so long.", 0...)],
            optional: [
                "url": .string("Its address."),
                "endpoint": .object(
                    "Its address, from the client's own base.", ["requestUri": .string("Path and query.")],
                    optional: ["origin": .string("Its origin.")]),
            ]),
        "OFREPError": JSONSchema.object(
            "An error, in OFREP's shape.",
            [
                "errorCode": .word(
                    "OpenFeature's word.", ["PARSE_ERROR", "TARGETING_KEY_MISSING", "INVALID_CONTEXT", "FLAG_NOT_FOUND", "GENERAL"]),
                "errorDetails": .string("What was wrong."), "metadata": .object("More.", ["code": .string("The code that a problem would have.")]),
            ], optional: ["key": .string("The key that was asked for.")]
        ).example([
            "key": "nope", "errorCode": "FLAG_NOT_FOUND", "errorDetails": "there is no flag and no gate \"nope\"",
            "metadata": ["code": "flag_unknown"],
        ]),
    ]
}
