import GateCore

/// What OFREP answers for one key: a flag's code or a gate's name.
struct OFREPEvaluation: Hashable, Sendable {
    /// OpenFeature's names for why a value is what it is.
    enum Reason: String, Sendable {
        /// The master switch is off, or a hold stands.
        case disabled = "DISABLED"
        /// The company was named, by itself or by a group; or a gate was asked.
        case targetingMatch = "TARGETING_MATCH"
        /// A percentage of the companies.
        case split = "SPLIT"
        /// Nothing aims at the company, or a prerequisite is off.
        case byDefault = "DEFAULT"
    }

    var key: String
    var value: Bool
    var reason: Reason
    /// Gate's own word for the reason.
    var gateReason: String
    /// The change that decided, which `explain` and the history show; 0 where nothing was ever set.
    var revision: Revision

    init(_ trace: FlagTrace) {
        key = trace.code.rawValue
        value = trace.verdict.value
        reason = Reason(trace)
        gateReason = trace.verdict.reason.rawValue
        revision = trace.decidedAt
    }

    init(_ decision: Decision) {
        key = decision.gate.rawValue
        value = decision.allowed
        reason = .targetingMatch
        gateReason = decision.reason
        revision = decision.decidedAt
    }

    var json: JSONValue {
        [
            "key": .string(key), "value": .bool(value), "reason": .string(reason.rawValue), "variant": value ? "on" : "off",
            "metadata": ["gateReason": .string(gateReason), "revision": .integer(revision)],
        ]
    }
}

extension OFREPEvaluation.Reason {
    fileprivate init(_ trace: FlagTrace) {
        switch trace.verdict.reason {
        case .flagOff, .held: self = .disabled
        case .companyOn, .companyOff: self = .targetingMatch
        case .notTargeted, .prerequisiteOff, .flagNotFound: self = .byDefault
        case .rollout: self = trace.place?.way == .percentage ? .split : .targetingMatch
        }
    }
}

extension Decision {
    /// The change that decided: of the first clause that fails; of an allowed gate the latest of all clauses'.
    fileprivate var decidedAt: Revision {
        checks.first { !$0.satisfied }?.decidedAt ?? checks.map(\.decidedAt).max() ?? 0
    }
}

extension Check {
    fileprivate var decidedAt: Revision {
        switch self {
        case .permission(_, _, _, let revision): revision
        case .flag(let trace): trace.decidedAt
        }
    }
}
