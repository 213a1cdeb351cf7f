import GateCore

extension Schemas {
    static let rollout = Definition(
        "Rollout", .rollout, "The staged rollout of a flag: whom it reaches, stage by stage, and how far it has come.",
        identity: ["flag": .ref("FlagCode")],
        members: [
            "seed": text("Mixed into each company's bucket; the flag's code by default.", most: Rollout.longestSeed),
            "stages": .array(.ref("Stage"), "Each adds to those before it. Names are distinct.", least: 1, most: Rollout.mostStages),
        ],
        needed: ["stages"],
        moved: [
            "status": .word("Moved by the rollout's steps alone.", Rollout.Status.allCases.map(\.rawValue)),
            "stage": .integer("The current stage, from 0. Moved by the steps alone.", in: 0...Int64(Rollout.mostStages - 1)),
            "stage_began_at": JSONSchema.ref("Moment").orNull,
        ],
        example: [
            "flag": "cdp_create_ticket_embed", "seed": "cdp_create_ticket_embed",
            "stages": [
                ["name": "qa", "companies": ["acme"], "groups": [], "percentage": 0, "promote": ["min_duration": "2d"]],
                ["name": "everyone", "companies": [], "groups": [], "percentage": 100, "promote": [:]],
            ], "status": "running", "stage": 0, "stage_began_at": "2026-12-01T09:00:00.000000Z",
        ])

    static let rollouts: Named = [
        "Stage": .object(
            "One step of a rollout: whom it adds, and what must be so before the next.", ["name": .ref("StageName")],
            optional: [
                "companies": JSONSchema.names(.ref("CompanyID"), "Named companies.", most: RolloutStage.mostCompanies).orNull,
                "groups": JSONSchema.names(.ref("GroupName"), "Every company of these groups.", most: RolloutStage.mostGroups).orNull,
                "percentage": JSONSchema.integer("Of all companies, by their buckets.", in: 0...100).orNull,
                "promote": JSONSchema.ref("Promotion").orNull,
            ]),
        "Promotion": .object(
            "What must be so before a rollout leaves a stage; nothing, by default. Too little data is no-go.", [:],
            optional: [
                "min_duration": JSONSchema.ref("Span").orNull,
                "min_opened": JSONSchema.integer("Attempts since the stage began.", in: 1...1_000_000_000).orNull,
                "min_created": JSONSchema.integer("Successes since the stage began.", in: 1...1_000_000_000).orNull,
                "max_create_error_rate": JSONSchema.ref("Rate").orNull,
                "max_associate_failed_rate": JSONSchema.ref("Rate").orNull,
            ]
        ).example(["min_duration": "2d", "min_opened": 50, "max_create_error_rate": .number(0.05)]),
        "Rate": JSONSchema.number("A share between 0 and 1, in steps of a millionth.")
            .with("minimum", .number(0.000_001)).with("maximum", .number(0.999_999)).example(.number(0.05)),
        "Criterion": .object(
            "A line of the go/no-go table.",
            [
                "criterion": .string("What is asked."), "needed": measure("What it must come to."), "measured": measure("Null where nothing was."),
                "go": .boolean("Whether it is met."),
            ]
        ).example(["criterion": "min_opened", "needed": 50, "measured": 61, "go": true]),
        "OutcomeCounts": .object("What was counted, for companies that the flag was on for.", required: outcomeCounts, optional: []),
        "SuccessCriterion": .object(
            "A criterion of success: shown, and deciding nothing.",
            [
                "criterion": .string("Its name."), "needed": .number("The least share."), "measured": JSONSchema.number("The share.").orNull,
                "met": .boolean("Whether it is met."),
            ]),
        "RolloutStatus": .object(
            "How far a rollout is. What a stage has measured is there once one has begun.",
            [
                "rollout": .ref("Rollout"), "holds": .array(.ref("StandingHold")),
                "companies_on": .integer("Registered companies that the flag is on for.", 0...), "stops": .array(.ref("Stop"), most: 10),
                "warnings": .array(.ref("Warning"), most: 10),
            ],
            optional: [
                "stage": .ref("StageName"), "go": .boolean("Whether every criterion is met."), "criteria": .array(.ref("Criterion")),
                "measured": .ref("OutcomeCounts"), "success_criteria": .array(.ref("SuccessCriterion")),
            ]),
        "StandingHold": .object(
            "A hold, with the revision that placed it.",
            ["flag": .ref("FlagCode"), "company_id": JSONSchema.ref("CompanyID").orNull, "revision": .ref("Revision")]),
        "Stop": .object(
            "What a guard stopped.",
            [
                "company_id": JSONSchema.ref("CompanyID").orNull, "at": .ref("Moment"), "revision": .ref("Revision"),
                "reason": .string("A sentence with the numbers."), "numbers": .anyObject("Metric, detector, level, threshold, errors, outcomes."),
            ],
            optional: [
                "recovery": .object(
                    "Whether errors went back to none.",
                    [
                        "recovered": .boolean("A minute without an error."), "after": JSONSchema.ref("Span").orNull,
                        "errors_since": .integer("Errors since the stop.", 0...), "last_error_at": JSONSchema.ref("Moment").orNull,
                    ])
            ]),
        "Warning": .object(
            "What a guard warned of.",
            [
                "company_id": JSONSchema.ref("CompanyID").orNull, "at": .ref("Moment"), "reason": .string("A sentence with the numbers."),
                "numbers": .anyObject("What was counted."),
            ]),
        "AudienceRow": .object(
            "A company that a stage reaches, and why.",
            [
                "company_id": .ref("CompanyID"), "stage": .ref("StageName"),
                "by": .word("The clause that reaches it.", ["company", "group", "percentage"]),
                "state": JSONSchema.boolean("Its explicit state, which counts before the rollout.").orNull,
            ],
            optional: ["group": .ref("GroupName"), "bucket": .integer("Of 10 000.", in: 0...9_999)]),
        "RolloutReport": .object(
            "What each stage and company came to since a time.",
            [
                "flag": .ref("FlagCode"), "since": .ref("Moment"), "until": .ref("Moment"),
                "status": .word("The rollout's.", Rollout.Status.allCases.map(\.rawValue)), "stage": .ref("StageName"),
                "total": .ref("OutcomeCounts"), "success_criteria": .array(.ref("SuccessCriterion")), "data": .array(.ref("ReportRow")),
            ]),
        "ReportRow": .object(
            "One stage and company.",
            required: [("stage", JSONSchema.ref("StageName").orNull), ("company_id", .ref("CompanyID"))] + outcomeCounts, optional: []),
    ]

    private static let outcomeCounts: [(key: String, value: JSONSchema)] =
        ["opened", "created", "create_errors", "associated", "associate_failed"].map { ($0, .integer("How many.", 0...)) }
        + ["create_error_rate", "associate_failed_rate"].map { ($0, JSONSchema.number("The share of failures.").orNull) }

    private static func measure(_ description: String) -> JSONSchema {
        JSONSchema(["description": .string(description), "type": ["number", "string", "null"]])
    }
}
