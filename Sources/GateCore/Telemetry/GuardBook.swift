import HashTreeCollections

/// What the guards make of the events, in the order of their receipt: outcomes, detectors, findings.
///
/// It belongs to the events' file and changes within its transactions: after a crash the detectors stand where the last durable event left
/// them. Only ever used by the events' store.
struct GuardBook {
    struct Key: Hashable {
        var flag: FlagCode
        /// Nil for the whole flag.
        var company: CompanyID?
        var metric: MetricName
    }

    struct Entry {
        var flagEpoch: Revision
        var companyEpoch: Revision
        var state: DetectorState
    }

    /// What a zero-tolerance event is kept under. A metric's name cannot begin so.
    static let zeroTolerance = MetricName(unchecked: "_zero_tolerance")

    private(set) var detectors: [Key: Entry]
    private var index: GuardIndex
    /// The entries that this transaction changed, as they were.
    private var before: [Key: Entry?] = [:]
    private var alerts: [String: AlertWindow] = [:]
    private var alertsBefore: [String: AlertWindow?] = [:]
    /// The origin that the embed is served from: an event that names another is a bypass of the origin guard.
    private let embedOrigin: String?
    private let lately: LatelyOn

    init(_ detectors: [Key: Entry], embedOrigin: String?, lately: LatelyOn) {
        self.detectors = detectors
        self.embedOrigin = embedOrigin
        self.lately = lately
        index = GuardIndex(Snapshot(incarnation: ""))
    }

    /// How often an event came since a moment.
    private struct AlertWindow {
        var since: Timestamp
        var count = 0
    }

    /// An event on its way through: what it is seen with.
    private struct Sight {
        var event: TelemetryEvent
        var state: Snapshot
        var record: CompanyRecord
    }

    /// Counts an event that is new.
    mutating func take(_ event: TelemetryEvent, _ state: Snapshot, into file: EventFile) throws(GateError) -> [GuardFinding] {
        if index.revision != state.revision { index = GuardIndex(state) }
        let watchers = index[event.event]
        guard !watchers.isEmpty, let record = state.companies[event.company] else { return [] }
        let sight = Sight(event: event, state: state, record: record)
        var findings: [GuardFinding] = []
        for watcher in watchers {
            let counts = state.verdict(watcher.slot, record).value || lately.contains(watcher.flag, event.company, at: event.receivedAt)
            switch watcher.role {
            case .opened:
                if counts { _ = try file.insertOutcome("opened", isError: false, counted: true, sight.event, watcher) }
            case .alert(let alert): findings += warn(alert, sight, watcher)
            case .zeroTolerance: findings += try bypassed(sight, watcher, counts: counts, into: file)
            case .error(let metric, let lines):
                if let code = event.properties["error_code"]?.propertyText, metric.userErrors.contains(code) { continue }
                guard try file.insertOutcome(metric.name.rawValue, isError: true, counted: counts, sight.event, watcher), counts else { continue }
                findings += judge(metric, lines, isError: true, sight, watcher)
            case .success(let metric, let lines):
                if isForeign(event), watcher.hasZeroTolerance { findings += try bypassed(sight, watcher, counts: counts, into: file) }
                guard counts, try file.insertOutcome(metric.name.rawValue, isError: false, counted: true, sight.event, watcher) else { continue }
                findings += judge(metric, lines, isError: false, sight, watcher)
            }
        }
        return findings
    }

    private func isForeign(_ event: TelemetryEvent) -> Bool {
        guard let embedOrigin, let origin = event.properties["origin"]?.stringValue else { return false }
        return origin != embedOrigin
    }

    /// The company's detectors are asked first; where they did not trip, the flag's. What a company sends after its own stop says nothing of
    /// the others, and counts no more.
    private mutating func judge(
        _ metric: GuardMetric, _ lines: DetectorLines, isError: Bool, _ sight: Sight, _ watcher: GuardIndex.Watcher
    ) -> [GuardFinding] {
        let key = Key(flag: watcher.flag, company: sight.event.company, metric: metric.name)
        guard edit(key, lines, sight, watcher, { $0.tripped == nil }) else { return [] }
        let own = take(metric.name, lines, isError: isError, sight, watcher, scope: .company, of: sight.event.company)
        let isForSeveral = index.isOnForSeveral(watcher.slot, in: sight.state) && !own.contains { if case .trip = $0 { true } else { false } }
        let wide = take(metric.name, lines, isError: isError, sight, watcher, scope: .flag(isOnForSeveral: isForSeveral), of: nil)
        // A user belongs to a company: that their errors count no more is told of there, once.
        return own.map { finding($0, metric, of: sight.event.company, sight, watcher) }
            + wide.filter { $0 != .userCapped }.map { finding($0, metric, of: nil, sight, watcher) }
    }

    private mutating func take(
        _ metric: MetricName, _ lines: DetectorLines, isError: Bool, _ sight: Sight, _ watcher: GuardIndex.Watcher, scope: DetectorState.Scope,
        of company: CompanyID?
    ) -> [DetectorState.Finding] {
        edit(Key(flag: watcher.flag, company: company, metric: metric), lines, sight, watcher) {
            $0.take(isError: isError, user: sight.event.user, company: sight.event.company, scope: scope)
        }
    }

    /// Edits a detector in its epoch: what is left of another epoch, or of another definition, begins anew.
    private mutating func edit<Result>(
        _ key: Key, _ lines: DetectorLines, _ sight: Sight, _ watcher: GuardIndex.Watcher, _ body: (inout DetectorState) -> Result
    ) -> Result {
        let companyEpoch = key.company == nil ? 0 : sight.record.cells[watcher.slot]?.epoch ?? 0
        let known = detectors[key]
        if before[key] == nil { before[key] = .some(known) }
        var entry = known ?? Entry(flagEpoch: watcher.epoch, companyEpoch: companyEpoch, state: DetectorState(lines))
        if entry.flagEpoch != watcher.epoch || entry.companyEpoch != companyEpoch || entry.state.lines != lines {
            entry = Entry(flagEpoch: watcher.epoch, companyEpoch: companyEpoch, state: DetectorState(lines))
        }
        let result = body(&entry.state)
        detectors[key] = entry
        return result
    }

    private func finding(
        _ finding: DetectorState.Finding, _ metric: GuardMetric, of company: CompanyID?, _ sight: Sight, _ watcher: GuardIndex.Watcher
    ) -> GuardFinding {
        let entry = detectors[Key(flag: watcher.flag, company: company, metric: metric.name)]!
        let (state, lines) = (entry.state, entry.state.lines)
        let whom = company.map { "company \($0)" } ?? "the whole flag"
        let share = "\(state.errors) of \(state.outcomes) outcomes since the epoch began"
        var numbers: JSONObject = [
            "metric": .string(metric.name.rawValue), "limit": metric.limit.json, "errors": .integer(Int64(state.errors)),
            "outcomes": .integer(Int64(state.outcomes)), "fast": .integer(Int64(state.fast)), "slow": .integer(Int64(state.slow)),
        ]
        var reason: String
        switch finding {
        case .trip(let detector):
            numbers["detector"] = .string(detector.rawValue)
            let line = detector == .fast ? lines.fast : lines.slow
            if detector != .rate { numbers["threshold"] = .integer(Int64(line.threshold)) }
            let level = detector == .fast ? state.fast : state.slow
            let why = detector == .rate ? "two blocks of \(DetectorLines.block) in a row above" : "level \(level), line \(line.threshold), against"
            reason = "\(metric.name) of \(whom): \(detector.rawValue) tripped (\(why) the limit of \(metric.limit)); errors in \(share)"
        case .blockAboveLimit:
            numbers["block"] = .integer(Int64(DetectorLines.block))
            reason =
                "\(metric.name) of \(whom): a block of \(DetectorLines.block) outcomes was above the limit of \(metric.limit); errors in \(share)"
        case .userCapped:
            reason = "\(metric.name) of \(whom): one user's errors go on and count no more; errors in \(share)"
        }
        let kind: GuardFinding.Kind = if case .trip = finding { .trip } else { .warning }
        return GuardFinding(
            kind: kind, flag: watcher.flag, company: company, flagEpoch: entry.flagEpoch, companyEpoch: entry.companyEpoch, reason: reason,
            numbers: .object(numbers), decidedAt: sight.event.receivedAt)
    }

    // MARK: Zero tolerance and alerts

    /// A hold for the company when a user's own token reported it; for the flag when a back end did, or when it is the second company.
    private mutating func bypassed(
        _ sight: Sight, _ watcher: GuardIndex.Watcher, counts: Bool, into file: EventFile
    ) throws(GateError) -> [GuardFinding] {
        let (event, none) = (sight.event, DetectorLines.none)
        _ = try file.insertOutcome(Self.zeroTolerance.rawValue, isError: true, counted: counts, event, watcher)
        guard counts else { return [] }
        let wideKey = Key(flag: watcher.flag, company: nil, metric: Self.zeroTolerance)
        let companies = edit(wideKey, none, sight, watcher) { state in
            state.companyErrors[event.company, default: 0] += 1
            return state.companyErrors.count
        }
        let isWide = event.isReportedByToken || companies >= 2
        let key = isWide ? wideKey : Key(flag: watcher.flag, company: event.company, metric: Self.zeroTolerance)
        let isNew = edit(key, none, sight, watcher) { state in
            defer { state.tripped = .fast }
            return state.tripped == nil
        }
        guard isNew, let entry = detectors[key] else { return [] }
        let how =
            event.isReportedByToken
            ? "reported by a back end" : companies >= 2 ? "the second company to report it" : "reported from company \(event.company)"
        return [
            GuardFinding(
                kind: .trip, flag: watcher.flag, company: key.company, flagEpoch: entry.flagEpoch, companyEpoch: entry.companyEpoch,
                reason: "zero tolerance: \(event.event) means that the origin guard was passed; \(how)",
                numbers: [
                    "zero_tolerance": .string(event.event.rawValue), "companies": .integer(Int64(companies)),
                    "reported_by": event.isReportedByToken ? "events_token" : "user_token",
                ], decidedAt: event.receivedAt)
        ]
    }

    /// Told once within each span.
    private mutating func warn(_ alert: GuardAlert, _ sight: Sight, _ watcher: GuardIndex.Watcher) -> [GuardFinding] {
        let (key, now) = ("\(watcher.flag)/\(alert.event)", sight.event.receivedAt)
        if alertsBefore[key] == nil { alertsBefore[key] = .some(alerts[key]) }
        var window = alerts[key] ?? AlertWindow(since: now)
        // A clock that was set back begins anew too.
        if now > window.since + alert.within || now < window.since { window = AlertWindow(since: now) }
        window.count += 1
        alerts[key] = window
        guard window.count == alert.count + 1 else { return [] }
        return [
            GuardFinding(
                kind: .warning, flag: watcher.flag, company: nil, flagEpoch: watcher.epoch, companyEpoch: 0,
                reason: "\(alert.event) came more than \(alert.count) times within \(alert.within)",
                numbers: ["event": .string(alert.event.rawValue), "count": .integer(Int64(window.count))], decidedAt: now)
        ]
    }

    mutating func forget(_ keys: [Key]) {
        for key in keys {
            if before[key] == nil { before[key] = .some(detectors[key]) }
            detectors[key] = nil
        }
    }

    // MARK: The transaction

    /// Writes the detectors that this transaction changed.
    func write(into file: EventFile) throws(GateError) {
        for key in before.keys { if let entry = detectors[key] { try file.put(entry, at: key) } }
    }

    /// The transaction is in the file.
    mutating func committed() { (before, alertsBefore) = ([:], [:]) }

    /// The transaction is not in the file: detectors and alerts are as they were.
    mutating func rolledBack() {
        for (key, entry) in before { detectors[key] = entry }
        for (key, window) in alertsBefore { alerts[key] = window }
        committed()
    }
}
