/// What a guard found: something to stop, or something to tell of.
package struct GuardFinding: Hashable, Sendable {
    package enum Kind: String, Sendable {
        case trip
        case warning
    }

    package var kind: Kind
    package var flag: FlagCode
    /// Nil for the whole flag.
    package var company: CompanyID?
    /// The epochs in which it was found.
    package var flagEpoch: Revision
    package var companyEpoch: Revision
    /// A sentence for the history, with the numbers and no user.
    package var reason: String
    /// Metric, detector, level, threshold, errors, outcomes.
    package var numbers: JSONValue
    package var decidedAt: Timestamp

    package init(
        kind: Kind, flag: FlagCode, company: CompanyID?, flagEpoch: Revision, companyEpoch: Revision, reason: String, numbers: JSONValue,
        decidedAt: Timestamp
    ) {
        self.kind = kind
        self.flag = flag
        self.company = company
        self.flagEpoch = flagEpoch
        self.companyEpoch = companyEpoch
        self.reason = reason
        self.numbers = numbers
        self.decidedAt = decidedAt
    }

    /// The metric it is about, where it is about one.
    package var metric: MetricName? { numbers["metric"]?.stringValue.map { MetricName(unchecked: $0) } }

    package var trip: Command.Trip {
        Command.Trip(flag: flag, company: company, flagEpoch: flagEpoch, companyEpoch: companyEpoch, numbers: numbers)
    }
}

/// A finding as it is kept.
package struct StoredFinding: Hashable, Sendable {
    /// Whether errors went back to none within 15 minutes of a stop.
    package enum Recovery: String, Sendable {
        case watching
        case recovered
        case notRecovered = "not_recovered"
    }

    package var id: Int64
    package var finding: GuardFinding
    /// When it was acted upon; nil as long as it was not.
    package var settledAt: Timestamp?
    /// The change it came to; nil where that changed nothing.
    package var revision: Revision?
    package var recovery: Recovery?

    /// How long a stop is watched.
    package static let watch = TimeSpan(seconds: 15 * 60)
    /// Without an error for so long, errors count as gone.
    package static let quiet = TimeSpan(seconds: 60)
}
