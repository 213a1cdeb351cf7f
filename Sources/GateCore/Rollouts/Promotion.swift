/// What must be so before a rollout leaves a stage. Without any criteria it may leave at once.
package struct Promotion: Hashable, Sendable {
    /// Since the stage began.
    package var minDuration: TimeSpan?
    package var minOpened: Int?
    package var minCreated: Int?
    package var maxCreateErrorRate: Rate?
    package var maxAssociateFailedRate: Rate?

    package init(
        minDuration: TimeSpan? = nil, minOpened: Int? = nil, minCreated: Int? = nil, maxCreateErrorRate: Rate? = nil,
        maxAssociateFailedRate: Rate? = nil
    ) {
        self.minDuration = minDuration
        self.minOpened = minOpened
        self.minCreated = minCreated
        self.maxCreateErrorRate = maxCreateErrorRate
        self.maxAssociateFailedRate = maxAssociateFailedRate
    }
}

/// What was counted in a span of time, for companies that the flag was on for.
package struct OutcomeCounts: Hashable, Sendable {
    package var opened = 0
    package var created = 0
    package var createErrors = 0
    package var associated = 0
    package var associateFailed = 0

    package init() {}

    /// `errors ÷ (errors + created)`; nil where there is neither.
    package var createErrorRate: Double? { Self.share(createErrors, of: createErrors + created) }
    /// `failures ÷ (failures + associated)`; nil where there is neither.
    package var associateFailedRate: Double? { Self.share(associateFailed, of: associateFailed + associated) }

    private static func share(_ part: Int, of whole: Int) -> Double? { whole == 0 ? nil : Double(part) / Double(whole) }

    package var json: JSONValue {
        [
            "opened": .integer(Int64(opened)), "created": .integer(Int64(created)), "create_errors": .integer(Int64(createErrors)),
            "associated": .integer(Int64(associated)), "associate_failed": .integer(Int64(associateFailed)),
            "create_error_rate": createErrorRate.map { .number($0.shown) } ?? .null,
            "associate_failed_rate": associateFailedRate.map { .number($0.shown) } ?? .null,
        ]
    }

    /// The RFC's two success criteria (§1), each at least 99 %: `created ÷ (created + create errors)` and `associated ÷ created`. They are
    /// shown, and decide nothing.
    package var successCriteria: JSONValue {
        func row(_ name: String, _ part: Int, of whole: Int) -> JSONValue {
            [
                "criterion": .string(name), "needed": .number(0.99), "measured": Self.share(part, of: whole).map { .number($0.shown) } ?? .null,
                "met": .bool(whole > 0 && part * 100 >= whole * 99),
            ]
        }
        return [row("create_reliability", created, of: created + createErrors), row("association_success", associated, of: created)]
    }
}

extension Double {
    /// To the millionth.
    fileprivate var shown: Double { (self * 1_000_000).rounded() / 1_000_000 }
}

/// What a stage has measured since it began.
package struct StageMeasures: Hashable, Sendable {
    package var began: Timestamp
    package var now: Timestamp
    package var counts: OutcomeCounts

    package init(began: Timestamp, now: Timestamp, counts: OutcomeCounts = OutcomeCounts()) {
        self.began = began
        self.now = now
        self.counts = counts
    }
}

/// A line of the go/no-go table.
package struct PromotionRow: Hashable, Sendable {
    package var criterion: String
    package var needed: JSONValue
    /// Null where nothing was measured.
    package var measured: JSONValue
    package var go: Bool

    package var json: JSONValue { ["criterion": .string(criterion), "needed": needed, "measured": measured, "go": .bool(go)] }
}

extension Promotion {
    /// The go/no-go of leaving a stage, criterion by criterion. Too little data is no-go, never healthy.
    package func table(_ measures: StageMeasures) -> [PromotionRow] {
        var rows: [PromotionRow] = []
        if let minDuration {
            let seconds = max(0, measures.now.microseconds - measures.began.microseconds) / 1_000_000
            rows.append(
                PromotionRow(
                    criterion: "min_duration", needed: .string(minDuration.description), measured: .string(TimeSpan(seconds: seconds).description),
                    go: seconds >= minDuration.seconds))
        }
        func atLeast(_ name: String, _ needed: Int?, _ measured: Int) {
            guard let needed else { return }
            rows.append(
                PromotionRow(criterion: name, needed: .integer(Int64(needed)), measured: .integer(Int64(measured)), go: measured >= needed))
        }
        func atMost(_ name: String, _ needed: Rate?, _ measured: Double?) {
            guard let needed else { return }
            rows.append(
                PromotionRow(
                    criterion: name, needed: needed.json, measured: measured.map { .number($0.shown) } ?? .null,
                    go: measured.map { $0 <= needed.value } ?? false))
        }
        atLeast("min_opened", minOpened, measures.counts.opened)
        atLeast("min_created", minCreated, measures.counts.created)
        atMost("max_create_error_rate", maxCreateErrorRate, measures.counts.createErrorRate)
        atMost("max_associate_failed_rate", maxAssociateFailedRate, measures.counts.associateFailedRate)
        return rows
    }
}

extension Promotion: EntityValue {
    package init(_ reader: JSONReader) throws(GateError) {
        let members = try reader.members([
            "min_duration", "min_opened", "min_created", "max_create_error_rate", "max_associate_failed_rate",
        ])
        func count(_ name: String) throws(GateError) -> Int? {
            try members[name].map { reader throws(GateError) in Int(try reader.integer(in: 1...1_000_000_000)) }
        }
        func rate(_ name: String) throws(GateError) -> Rate? { try members[name].map { reader throws(GateError) in try Rate(reader) } }
        self.init(
            minDuration: try members["min_duration"].map { reader throws(GateError) in try TimeSpan(reader.string(), at: reader.pointer) },
            minOpened: try count("min_opened"), minCreated: try count("min_created"), maxCreateErrorRate: try rate("max_create_error_rate"),
            maxAssociateFailedRate: try rate("max_associate_failed_rate"))
    }

    package var json: JSONValue {
        var object: JSONObject = [:]
        object["min_duration"] = minDuration.map { .string($0.description) }
        object["min_opened"] = minOpened.map { .integer(Int64($0)) }
        object["min_created"] = minCreated.map { .integer(Int64($0)) }
        object["max_create_error_rate"] = maxCreateErrorRate?.json
        object["max_associate_failed_rate"] = maxAssociateFailedRate?.json
        return .object(object)
    }
}
