import Testing

@testable import GateCore

@Suite("Planning")
struct PlannerTests {
    private func base(_ more: Entity...) throws -> Snapshot {
        var state = try PlannerRefusalTests.base()
        for (index, entity) in more.enumerated() { try state.apply([.put(entity)], revision: Int64(100 + index)) }
        return state
    }

    @Test("registers a company when asked to, in the same change as its first state")
    func newCompany() throws {
        let command = Command.setStates("lone", companies: ["initech": true], groups: [:])
        let plan = try Planner.plan(command, on: base(), .registering)
        #expect(plan.operations.map(\.ref) == [.company("initech"), .flagState("lone", "initech")])
        #expect(plan.next.entity(.company("initech")).entity == .company(Company(id: "initech", name: "initech")))
        let user = try Planner.plan(.setPermission("initech", "ada", "create", true), on: base(), .registering)
        #expect(user.operations.map(\.ref) == [.company("initech"), .user("initech", "ada")])
    }

    @Test("sets a group's members, and lets a company named by itself go its own way")
    func groups() throws {
        let command = Command.setStates("lone", companies: ["globex": false], groups: ["beta": true])
        let plan = try Planner.plan(command, on: base(), .admin)
        #expect(
            Set(plan.operations) == [
                .put(.flagState(FlagState(flag: "lone", company: "acme", enabled: true))),
                .put(.flagState(FlagState(flag: "lone", company: "globex", enabled: false))),
            ])
    }

    static let noOps: [Command] = [
        .put(.company(Company(id: "acme", name: "acme", groups: ["beta"]))), .put(.flag(Flag(code: "lone"))), .patch(.flag("embed"), [:]),
        .patch(.flag("embed"), ["enabled": true, "review_by": nil]), .put(.role(Role(name: "agent", permissions: ["create"]))),
        .setPermission("acme", "ada", "create", true), .setPermission("acme", "bob", "create", nil), .setRole("acme", "ada", "agent", true),
        .setRole("globex", "ada", "agent", false), .delete(.flagState("lone", "acme")), .delete(.hold("lone", nil)), .delete(.hold("lone", "acme")),
        .setStates("lone", companies: ["acme": nil], groups: [:]), .load([]), .apply([], prune: true, force: false, expecting: nil),
        .put(.user(User(company: "acme", id: "nobody"))), .put(.permission(Permission(key: "create"))),
    ]

    @Test("what is so already plans nothing, makes no revision and flips no answer", arguments: noOps.indices)
    func noOp(index: Int) throws {
        let state = try base()
        let plan = try Planner.plan(Self.noOps[index], on: state, .admin)
        #expect(plan.changesNothing && plan.operations.isEmpty && plan.changes.isEmpty && plan.impact.flips.isEmpty)
        #expect(plan.next.revision == state.revision)
        #expect(plan.next.facts == state.facts)
    }

    @Test("a user whose last state and role go away is gone, and does not stay as an empty row")
    func emptyUser() throws {
        var state = try Planner.plan(.setPermission("acme", "ada", "create", nil), on: base(), .admin).next
        #expect(state.entity(.user("acme", "ada")).entity != nil)
        let plan = try Planner.plan(.setRole("acme", "ada", "agent", false), on: state, .admin)
        #expect(plan.operations == [.delete(.user("acme", "ada"))])
        state = plan.next
        #expect(state.entity(.user("acme", "ada")).entity == nil)
    }

    @Test("deleting a flag takes its states along, whatever the order of names")
    func deleteFlagWithStates() throws {
        let state = try base(
            .flagState(FlagState(flag: "lone", company: "acme", enabled: true)),
            .flagState(FlagState(flag: "lone", company: "globex", enabled: false)))
        let plan = try Planner.plan(.delete(.flag("lone")), on: state, .admin)
        #expect(Set(plan.operations) == [.delete(.flag("lone")), .delete(.flagState("lone", "acme")), .delete(.flagState("lone", "globex"))])
        // Put back, it is new: nothing of its old states returns.
        let again = try Planner.plan(.put(.flag(Flag(code: "lone", enabled: true))), on: plan.next, .admin)
        #expect(again.next.verdict("lone", for: "acme").reason == .notTargeted)
    }

    @Test("deleting a company takes its states and users along")
    func deleteCompany() throws {
        let state = try base(.flagState(FlagState(flag: "lone", company: "acme", enabled: true)))
        let plan = try Planner.plan(.delete(.company("acme")), on: state, .admin)
        #expect(Set(plan.operations.map(\.ref)) == [.company("acme"), .flagState("lone", "acme"), .user("acme", "ada")])
        #expect(!plan.next.values.contains { $0.json["company_id"] == "acme" })
    }

    @Test("writing a flag's definition leaves its states and holds alone")
    func definitionOnly() throws {
        let state = try base(.flagState(FlagState(flag: "lone", company: "acme", enabled: true)), .hold(Hold(flag: "lone")))
        let plan = try Planner.plan(.put(.flag(Flag(code: "lone", description: "new", enabled: true))), on: state, .admin)
        #expect(plan.operations.map(\.ref) == [.flag("lone")])
        #expect(plan.next.entity(.flagState("lone", "acme")).revision == 100)
        #expect(plan.next.entity(.hold("lone", nil)).revision == 101)
    }

    @Test("lets a flag take the name of a gate that goes in the same change")
    func nameChangesHands() throws {
        let state = try base()
        let gone = try Planner.plan(.delete(.gate("canCreate")), on: state, .admin)
        #expect(refusal { try Planner.plan(.put(.flag(Flag(code: "canCreate"))), on: gone.next, .admin) } == nil)
        #expect(refusal { try Planner.plan(.put(.flag(Flag(code: "canCreate"))), on: state, .admin) }?.code == .nameTaken)
    }
}
