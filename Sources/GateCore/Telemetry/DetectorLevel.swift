/// How a detector stands.
package struct DetectorLevel: Sendable {
    package var flag: FlagCode
    /// Nil for the whole flag.
    package var company: CompanyID?
    package var metric: MetricName
    package var flagEpoch: Revision
    package var companyEpoch: Revision
    package var state: DetectorState

    /// A detector of an epoch that is over says nothing any more.
    package func isCurrent(in state: Snapshot) -> Bool {
        guard let entry = state.flags[flag], entry.epoch == flagEpoch else { return false }
        return company.map { state.cell(flag, $0)?.epoch ?? 0 == companyEpoch } ?? true
    }

    /// How much of the way to its line the nearer of the two CUSUMs has come: tripped at 1.
    package var nearness: Double {
        max(Double(state.fast) / Double(max(1, state.lines.fast.threshold)), Double(state.slow) / Double(max(1, state.lines.slow.threshold)))
    }

    package var json: JSONValue {
        let lines = state.lines
        func level(_ level: Int, _ line: DetectorLines.Line) -> JSONValue {
            ["level": .integer(Int64(level)), "threshold": .integer(Int64(line.threshold))]
        }
        return [
            "company_id": company.map { .string($0.rawValue) } ?? .null, "metric": .string(metric.rawValue), "fast": level(state.fast, lines.fast),
            "slow": level(state.slow, lines.slow), "errors": .integer(Int64(state.errors)), "outcomes": .integer(Int64(state.outcomes)),
            "tripped": state.tripped.map { .string($0.rawValue) } ?? .null,
        ]
    }
}
