/// A step of a flag's rollout.
package enum RolloutStep: Hashable, Sendable {
    /// From `draft` or `stopped`: the first stage begins.
    case start
    /// The next stage begins, when the criteria of leaving this one are met, or forced.
    case advance(StageMeasures?, force: Bool)
    /// The audience stays; the rollout does not advance.
    case pause
    case resume
    /// The last stage is left: the audience stays for good.
    case complete(StageMeasures?, force: Bool)
    /// A flag-wide hold; the rollout is stopped.
    case rollback

    package var name: String {
        switch self {
        case .start: "start"
        case .advance: "advance"
        case .pause: "pause"
        case .resume: "resume"
        case .complete: "complete"
        case .rollback: "rollback"
        }
    }

    package var json: JSONValue {
        switch self {
        case .advance(_, true), .complete(_, true): ["step": .string(name), "force": true]
        default: ["step": .string(name)]
        }
    }
}

extension Rollout {
    /// As it is after a rollback.
    package var stopped: Rollout {
        var rollout = self
        rollout.status = .stopped
        return rollout
    }

    /// The rollout after a step; nil when the step changes nothing.
    ///
    /// - Throws: `rollout_status` where the step cannot be taken from here; `rollout_no_go` with the table.
    package func taking(_ step: RolloutStep, at now: Timestamp) throws(GateError) -> Rollout? {
        func refused(_ rule: String) -> GateError {
            GateError(.rolloutStatus, "the rollout of \(flag) is \(status.rawValue), at stage \(stages[stage].name): \(rule)")
        }
        var next = self
        switch (step, status) {
        case (.start, .draft), (.start, .stopped): (next.status, next.stage, next.stageBeganAt) = (.running, 0, now)
        case (.start, _): throw refused("start begins a rollout that is draft or stopped")
        case (.advance(let measures, let force), .running):
            guard stage + 1 < stages.count else { throw refused("this is the last stage: complete it") }
            try check(measures, at: now, force: force)
            (next.stage, next.stageBeganAt) = (stage + 1, now)
        case (.advance, _): throw refused("only a running rollout advances")
        case (.pause, .running): next.status = .paused
        case (.resume, .paused): next.status = .running
        case (.pause, .paused), (.resume, .running): return nil
        case (.pause, _): throw refused("only a running rollout can be paused")
        case (.resume, .stopped): throw refused("lift the hold with resume, then start the rollout again")
        case (.resume, _): throw refused("only a paused rollout is resumed")
        case (.complete(let measures, let force), .running):
            guard stage + 1 == stages.count else { throw refused("advance to the last stage, \(stages[stages.count - 1].name), first") }
            try check(measures, at: now, force: force)
            next.status = .completed
        case (.complete, .completed): return nil
        case (.complete, _): throw refused("only a running rollout is completed")
        case (.rollback, .stopped): return nil
        case (.rollback, _): next = stopped
        }
        return next
    }

    /// The go/no-go of leaving the current stage. What was not measured is no-go.
    ///
    /// - Parameter measures: of the current stage; those of another are no measures.
    package func criteria(_ measures: StageMeasures?, at now: Timestamp) -> [PromotionRow] {
        let began = stageBeganAt ?? now
        let known = measures.flatMap { $0.began == began ? $0 : nil }
        return stages[stage].promote.table(known ?? StageMeasures(began: began, now: now))
    }

    private func check(_ measures: StageMeasures?, at now: Timestamp, force: Bool) throws(GateError) {
        let table = criteria(measures, at: now)
        guard force || table.allSatisfy(\.go) else {
            throw GateError(
                .rolloutNoGo,
                "no-go: stage \(stages[stage].name) of \(flag) does not meet \(table.filter { !$0.go }.map(\.criterion).joined(separator: ", "))"
            )
            .with { $0.criteria = table }
        }
    }
}
