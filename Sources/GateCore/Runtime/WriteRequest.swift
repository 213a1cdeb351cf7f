/// A command with all that a write needs to know about it.
package struct WriteRequest: Sendable {
    /// A key under which the outcome is kept, so that a repeated request is answered and not done again.
    package struct Idempotency: Sendable {
        package var token: String
        package var key: String
        /// SHA-256 of what was asked: another payload under the same key is refused.
        package var requestDigest: [UInt8]

        package init(token: String, key: String, requestDigest: [UInt8]) {
            self.token = token
            self.key = key
            self.requestDigest = requestDigest
        }
    }

    package var command: Command
    package var actor: String
    package var reason: String
    package var authority: Authority
    package var newCompany = false
    /// When it is to be done, or undone, other than now.
    package var deferral: Deferral?
    /// The secret of the webhook that this makes: kept beside the state, never in the history.
    package var webhookSecret: [UInt8]?
    /// The id of the schedule that a deferral makes.
    package var scheduleID = ScheduleID(unchecked: "s-0")
    /// The entity's revision that the caller has seen.
    package var ifMatch: (entity: EntityRef, revision: Revision)?
    package var idempotency: Idempotency?

    package init(_ command: Command, actor: String, reason: String, authority: Authority) {
        self.command = command
        self.actor = actor
        self.reason = reason
        self.authority = authority
    }

    /// At most this many characters of reason.
    package static let longestReason = 500

    /// - Throws: `reason_missing`, `limit_exceeded`, `text_invalid`.
    package static func check(reason: String?) throws(GateError) -> String {
        guard let reason, !reason.allSatisfy(\.isWhitespace) else { throw GateError(.reasonMissing, "every write says why: give a reason") }
        try JSONReader.check(reason, longest: longestReason, what: "the reason")
        return reason
    }

    func plan(on snapshot: Snapshot, _ log: ChangeLog, now: Timestamp) throws(GateError) -> Plan {
        if let ifMatch {
            let (_, revision) = snapshot.entity(ifMatch.entity)
            guard revision == ifMatch.revision else {
                throw GateError(
                    .revisionMismatch, "\(ifMatch.entity) is at revision \(revision), not \(ifMatch.revision): read it again, then decide"
                )
                .with { $0.conflicts = [EntityConflict(entity: ifMatch.entity, revision: revision)] }
            }
        }
        var context = Planner.Context(authority: authority, newCompany: newCompany, now: now) { ref throws(GateError) in try log.lastTouch(ref) }
        context.deferral = deferral
        (context.actor, context.reason, context.scheduleID) = (actor, reason, scheduleID)
        return try Planner.plan(command, on: snapshot, context)
    }
}

/// What came of a write.
package struct Receipt: Sendable {
    package var revision: Revision
    package var changed: Bool
    package var dryRun = false
    /// Whether the entity was not there before.
    package var created: Bool
    package var entity: JSONValue?
    package var impact: JSONValue
    package var chainHead: [UInt8]
    /// The schedule that was made, and those that were cancelled because this wrote what they were to take back.
    package var schedule: JSONValue?
    package var cancelled: [ScheduleID]

    init(_ plan: Plan, revision: Revision, chainHead: [UInt8]) {
        self.revision = revision
        self.chainHead = chainHead
        changed = !plan.changesNothing
        created = plan.subject.map { subject in plan.changes.contains { $0.ref == subject && $0.before == nil } } ?? false
        entity = plan.subject.flatMap { plan.next.entity($0).entity?.shown }
        impact = plan.impact.json
        schedule =
            plan.changes.lazy.compactMap { change in
                if case (nil, .schedule(let schedule)) = (change.before, change.after) { schedule.shown } else { nil }
            }.first
        cancelled = plan.cancelled
    }

    package var json: JSONValue {
        var object: JSONObject = ["revision": .integer(revision), "changed": .bool(changed)]
        if dryRun { object["dry_run"] = true }
        object["entity"] = entity
        object["impact"] = impact
        object["schedule"] = schedule
        if !cancelled.isEmpty { object["cancelled_schedules"] = .strings(cancelled) }
        object["chain_head"] = .string(chainHead.hexadecimal)
        return .object(object)
    }
}

extension Plan {
    /// What a write of this plan would answer, for a dry run.
    package func receipt(on published: SnapshotStore.Published, dryRun: Bool) -> Receipt {
        var receipt = Receipt(self, revision: published.snapshot.revision, chainHead: published.chainHead)
        receipt.dryRun = dryRun
        return receipt
    }
}
