import GateCore

extension Schemas {
    static let guardian = Definition(
        "Guard", .guard, "The stop conditions of a flag: which events count, and what must not be exceeded.",
        identity: ["flag": .ref("FlagCode")],
        members: [
            "opened": .names(.ref("EventName"), "Events that say that somebody tried.", most: Guard.mostEvents),
            "metrics": .array(.ref("Metric"), "Rates of errors that are watched. Names are distinct.", most: Guard.mostMetrics),
            "zero_tolerance": .names(.ref("EventName"), "One of these is enough.", most: Guard.mostEvents),
            "alerts": .array(.ref("Alert"), "What is told of, and stops nothing.", most: Guard.mostEvents),
        ],
        example: [
            "flag": "cdp_create_ticket_embed", "opened": ["cdp_ticket_embed_opened"],
            "metrics": [
                [
                    "name": "create_error", "errors": ["cdp_ticket_embed_error"], "successes": ["cdp_ticket_created"], "user_errors": [],
                    "limit": .number(0.05), "fast": nil, "slow": nil,
                ]
            ],
            "zero_tolerance": ["cdp_ticket_embed_origin_mismatch"],
            "alerts": [["event": "cdp_ticket_embed_closed", "count": 20, "within": "10m"]],
        ])

    static let guards: Named = [
        "Metric": .object(
            "A rate of errors that a guard watches. An event is an error or a success of it, not both; fast and slow are above the limit.",
            [
                "name": .ref("MetricName"), "errors": .names(.ref("EventName"), "What fails.", most: Guard.mostEvents, least: 1),
                "successes": .names(.ref("EventName"), "What succeeds.", most: Guard.mostEvents, least: 1), "limit": .ref("Rate"),
            ],
            optional: [
                "user_errors": JSONSchema.array(
                    text("A value of the property `error_code`.", most: 100), "Values that say that the user's input was wrong.",
                    most: GuardMetric.mostCodes
                ).orNull,
                "fast": JSONSchema.ref("Rate").orNull, "slow": JSONSchema.ref("Rate").orNull,
            ]),
        "Alert": .object(
            "More than so many of an event within a span are told of.",
            ["event": .ref("EventName"), "count": .integer("So many are still taken.", in: 1...1_000_000), "within": .ref("Span")]),
        "DetectorLevel": .object(
            "How the detectors of a metric stand, for a company or the whole flag.",
            [
                "company_id": JSONSchema.ref("CompanyID").orNull, "metric": .ref("MetricName"), "fast": level, "slow": level,
                "errors": .integer("In this epoch.", 0...), "outcomes": .integer("In this epoch.", 0...),
                "tripped": JSONSchema.string("The detector that tripped.").orNull,
            ]
        ).example([
            "company_id": nil, "metric": "create_error", "fast": ["level": 2_079, "threshold": 9_211], "slow": ["level": 875, "threshold": 6_908],
            "errors": 1, "outcomes": 40, "tripped": nil,
        ]),
    ]

    private static let level = JSONSchema.object(
        "A sum of log-likelihood ratios, in milli-nats.",
        ["level": .integer("How high it stands.", 0...), "threshold": .integer("Where it trips.", 0...)])
}
