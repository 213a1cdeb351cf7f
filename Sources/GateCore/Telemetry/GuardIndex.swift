import HashTreeCollections

/// Which events the guards of a state count, and as what.
struct GuardIndex: Sendable {
    enum Role: Sendable {
        case opened
        case error(GuardMetric, DetectorLines)
        case success(GuardMetric, DetectorLines)
        case zeroTolerance
        case alert(GuardAlert)
    }

    struct Watcher: Sendable {
        var slot: Int
        var flag: FlagCode
        var epoch: Revision
        /// The current stage of the flag's rollout, as far as that reaches anybody.
        var stage: StageName?
        var hasZeroTolerance: Bool
        var role: Role
    }

    let revision: Revision
    private var watchers: [EventName: [Watcher]] = [:]
    private var several: [Int: Bool] = [:]

    init(_ state: Snapshot) {
        revision = state.revision
        for slot in state.flags.order {
            guard let entry = state.flags[slot], let conditions = entry.conditions?.value else { continue }
            let rollout = entry.rollout?.value
            let stage = rollout.flatMap { $0.status.isReaching ? $0.stages[$0.stage].name : nil }
            func add(_ events: [EventName], _ role: Role) {
                for event in events {
                    watchers[event, default: []].append(
                        Watcher(
                            slot: slot, flag: entry.flag.code, epoch: entry.epoch, stage: stage,
                            hasZeroTolerance: !conditions.zeroTolerance.isEmpty, role: role))
                }
            }
            add(conditions.opened, .opened)
            for metric in conditions.metrics {
                let lines = DetectorLines(metric)
                add(metric.errors, .error(metric, lines))
                add(metric.successes, .success(metric, lines))
            }
            add(conditions.zeroTolerance, .zeroTolerance)
            for alert in conditions.alerts { add([alert.event], .alert(alert)) }
        }
    }

    subscript(event: EventName) -> [Watcher] { watchers[event] ?? [] }

    /// Whether the flag is on for two companies or more. Looked up once for a state.
    mutating func isOnForSeveral(_ slot: Int, in state: Snapshot) -> Bool {
        if let known = several[slot] { return known }
        var count = 0
        for record in state.companies.values where state.verdict(slot, record).value {
            count += 1
            if count == 2 { break }
        }
        several[slot] = count == 2
        return count == 2
    }
}
