import Testing

@testable import GateCore

@Suite("Applying manifests")
struct ApplyTests {
    private let wanted: [Entity] = [
        .company(Company(id: "acme")), .flag(Flag(code: "basis", enabled: true)), .flag(Flag(code: "embed", enabled: true, prerequisites: ["basis"])),
        .flagState(FlagState(flag: "embed", company: "acme", enabled: true)), .permission(Permission(key: "create")),
        .gate(Gate(name: "canCreate", permissions: ["create"], flags: ["embed"])),
    ]

    private func command(_ entities: [Entity], prune: Bool = false, force: Bool = false, expecting: String? = nil) -> Command {
        .apply(entities, prune: prune, force: force, expecting: expecting)
    }

    private func applied() async throws -> (TestDatabase, GateWriter) {
        let database = try TestDatabase()
        let writer = try await database.writer()
        try await writer.put(command(wanted))
        return (database, writer)
    }

    @Test("in any order makes the state, and again changes nothing")
    func again() async throws {
        let (_, writer) = try await applied()
        let state = writer.snapshot
        #expect(Set(state.values) == Set(wanted))
        for _ in 0..<5 {
            let outcome = try await writer.put(command(wanted.shuffled()))
            #expect(outcome.receipt["changed"] == false)
        }
        #expect(writer.snapshot.revision == 1)
    }

    @Test(
        "never turns on what somebody turned off since",
        arguments: [
            Command.setStates("embed", companies: ["acme": false], groups: [:]), .setStates("embed", companies: ["acme": nil], groups: [:]),
            .patch(.flag("embed"), ["enabled": false]),
        ])
    func turnedOff(off: Command) async throws {
        let (_, writer) = try await applied()
        try await writer.put(off)
        let (apply, forced) = (command(wanted), command(wanted, force: true))
        let error = await refusalOf { try await writer.put(apply) }
        #expect(error?.code == .applyConflict)
        #expect(error?.conflicts.map(\.revision) == [2])
        #expect(writer.snapshot.revision == 2)
        try await writer.put(forced)
        #expect(Set(writer.snapshot.values) == Set(wanted))
    }

    @Test("never brings back, on, a flag that somebody deleted since")
    func deleted() async throws {
        let (_, writer) = try await applied()
        try await writer.put(.delete(.gate("canCreate")))
        try await writer.put(.delete(.flag("embed")))
        let apply = command(wanted)
        #expect(await refusalOf { try await writer.put(apply) }?.code == .applyConflict)
    }

    @Test("turns on what an earlier apply turned off")
    func byApply() async throws {
        let (_, writer) = try await applied()
        try await writer.put(command([.flagState(FlagState(flag: "embed", company: "acme", enabled: false))]))
        try await writer.put(command(wanted))
        #expect(Set(writer.snapshot.values) == Set(wanted))
        #expect(writer.snapshot.revision == 3)
    }

    @Test("turns off what somebody turned on since: only turning on is a conflict")
    func turnsOff() async throws {
        let (_, writer) = try await applied()
        try await writer.put(.setStates("basis", companies: ["acme": true], groups: [:]))
        let off = command([.flagState(FlagState(flag: "basis", company: "acme", enabled: false))])
        #expect(await refusalOf { try await writer.put(off) } == nil)
    }

    @Test("removes what the manifests do not name only when pruning, and only of the kinds they have")
    func prune() throws {
        let state = try Snapshot(
            .company(Company(id: "acme")), .company(Company(id: "globex")), .permission(Permission(key: "create")), .flag(Flag(code: "basis")),
            .flag(Flag(code: "old", prerequisites: ["basis"])), .flag(Flag(code: "older", prerequisites: ["old"])),
            .flagState(FlagState(flag: "old", company: "acme", enabled: true)),
            .user(User(company: "acme", id: "ada", grants: Grants(["create": true]))))
        let named: [Entity] = [.flag(Flag(code: "basis")), .company(Company(id: "acme"))]
        #expect(try Planner.plan(command(named), on: state, .admin).changesNothing)
        let plan = try Planner.plan(command(named, prune: true), on: state, .admin)
        #expect(Set(plan.operations) == [.delete(.flag("old")), .delete(.flag("older")), .delete(.flagState("old", "acme"))])
    }

    @Test("that prunes a flag on which a gate stands that stays is refused")
    func pruneDependents() throws {
        let state = try Snapshot(.flag(Flag(code: "basis")), .flag(Flag(code: "embed")), .gate(Gate(name: "g", flags: ["embed"])))
        let error = refusal { try Planner.plan(command([.flag(Flag(code: "basis"))], prune: true), on: state, .admin) }
        #expect(error?.code == .hasDependents && error?.dependents == [.gate("g")])
    }

    @Test("under a plan's hash does that plan or nothing")
    func planHash() throws {
        let state = try PlannerRefusalTests.base()
        let entities: [Entity] = [.flag(Flag(code: "lone", description: "new"))]
        let hash = try Planner.plan(command(entities), on: state, .admin).hash
        #expect(hash.utf8.count == 64)
        #expect(try !Planner.plan(command(entities, expecting: hash), on: state, .admin).changesNothing)
        let moved = try Planner.plan(.put(entities[0]), on: state, .admin).next
        #expect(refusal { try Planner.plan(command(entities, expecting: hash), on: moved, .admin) }?.code == .planChanged)
        let other: [Entity] = [.flag(Flag(code: "lone", description: "other"))]
        #expect(refusal { try Planner.plan(command(other, expecting: hash), on: state, .admin) }?.code == .planChanged)
    }

    @Test("does not register a company that only a state names")
    func unknownCompany() throws {
        let state = try PlannerRefusalTests.base()
        let entities: [Entity] = [.flagState(FlagState(flag: "lone", company: "acne", enabled: true))]
        #expect(refusal { try Planner.plan(command(entities), on: state, .admin) }?.code == .companyUnknown)
    }
}
