import Testing

@testable import GateCore

@Suite("Undoing a change")
struct UndoTests {
    /// Plans, and gives the state after and the change as the log would have it.
    private func done(_ command: Command, _ state: Snapshot) throws -> (state: Snapshot, change: Change) {
        let plan = try Planner.plan(command, on: state, .registering)
        let change = Change(
            revision: plan.next.revision, at: Timestamp(microseconds: 0), actor: "a", reason: "r", command: command.json, operations: plan.operations,
            entities: plan.changes, previousHash: [], hash: [])
        return (plan.next, change)
    }

    @Test("restores what it replaced, set, cleared and deleted")
    func restores() throws {
        let start = try PlannerRefusalTests.base(.flagState(FlagState(flag: "embed", company: "acme", enabled: true)))
        let commands: [Command] = [
            .setStates("embed", companies: ["acme": false, "initech": true], groups: [:]), .delete(.flagState("embed", "acme")),
            .delete(.company("acme")), .delete(.gate("canCreate")), .patch(.flag("basis"), ["enabled": false]), .delete(.user("acme", "ada")),
            .setRole("acme", "ada", "agent", false), .put(.flag(Flag(code: "new"))), .delete(.flag("lone")),
            .apply([.flag(Flag(code: "basis")), .gate(Gate(name: "canCreate", flags: ["basis"]))], prune: false, force: true, expecting: nil),
        ]
        for command in commands {
            let (state, change) = try done(command, start)
            #expect(state.values != start.values)
            let undone = try Planner.plan(.undo(change, force: false), on: state, .admin).next
            #expect(undone.values == start.values, "\(command)")
            #expect(undone.revision == state.revision + 1)
        }
    }

    @Test("can itself be undone")
    func redo() throws {
        let start = try PlannerRefusalTests.base()
        let (once, change) = try done(.setStates("lone", companies: ["acme": true], groups: [:]), start)
        let (twice, undoing) = try done(.undo(change, force: false), once)
        #expect(try done(.undo(undoing, force: false), twice).state.values == once.values)
    }

    @Test("is refused with the conflicts when a later change touched the same, and done when forced")
    func conflict() throws {
        let start = try PlannerRefusalTests.base()
        let (one, first) = try done(.setStates("lone", companies: ["acme": true, "globex": true], groups: [:]), start)
        let (two, second) = try done(.setStates("lone", companies: ["acme": false], groups: [:]), one)
        let error = refusal { try Planner.plan(.undo(first, force: false), on: two, .admin) }
        #expect(error?.code == .undoConflict)
        #expect(error?.conflicts == [EntityConflict(entity: .flagState("lone", "acme"), revision: second.revision)])
        #expect(try Planner.plan(.undo(first, force: true), on: two, .admin).next.values == start.values)
        // Another flag's state is no conflict.
        let (apart, _) = try done(.setStates("embed", companies: ["acme": false], groups: [:]), one)
        #expect(refusal { try Planner.plan(.undo(first, force: false), on: apart, .admin) } == nil)
    }

    @Test("is refused when what it deleted is there again")
    func recreated() throws {
        let start = try PlannerRefusalTests.base()
        let (gone, deletion) = try done(.delete(.flag("lone")), start)
        let (back, _) = try done(.put(.flag(Flag(code: "lone", description: "another"))), gone)
        #expect(refusal { try Planner.plan(.undo(deletion, force: false), on: back, .admin) }?.code == .undoConflict)
    }

    @Test("of a company's registration counts what the company got since as a conflict, and takes it along when forced")
    func laterParts() throws {
        let start = try PlannerRefusalTests.base()
        let (registered, registration) = try done(.setStates("lone", companies: ["initech": true], groups: [:]), start)
        let (state, _) = try done(.setStates("embed", companies: ["initech": true], groups: [:]), registered)
        let (user, _) = try done(.setPermission("initech", "bob", "create", true), state)
        let error = refusal { try Planner.plan(.undo(registration, force: false), on: user, .admin) }
        #expect(error?.code == .undoConflict)
        #expect(error?.conflicts.map(\.entity) == [.flagState("embed", "initech"), .user("initech", "bob")])
        let forced = try Planner.plan(.undo(registration, force: true), on: user, .admin)
        #expect(forced.next.values == start.values)
    }

    @Test("of a flag's creation is refused while it is held, has dependents, or has states since")
    func laterPartsOfFlag() throws {
        let start = try PlannerRefusalTests.base()
        let (made, creation) = try done(.put(.flag(Flag(code: "new"))), start)
        let (held, _) = try done(.put(.hold(Hold(flag: "new"))), made)
        #expect(refusal { try Planner.plan(.undo(creation, force: true), on: held, .admin) }?.code == .held)
        let (stood, _) = try done(.put(.flag(Flag(code: "top", prerequisites: ["new"]))), made)
        #expect(refusal { try Planner.plan(.undo(creation, force: true), on: stood, .admin) }?.code == .hasDependents)
        let (set, _) = try done(.setStates("new", companies: ["acme": true], groups: [:]), made)
        #expect(refusal { try Planner.plan(.undo(creation, force: false), on: set, .admin) }?.conflicts.map(\.entity) == [.flagState("new", "acme")])
        #expect(try Planner.plan(.undo(creation, force: true), on: set, .admin).next.values == start.values)
    }

    @Test("of tokens and holds is refused, forced or not", arguments: [true, false])
    func notUndoable(force: Bool) throws {
        let start = try PlannerRefusalTests.base()
        let moment = Timestamp(microseconds: 0)
        let token = Token(id: "t", kind: .read, name: "", createdAt: moment, expiresAt: moment, digest: "d")
        for command in [.put(.token(token)), .put(.hold(Hold(flag: "lone"))), .put(.hold(Hold(flag: "lone", company: "acme")))] as [Command] {
            let (state, change) = try done(command, start)
            #expect(refusal { try Planner.plan(.undo(change, force: force), on: state, .admin) }?.code == .notUndoable)
        }
    }

    @Test("that would leave somebody with a role that is gone is refused")
    func danglingReference() throws {
        let start = try PlannerRefusalTests.base()
        let (without, removal) = try done(.setRole("acme", "ada", "agent", false), start)
        let (gone, _) = try done(.delete(.role("agent")), without)
        #expect(refusal { try Planner.plan(.undo(removal, force: false), on: gone, .admin) }?.code == .roleUnknown)
    }
}
