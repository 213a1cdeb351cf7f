/// Reads the events through a connection of its own, so that no look at them waits for the store or delays it.
package actor EventReader {
    private let executor = QueueExecutor(label: "gate.events.reader")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private let file: EventFile

    /// - Parameter path: of a file that a store has opened before.
    package init(path: String) throws(GateError) { file = try EventFile(reading: path) }

    /// Events in the order of their sequence: those after a number, or without one the newest.
    package func events(_ filter: EventFile.Filter, limit: Int) throws(GateError) -> [StoredEvent] { try file.events(filter, limit: limit) }

    /// Counted outcomes since a moment, by stage, company and metric.
    package func tallies(of flag: FlagCode, since start: Timestamp) throws(GateError) -> [OutcomeTally] { try file.tallies(of: flag, since: start) }

    package func findings(of flag: FlagCode, kind: GuardFinding.Kind, limit: Int) throws(GateError) -> [StoredFinding] {
        try file.findings(of: flag, kind: kind, limit: limit)
    }

    /// Whether errors went back to none after a stop: so far, or at the end of the watch.
    package func recovery(of stop: StoredFinding, now: Timestamp) throws(GateError) -> Recovery {
        let start = stop.finding.decidedAt
        let end = min(now, start + StoredFinding.watch)
        let metric = (stop.finding.metric ?? GuardBook.zeroTolerance).rawValue
        let errors = try file.errors(of: stop.finding.flag, metric, company: stop.finding.company, after: start, until: end)
        return Recovery(errors: errors.count, last: errors.last, start: start, end: end)
    }
}

/// What became of the errors after a stop.
package struct Recovery: Hashable, Sendable {
    package var errors: Int
    package var last: Timestamp?
    package var start: Timestamp
    package var end: Timestamp

    /// No error for a while, until the end of what was looked at.
    package var isRecovered: Bool { end >= (last ?? start) + StoredFinding.quiet }
    /// From the stop to the last error.
    package var after: TimeSpan { TimeSpan(seconds: ((last ?? start).microseconds - start.microseconds) / 1_000_000) }

    package var json: JSONValue {
        [
            "recovered": .bool(isRecovered), "after": isRecovered ? .string(after.description) : .null, "errors_since": .integer(Int64(errors)),
            "last_error_at": last.map { .string($0.description) } ?? .null,
        ]
    }
}
