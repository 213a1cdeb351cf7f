import Testing

@testable import GateCore

/// Generated commands, planned one after the other: what must hold of every state on the way.
@Suite("Any sequence of commands")
struct CommandSequenceTests {
    @Test("keeps fold and state equal, revisions without gaps, and undoing the last change restores what it touched", arguments: 0..<8)
    func sequence(part: Int) throws {
        let seed = Seed("command sequence \(part)")
        var random = SplitMix64(seed: seed.value &+ UInt64(part))
        var walk = Walk()
        while walk.state.revision < 1_300 {
            do {
                try walk.step(&random)
            } catch {
                Issue.record("\(error) in part \(part); \(seed)")
                return
            }
            if walk.steps.isMultiple(of: 250) { walk.startAgain() }
        }
        #expect(walk.refused > 50 && walk.unchanged > 50 && walk.undone > 500, "\(walk.refused) \(walk.unchanged) \(walk.undone); \(seed)")
        #expect(walk.revisionsSeen > 1_250, "\(seed)")
    }
}

/// What went wrong on the way.
private struct Broken: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

/// A state that commands are applied to, beside the fold of their stored form.
private struct Walk {
    var generator = CommandGenerator()
    var state = Snapshot(incarnation: "walk")
    var folded = Snapshot(incarnation: "walk")
    var steps = 0
    var refused = 0
    var unchanged = 0
    var undone = 0
    var revisionsSeen = 0

    /// From nothing again: a walk soon comes to where most commands change little.
    mutating func startAgain() {
        let revision = state.revision
        generator.changes = []
        state = Snapshot(incarnation: "walk")
        folded = state
        // Revisions go on, so that the walk's length is known.
        _ = try? state.apply([], revision: revision)
        _ = try? folded.apply([], revision: revision)
    }

    mutating func step(_ random: inout SplitMix64) throws {
        steps += 1
        let command = generator.command(&random, on: state)
        let context = Planner.Context(authority: .full, newCompany: random.once(in: 2))
        let plan: Plan
        do throws(GateError) {
            plan = try Planner.plan(command, on: state, context)
        } catch {
            refused += 1
            // A refusal is a rule's; anything else would have been found too late, at the database.
            guard ![.databaseDamaged, .storageFailed, .unexpected].contains(error.code) else { throw Broken("\(command) is refused as \(error)") }
            return
        }
        guard !plan.changesNothing else {
            unchanged += 1
            guard plan.next.facts == state.facts, plan.next.revision == state.revision, plan.impact.flips.isEmpty else {
                throw Broken("\(command) changes nothing, but the state")
            }
            return
        }
        guard plan.next.revision == state.revision + 1 else { throw Broken("revision \(plan.next.revision) follows \(state.revision)") }
        revisionsSeen += 1
        try fold(plan)
        let change = Self.change(plan, command)
        try undo(change, plan)
        generator.changes.append(change)
        state = plan.next
    }

    private mutating func fold(_ plan: Plan) throws {
        let stored = JSONValue.array(plan.operations.map(\.json)).canonicalBytes
        var operations: [Operation] = []
        for reader in try JSONReader(JSONParser.parse(stored)).elements(atMost: .max) { operations.append(try Operation(reader)) }
        guard operations == plan.operations else { throw Broken("\(plan.operations) are read back as \(operations)") }
        try folded.apply(operations, revision: plan.next.revision)
        guard folded.facts == plan.next.facts else { throw Broken("the fold differs after \(plan.operations)") }
        try checkChanges(plan)
    }

    /// Every change says what was and what is, and there is one for every entity that differs.
    private func checkChanges(_ plan: Plan) throws {
        let (before, after) = (Set(state.facts), Set(plan.next.facts))
        let differing = Set(before.symmetricDifference(after).map(\.entity.ref))
        guard Set(plan.changes.map(\.ref)) == differing else { throw Broken("\(plan.changes.map(\.ref)) are said to change, but \(differing) do") }
        for change in plan.changes {
            guard state.entity(change.ref).entity == change.before, plan.next.entity(change.ref).entity == change.after else {
                throw Broken("\(change) tells another story than the states")
            }
            guard change.after == nil || plan.next.entity(change.ref).revision == plan.next.revision else {
                throw Broken("\(change.ref) has an old revision")
            }
        }
    }

    private mutating func undo(_ change: Change, _ plan: Plan) throws {
        do throws(GateError) {
            let back = try Planner.plan(.undo(change, force: false), on: plan.next, .admin)
            // An epoch that went is not gone back to.
            guard Self.withoutEpochs(back.next) == Self.withoutEpochs(state) else {
                throw GateError(.unexpected, "undoing \(change.command.text) does not restore the state")
            }
            undone += 1
        } catch {
            let final = change.entities.contains { [.token, .hold, .webhook].contains($0.ref.kind) }
            guard error.code == .notUndoable, final else { throw Broken("undoing \(change.command.text): \(error)") }
        }
    }

    private static func withoutEpochs(_ state: Snapshot) -> [Entity] { state.values.filter { $0.ref.kind != .epoch } }

    static func change(_ plan: Plan, _ command: Command) -> Change {
        Change(
            revision: plan.next.revision, at: Timestamp(microseconds: plan.next.revision), actor: "test", reason: "generated", command: command.json,
            operations: plan.operations, entities: plan.changes, previousHash: [], hash: [])
    }
}
