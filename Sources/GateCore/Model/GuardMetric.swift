/// A rate of errors that a guard watches.
package struct GuardMetric: Hashable, Sendable {
    /// Above this limit the defaults for the alternatives tell too little: both must be named.
    package static let largestDefault = Rate(millionths: 160_000)
    package static let mostCodes = 50

    package var name: MetricName
    package var errors: [EventName]
    package var successes: [EventName]
    /// Values of an error's `error_code` that say that the user's input was wrong: such an event is no outcome.
    package var userErrors: [String]
    /// The share of errors that is still taken.
    package var limit: Rate
    /// What FAST and SLOW tell the limit from; nil for the defaults.
    package var fast: Rate?
    package var slow: Rate?

    package init(
        name: MetricName, errors: [EventName], successes: [EventName], userErrors: [String] = [], limit: Rate, fast: Rate? = nil, slow: Rate? = nil
    ) {
        self.name = name
        self.errors = errors
        self.successes = successes
        self.userErrors = userErrors
        self.limit = limit
        self.fast = fast
        self.slow = slow
    }
}

extension GuardMetric: EntityValue {
    package init(_ reader: JSONReader) throws(GateError) {
        let members = try reader.members(["name", "errors", "successes", "user_errors", "limit", "fast", "slow"])
        let (errors, successes) = (try members.required("errors"), try members.required("successes"))
        var codes: [String] = []
        for element in try members["user_errors"]?.elements(atMost: Self.mostCodes) ?? [] { codes.append(try element.text(longest: 100)) }
        self.init(
            name: try members.required("name").identifier(), errors: try errors.identifiers(atMost: Guard.mostEvents),
            successes: try successes.identifiers(atMost: Guard.mostEvents), userErrors: codes, limit: try Rate(members.required("limit")),
            fast: try members["fast"].map { reader throws(GateError) in try Rate(reader) },
            slow: try members["slow"].map { reader throws(GateError) in try Rate(reader) })
        for (list, reader) in [(self.errors, errors), (self.successes, successes)] where list.isEmpty {
            throw GateError(.textInvalid, "\(reader.pointer) must name at least one event", pointer: reader.pointer)
        }
        if let both = self.errors.first(where: self.successes.contains) {
            throw GateError(.textInvalid, "\(both) cannot be an error and a success of one metric", pointer: successes.pointer)
        }
        try checkLimits(at: reader.pointer)
    }

    private func checkLimits(at pointer: String) throws(GateError) {
        guard limit <= Self.largestDefault || (fast != nil && slow != nil) else {
            throw GateError(
                .limitExceeded, "\(pointer)/limit is \(limit): above \(Self.largestDefault) both fast and slow must be named",
                pointer: pointer + "/limit")
        }
        for (name, alternative) in [("fast", fast), ("slow", slow)] {
            guard let alternative, alternative <= limit else { continue }
            throw GateError(
                .limitExceeded, "\(pointer)/\(name) is \(alternative): it must be above the limit, \(limit)", pointer: "\(pointer)/\(name)")
        }
        let lines = DetectorLines(self)
        for (name, line) in [("fast", lines.fast), ("slow", lines.slow)] where 4 * line.error >= line.threshold || line.error < 1 {
            throw GateError(
                .limitExceeded,
                "\(pointer)/\(name): four errors alone would trip it (4 · \(line.error) against \(line.threshold)): name an alternative nearer to the limit",
                pointer: "\(pointer)/\(name)")
        }
    }

    package var json: JSONValue {
        [
            "name": .string(name.rawValue), "errors": .strings(errors), "successes": .strings(successes),
            "user_errors": .array(userErrors.map { .string($0) }), "limit": limit.json, "fast": fast?.json ?? .null, "slow": slow?.json ?? .null,
        ]
    }
}
