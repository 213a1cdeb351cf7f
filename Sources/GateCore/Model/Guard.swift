/// The stop conditions of a flag: which events count, and what must not be exceeded. The RFC's are seeds.
package struct Guard: Hashable, Sendable {
    package static let mostMetrics = 8
    package static let mostEvents = 20

    package var flag: FlagCode
    /// Events that say that somebody tried: they are counted for promotion, and judge nothing.
    package var opened: [EventName]
    package var metrics: [GuardMetric]
    /// One of these is enough.
    package var zeroTolerance: [EventName]
    package var alerts: [GuardAlert]

    package init(
        flag: FlagCode, opened: [EventName] = [], metrics: [GuardMetric] = [], zeroTolerance: [EventName] = [], alerts: [GuardAlert] = []
    ) {
        self.flag = flag
        self.opened = opened
        self.metrics = metrics
        self.zeroTolerance = zeroTolerance
        self.alerts = alerts
    }

    /// Every event it names, with its place in the JSON.
    package var eventPlaces: [(event: EventName, pointer: String)] {
        func places(_ events: [EventName], _ path: String) -> [(event: EventName, pointer: String)] {
            events.enumerated().map { (event: $1, pointer: "\(path)/\($0)") }
        }
        var all = places(opened, "/opened") + places(zeroTolerance, "/zero_tolerance")
        for (index, metric) in metrics.enumerated() {
            all += places(metric.errors, "/metrics/\(index)/errors") + places(metric.successes, "/metrics/\(index)/successes")
        }
        return all + alerts.enumerated().map { (event: $1.event, pointer: "/alerts/\($0)/event") }
    }
}

/// An event that is worth a look when it comes too often. It never stops anything.
package struct GuardAlert: Hashable, Sendable {
    package var event: EventName
    /// More than so many within the span are told of, once in each span.
    package var count: Int
    package var within: TimeSpan

    package init(event: EventName, count: Int, within: TimeSpan) {
        self.event = event
        self.count = count
        self.within = within
    }
}

extension GuardAlert: EntityValue {
    package init(_ reader: JSONReader) throws(GateError) {
        let members = try reader.members(["event", "count", "within"])
        let within = try members.required("within")
        self.init(
            event: try members.required("event").identifier(), count: Int(try members.required("count").integer(in: 1...1_000_000)),
            within: try TimeSpan(within.string(), at: within.pointer))
    }

    package var json: JSONValue {
        ["event": .string(event.rawValue), "count": .integer(Int64(count)), "within": .string(within.description)]
    }
}

extension Guard: EntityValue {
    package init(_ reader: JSONReader) throws(GateError) {
        let members = try reader.members(["flag", "opened", "metrics", "zero_tolerance", "alerts"])
        var metrics: [GuardMetric] = []
        for element in try members["metrics"]?.elements(atMost: Self.mostMetrics) ?? [] {
            let metric = try GuardMetric(element)
            guard !metrics.contains(where: { $0.name == metric.name }) else {
                throw GateError(.textInvalid, "\(element.pointer) is called \(metric.name) as another metric is", pointer: element.pointer + "/name")
            }
            metrics.append(metric)
        }
        var alerts: [GuardAlert] = []
        for element in try members["alerts"]?.elements(atMost: Self.mostEvents) ?? [] { alerts.append(try GuardAlert(element)) }
        self.init(
            flag: try members.required("flag").identifier(), opened: try members["opened"]?.identifiers(atMost: Self.mostEvents) ?? [],
            metrics: metrics, zeroTolerance: try members["zero_tolerance"]?.identifiers(atMost: Self.mostEvents) ?? [], alerts: alerts)
    }

    package var json: JSONValue {
        [
            "flag": .string(flag.rawValue), "opened": .strings(opened), "metrics": .array(metrics.map(\.json)),
            "zero_tolerance": .strings(zeroTolerance), "alerts": .array(alerts.map(\.json)),
        ]
    }
}
