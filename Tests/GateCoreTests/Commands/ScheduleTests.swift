import HashTreeCollections
import Testing

@testable import GateCore

/// What is put off, and what becomes of it.
@Suite("A schedule")
struct ScheduleTests {
    private static let now = Timestamp(microseconds: 1_800_000_000_000_000)

    private static func context(_ deferral: Deferral? = nil, id: ScheduleID = "s-1") -> Planner.Context {
        var context = Planner.Context(authority: .full, newCompany: true, now: now)
        (context.deferral, context.actor, context.reason, context.scheduleID) = (deferral, "token/test", "test", id)
        return context
    }

    private static func done(_ command: Command, _ deferral: Deferral? = nil, on state: Snapshot, id: ScheduleID = "s-1") throws -> Plan {
        try Planner.plan(command, on: state, context(deferral, id: id))
    }

    private static let twoHours = Deferral.lasting(TimeSpan(seconds: 7_200))

    static let writes: [(first: Command, later: [Command])] = [
        (
            .setStates("lone", companies: ["acme": nil], groups: [:]),
            [.delete(.flagState("lone", "acme")), .setStates("lone", companies: ["acme": nil], groups: [:])]
        ),
        (
            .put(.flagState(FlagState(flag: "lone", company: "acme", enabled: false))),
            [
                .put(.flagState(FlagState(flag: "lone", company: "acme", enabled: false))),
                .setStates("lone", companies: [:], groups: ["beta": false]), .setStates("lone", companies: ["acme": true], groups: [:]),
            ]
        ),
        (.patch(.flag("basis"), ["enabled": false]), [.patch(.flag("basis"), ["enabled": false]), .patch(.flag("basis"), [:])]),
        (.setPermission("acme", "ada", "create", nil), [.setPermission("acme", "ada", "create", nil), .setRole("acme", "ada", "agent", true)]),
        (.rollout("lone", .pause), [.rollout("lone", .pause), .rollout("lone", .rollback)]),
    ]

    private static func base() throws -> Snapshot {
        let rollout = Rollout(flag: "lone", stages: [RolloutStage(name: "all", percentage: 100)], status: .running, stageBeganAt: now)
        return try PlannerRefusalTests.base(.flagState(FlagState(flag: "lone", company: "acme", enabled: true)), .rollout(rollout))
    }

    @Test("that takes a change back is cancelled by any later write of the same, even one that changes nothing", arguments: writes.indices)
    func cancelled(index: Int) throws {
        let (first, later) = Self.writes[index]
        let state = try Self.done(first, Self.twoHours, on: Self.base()).next
        #expect(state.schedules.count == 1)
        for command in later {
            let plan = try Self.done(command, on: state)
            #expect(plan.cancelled == ["s-1"] && plan.next.schedules.isEmpty, "\(command)")
        }
        // A write of something else leaves it.
        for command in [.setStates("lone", companies: ["globex": true], groups: [:]), .put(.flag(Flag(code: "new")))] as [Command] {
            #expect(try Self.done(command, on: state).next.schedules.count == 1, "\(command)")
        }
    }

    @Test("of the same, made later, takes the place of the first")
    func replaced() throws {
        let state = try Self.done(.setStates("lone", companies: ["acme": false], groups: [:]), Self.twoHours, on: Self.base()).next
        let plan = try Self.done(.setStates("lone", companies: ["acme": true], groups: [:]), Self.twoHours, on: state, id: "s-2")
        #expect(plan.cancelled == ["s-1"] && plan.next.schedules.keys.map(\.rawValue) == ["s-2"])
        let back = try Self.done(.run("s-2", isOverdue: false), on: plan.next).next
        #expect(back.cell("lone", "acme")?.enabled == false)
        // What changes nothing but that is not for a time.
        let again = Command.setStates("lone", companies: ["acme": false], groups: [:])
        #expect(refusal { try Self.done(again, Self.twoHours, on: state, id: "s-2") }?.code == .nothingChanges)
    }

    @Test("leaves a company registered that was registered for it")
    func registered() throws {
        var state = try Self.done(.setStates("lone", companies: ["initech": true], groups: [:]), Self.twoHours, on: Self.base()).next
        state = try Self.done(.setPermission("initech", "ian", "create", true), on: state).next
        state = try Self.done(.run("s-1", isOverdue: false), on: state).next
        #expect(state.schedules.isEmpty && state.cell("lone", "initech")?.enabled == nil)
        #expect(state.companies["initech"] != nil && state.entity(.user("initech", "ian")).entity != nil)
    }

    @Test("that would take away what others stand on by now fails, and says what")
    func parts() throws {
        for (made, part) in [
            (.put(.flag(Flag(code: "new"))), .setStates("new", companies: ["acme": true], groups: [:])),
            (.put(.company(Company(id: "initech"))), .setPermission("initech", "ian", "create", true)),
        ] as [(Command, Command)] {
            var state = try Self.done(made, Self.twoHours, on: Self.base()).next
            let unused = try Self.done(.run("s-1", isOverdue: false), on: state).next
            #expect(try unused.schedules.isEmpty && unused.values == Self.base().values, "\(made)")
            state = try Self.done(part, on: state).next
            let after = try Self.done(.run("s-1", isOverdue: false), on: state).next
            #expect(after.schedules["s-1"]?.value.failure?.contains("decide anew") == true, "\(made)")
            #expect(after.values.filter { $0.ref.kind != .schedule } == state.values.filter { $0.ref.kind != .schedule })
        }
    }

    @Test("does not lift a hold: that is for somebody who has looked")
    func noResume() throws {
        let state = try PlannerRefusalTests.base(.hold(Hold(flag: "lone")), .hold(Hold(flag: "lone", company: "acme")))
        for company in [nil, "acme"] as [CompanyID?] {
            let at = Deferral.at(Self.now + TimeSpan(seconds: 60))
            #expect(refusal { try Self.done(.delete(.hold("lone", company)), at, on: state) }?.code == .scheduleUnsupported)
            #expect(refusal { try Self.done(.delete(.hold("lone", company)), Self.twoHours, on: state) }?.code == .scheduleUnsupported)
        }
    }

    struct Overdue: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var command: Command
        var isDone: Bool
        var more: [Entity]

        init(_ testDescription: String, _ command: Command, isDone: Bool, _ more: Entity...) {
            (self.testDescription, self.command, self.isDone, self.more) = (testDescription, command, isDone, more)
        }
    }

    private static func rollout(_ status: Rollout.Status) -> Entity {
        let stages = [RolloutStage(name: "qa", groups: ["qa"]), RolloutStage(name: "all", percentage: 100)]
        return .rollout(Rollout(flag: "basis", stages: stages, status: status, stage: 1, stageBeganAt: now))
    }

    private static func user(_ states: [PermissionKey: Bool], _ roles: [RoleName] = []) -> Entity {
        .user(User(company: "acme", id: "bea", grants: Grants(states, roles: roles)))
    }

    static let overdue: [Overdue] = [
        Overdue("the master switch off", .patch(.flag("basis"), ["enabled": false]), isDone: true),
        Overdue("the master switch on", .patch(.flag("lone"), ["enabled": true]), isDone: false),
        Overdue("a company off", .setStates("lone", companies: ["acme": false], groups: [:]), isDone: true),
        Overdue("a company on, though the master switch is off", .setStates("lone", companies: ["acme": true], groups: [:]), isDone: false),
        Overdue(
            "an off cleared", .delete(.flagState("lone", "acme")), isDone: false, .flagState(FlagState(flag: "lone", company: "acme", enabled: false))
        ),
        Overdue(
            "an on cleared", .delete(.flagState("lone", "acme")), isDone: true, .flagState(FlagState(flag: "lone", company: "acme", enabled: true))),
        Overdue("one prerequisite less", .patch(.flag("embed"), ["prerequisites": []]), isDone: false),
        Overdue("one prerequisite more", .patch(.flag("lone"), ["prerequisites": ["basis"]]), isDone: true),
        Overdue("a hold", .put(.hold(Hold(flag: "basis"))), isDone: true),
        Overdue("a rollback", .rollout("basis", .rollback), isDone: true, rollout(.running)),
        Overdue("a pause", .rollout("basis", .pause), isDone: true, rollout(.running)),
        Overdue("a pause's end", .rollout("basis", .resume), isDone: true, rollout(.paused)),
        Overdue("a start", .rollout("basis", .start), isDone: false, rollout(.draft)),
        Overdue("a permission off", .setPermission("acme", "bea", "create", false), isDone: true, user(["create": true], ["agent"])),
        Overdue("a permission cleared that was on", .setPermission("acme", "bea", "create", nil), isDone: true, user(["create": true], ["agent"])),
        Overdue("a permission cleared that was off", .setPermission("acme", "bea", "create", nil), isDone: false, user(["create": false], ["agent"])),
        Overdue("a permission on", .setPermission("acme", "bea", "create", true), isDone: false),
        Overdue("a role taken", .setRole("acme", "bea", "agent", false), isDone: true, user(["create": false], ["agent"])),
        Overdue("a role given", .setRole("acme", "bea", "agent", true), isDone: false, user(["create": false])),
        Overdue("a role of fewer permissions", .put(.role(Role(name: "agent"))), isDone: true),
        Overdue("a role of more permissions", .put(.role(Role(name: "clerk", permissions: ["create"]))), isDone: false, .role(Role(name: "clerk"))),
        Overdue("a gate that asks for more", .patch(.gate("canCreate"), ["flags": ["embed", "lone"]]), isDone: true),
        Overdue("a gate that asks for less", .patch(.gate("canCreate"), ["flags": []]), isDone: false),
    ]

    @Test("that fell due while no server ran is done where it turns nothing on; else it fails and is seen", arguments: overdue)
    func whileDown(one: Overdue) throws {
        var state = try PlannerRefusalTests.base()
        for (index, entity) in one.more.enumerated() { try state.apply([.put(entity)], revision: Int64(200 + index)) }
        state = try Self.done(one.command, .at(Self.now + TimeSpan(seconds: 60)), on: state).next
        #expect(state.schedules.count == 1)
        let inTime = try Self.done(.run("s-1", isOverdue: false), on: state)
        #expect(inTime.next.schedules.isEmpty && !inTime.changesNothing)
        let late = try Self.done(.run("s-1", isOverdue: true), on: state)
        if one.isDone {
            #expect(late.next.schedules.isEmpty && late.next.values == inTime.next.values)
        } else {
            #expect(late.next.schedules["s-1"]?.value.failure?.contains("while the server was down") == true)
            #expect(late.changes.map(\.ref) == [.schedule("s-1")], "nothing but the failure is written")
        }
    }

    @Test("takes a permission back that was given for a time, though the server was down, and though the user has others")
    func permissionForATime() throws {
        var state = try PlannerRefusalTests.base(.permission(Permission(key: "edit")))
        state = try Self.done(.setPermission("acme", "ada", "edit", true), Self.twoHours, on: state).next
        state = try Self.done(.run("s-1", isOverdue: true), on: state).next
        #expect(state.schedules.isEmpty)
        #expect(
            state.entity(.user("acme", "ada")).entity == .user(User(company: "acme", id: "ada", grants: Grants(["create": true], roles: ["agent"]))))
    }
}
