extension Planner {
    /// Plans the command for later: now, only the schedule is written.
    ///
    /// What the command would do is planned too, so that what is refused now is refused now.
    static func schedule(_ command: Command, at moment: Timestamp, on base: Snapshot, _ context: Context) throws(GateError) -> Plan {
        guard moment > context.now, moment <= context.now + Deferral.furthest else {
            throw GateError(.timeInvalid, "\(moment) is not within the next \(Deferral.furthest): nothing else is scheduled")
        }
        let stored = try JSONParser.parse(command.stored().canonicalBytes)
        let preview = try plan(command, on: base, context)
        let expected = preview.touched.map { EntityConflict(entity: $0, revision: base.entity($0).revision) }
        var planner = Planner(base: base, context: context)
        try planner.wantSchedule(.command(stored), at: moment, expected: expected)
        return try planner.finish()
    }

    /// Adds to a plan the way back, due after a time.
    func withInverse(of plan: Plan, after span: TimeSpan) throws(GateError) -> Plan {
        // Schedules that it cancels are gone for good; and a company that was registered with it stays: it is no part of what is taken back.
        let written = plan.changes.filter { change in !plan.cancelled.contains { change.ref == .schedule($0) } }
        guard !written.isEmpty else {
            throw GateError(.nothingChanges, "this changes nothing, so there is nothing to take back after \(span)")
        }
        guard span.seconds <= Deferral.furthest.seconds else {
            throw GateError(.durationInvalid, "\(span) is further ahead than anything is scheduled: at most \(Deferral.furthest)")
        }
        let states = written.filter { $0.ref.kind != .company || $0.before != nil }
        let changes = states.isEmpty ? written : states
        for change in changes {
            switch change.ref {
            // What a hold stands for ends when somebody has looked, not by the clock; secrets and epochs do not come back.
            case .token, .webhook, .schedule, .epoch, .hold:
                throw GateError(.scheduleUnsupported, "\(change.ref) cannot be taken back by the clock")
            default: break
            }
        }
        var planner = self
        let restored = changes.map { Schedule.Restored(ref: $0.ref, value: $0.before) }
        let expected = changes.map { EntityConflict(entity: $0.ref, revision: $0.after == nil ? 0 : plan.next.revision) }
        try planner.wantSchedule(.restore(restored), at: context.now + span, expected: expected)
        var whole = try planner.finish()
        whole.cancelled = plan.cancelled
        return whole
    }

    private mutating func wantSchedule(_ step: Schedule.Step, at moment: Timestamp, expected: [EntityConflict]) throws(GateError) {
        guard base.schedules.count < Schedule.most else {
            throw GateError(
                .limitExceeded, "too many schedules wait: at most \(Schedule.most)",
                limit: .init("schedules", provided: base.schedules.count + 1, allowed: Schedule.most))
        }
        let schedule = Schedule(
            id: context.scheduleID, dueAt: moment, step: step, expected: expected, createdAt: context.now, actor: context.actor,
            reason: context.reason, rights: context.authority.rights)
        subject = subject ?? .schedule(schedule.id)
        wanted[.schedule(schedule.id)] = .schedule(schedule)
    }

    /// Plans what a schedule says. Where that cannot be done any more, the plan says so in the schedule: a failure is seen, never lost.
    ///
    /// - Parameter isOverdue: it fell due while no server ran: then it is done only if it turns nothing on.
    static func run(_ id: ScheduleID, isOverdue: Bool, on base: Snapshot, _ context: Context) throws(GateError) -> Plan {
        guard var schedule = base.schedules[id]?.value else { throw unknown(.schedule(id)) }
        guard schedule.failure == nil else { return Plan(operations: [], changes: [], next: base, impact: Impact(), touched: []) }
        do throws(GateError) {
            return try take(schedule, isOverdue: isOverdue, on: base, context)
        } catch {
            schedule.failure = error.detail
            var planner = Planner(base: base, context: context)
            planner.subject = .schedule(id)
            planner.wanted[.schedule(id)] = .schedule(schedule)
            return try planner.finish()
        }
    }

    private static func take(_ schedule: Schedule, isOverdue: Bool, on base: Snapshot, _ context: Context) throws(GateError) -> Plan {
        for expected in schedule.expected {
            let (_, revision) = base.entity(expected.entity)
            guard revision == expected.revision else {
                throw GateError(
                    .revisionMismatch,
                    "\(expected.entity) was changed by somebody else since: it is at revision \(revision), not \(expected.revision)")
            }
            if let flag = expected.entity.flag, let entry = base.flags[flag] {
                guard entry.heldAt == 0 else { throw GateError(.held, "flag \(flag) is held: resume it first") }
                if let company = expected.entity.company, base.cell(flag, company)?.heldAt ?? 0 != 0 {
                    throw GateError(.held, "flag \(flag) is held for company \(company): resume it first")
                }
            }
        }
        var planner = Planner(base: base, context: context)
        planner.wanted[.schedule(schedule.id)] = .some(nil)
        switch schedule.step {
        case .command(let stored): try planner.draft(Command(stored: stored))
        case .restore(let entities):
            for entity in entities { planner.wanted[entity.ref] = .some(entity.value) }
            for entity in entities where entity.value == nil {
                if let part = try planner.removeLaterParts(of: entity.ref).first {
                    throw GateError(.hasDependents, "\(entity.ref) was to be gone by now, but has \(part.entity) since: decide anew")
                }
            }
        }
        let plan = try planner.finish()
        try Authority(schedule.rights).check(plan.changes.filter { $0.ref.kind != .schedule }, flips: plan.impact.flips)
        guard !isOverdue || !plan.turnsSomethingOn else {
            throw GateError(
                .scheduleOverdue, "it fell due at \(schedule.dueAt), while the server was down, and would turn something on: decide anew")
        }
        return plan
    }
}
