import HashTreeCollections

extension Planner {
    /// A definition that replaces another takes over how far that has come: only steps move a rollout.
    func asDefined(_ entity: Entity) throws(GateError) -> Entity {
        guard case .rollout(let rollout) = entity else { return entity }
        let current = base.flags[rollout.flag]?.rollout?.value
        let next = rollout.progressed(as: current)
        try Self.check(next, replacing: current)
        return .rollout(next)
    }

    /// A patch of a rollout leaves its progress alone.
    func checkProgress(_ patched: Entity) throws(GateError) {
        guard case .rollout(let rollout) = patched, let current = base.flags[rollout.flag]?.rollout?.value else { return }
        guard rollout == rollout.progressed(as: current) else {
            throw GateError(
                .rolloutStatus, "\(Rollout.progress.joined(separator: ", ")) move by steps alone: start, advance, pause, resume, complete, rollback")
        }
        try Self.check(rollout, replacing: current)
    }

    private static func check(_ next: Rollout, replacing current: Rollout?) throws(GateError) {
        guard let current else { return }
        guard next.stage < next.stages.count else {
            throw GateError(
                .rolloutStatus, "the rollout of \(next.flag) has come to stage \(current.stage + 1): it cannot be cut to \(next.stages.count)",
                pointer: "/stages")
        }
        guard next.seed == current.seed || !current.status.isReaching else {
            throw GateError(
                .rolloutStatus, "the rollout of \(next.flag) is \(current.status.rawValue): another seed would draw its companies anew",
                pointer: "/seed")
        }
    }

    mutating func take(_ step: RolloutStep, of flag: FlagCode) throws(GateError) {
        guard let entry = base.flags[flag] else { throw Self.unknown(.flag(flag)) }
        subject = .rollout(flag)
        let rollout = entry.rollout?.value
        if step == .rollback {
            // A flag without a rollout is held all the same: who rolls back is in a hurry.
            if rollout == nil { subject = .hold(flag, nil) }
            wanted[.hold(flag, nil)] = .hold(Hold(flag: flag))
        }
        guard let rollout else {
            if step == .rollback { return }
            throw Self.unknown(.rollout(flag))
        }
        if step == .start, entry.heldAt != 0 { throw GateError(.held, "flag \(flag) is held: resume it before its rollout is started") }
        wanted[.rollout(flag)] = .rollout(try rollout.taking(step, at: context.now) ?? rollout)
    }

    /// Exactly once: where a hold stands, or somebody resumed since it was decided, nothing is done.
    mutating func carryOut(_ trip: Command.Trip) throws(GateError) {
        guard let entry = base.flags[trip.flag], entry.heldAt == 0, entry.epoch == trip.flagEpoch else { return }
        if let company = trip.company {
            guard base.companies[company] != nil else { return }
            let cell = base.cell(trip.flag, company)
            guard cell?.heldAt ?? 0 == 0, cell?.epoch ?? 0 == trip.companyEpoch else { return }
        }
        subject = .hold(trip.flag, trip.company)
        wanted[.hold(trip.flag, trip.company)] = .hold(Hold(flag: trip.flag, company: trip.company))
        if trip.company == nil, let rollout = entry.rollout?.value { wanted[.rollout(trip.flag)] = .rollout(rollout.stopped) }
    }
}
