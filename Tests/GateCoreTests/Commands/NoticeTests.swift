import Testing

@testable import GateCore

@Suite("What webhooks are told")
struct NoticeTests {
    private static let now = Timestamp(microseconds: 1_800_000_000_000_000)

    private static func notices(_ command: Command, on state: Snapshot, actor: String = "token/test") throws -> (notices: [Notice], next: Snapshot) {
        let plan = try Planner.plan(command, on: state, Planner.Context(authority: .full, now: now))
        let origin = Notice.Origin(revision: plan.next.revision, at: now, actor: actor, reason: "a <reason> & more", command: command.json)
        return (Notice.notices(of: plan, origin), plan.next)
    }

    private static func base() throws -> Snapshot {
        let stages = [RolloutStage(name: "qa", groups: ["qa"]), RolloutStage(name: "all", percentage: 100)]
        return try PlannerRefusalTests.base(.flag(Flag(code: "lone", enabled: true)), .rollout(Rollout(flag: "lone", stages: stages)))
    }

    @Test("says of each step what it was, after what it changed")
    func kinds() throws {
        var (told, state) = try Self.notices(.setStates("lone", companies: ["acme": true], groups: [:]), on: Self.base())
        #expect(told.map(\.kind) == [.flagChanged] && told[0].data["turned_on"] == 1 && told[0].data["turned_off"] == 0)
        for (command, kind) in [
            (.rollout("lone", .start), .rolloutAdvanced), (.rollout("lone", .advance(nil, force: false)), .rolloutAdvanced),
            (.rollout("lone", .rollback), .rolloutStopped),
        ] as [(Command, Webhook.Kind)] {
            (told, state) = try Self.notices(command, on: state)
            #expect(told.map(\.kind) == [.flagChanged, kind] && told.allSatisfy { $0.flag == "lone" }, "\(command)")
        }
        (told, state) = try Self.notices(.delete(.hold("lone", nil)), on: state)
        #expect(told.map(\.kind) == [.flagChanged])
        #expect(try Self.notices(.put(.permission(Permission(key: "other"))), on: state).notices.isEmpty)
    }

    @Test("tells of a guard's stop with its numbers, for one company and for all")
    func stops() throws {
        let (_, running) = try Self.notices(.rollout("lone", .start), on: Self.base())
        for (company, kinds) in [("globex", [.flagChanged, .guardTripped]), (nil, [.flagChanged, .guardTripped, .rolloutStopped])]
            as [(CompanyID?, Set<Webhook.Kind>)]
        {
            let trip = Command.trip(.init(flag: "lone", company: company, flagEpoch: 0, companyEpoch: 0, numbers: ["errors": 5]))
            let told = try Self.notices(trip, on: running, actor: "guard").notices
            #expect(Set(told.map(\.kind)) == kinds && told.first?.kind == .flagChanged)
            let stop = try #require(told.first { $0.kind == .guardTripped })
            #expect(stop.data["numbers"] == ["errors": 5] && stop.data["company_id"] == (company.map { .string($0.rawValue) } ?? .null))
        }
        // A hold that a person places is no guard's stop.
        #expect(try !Self.notices(.put(.hold(Hold(flag: "lone"))), on: running).notices.contains { $0.kind == .guardTripped })
    }

    @Test("tells of a schedule that could not be carried out")
    func failedSchedule() throws {
        var context = Planner.Context(authority: .full, now: Self.now)
        (context.deferral, context.scheduleID) = (.at(Self.now + TimeSpan(seconds: 60)), "s-1")
        var state = try Planner.plan(.setStates("lone", companies: ["acme": true], groups: [:]), on: Self.base(), context).next
        state = try Self.notices(.setStates("lone", companies: ["acme": false], groups: [:]), on: state).next
        let told = try Self.notices(.run("s-1", isOverdue: false), on: state, actor: "schedule/s-1").notices
        #expect(told.map(\.kind) == [.scheduleFailed] && told[0].flag == "lone")
        #expect(told[0].text.contains("changed by somebody else"))
    }

    @Test("is a body with type, time, data, the chain's head, and a text that Slack shows as it was written")
    func body() throws {
        let told = try Self.notices(.setStates("lone", companies: ["acme": true], groups: [:]), on: Self.base()).notices[0]
        let body = told.body(at: Self.now, chainHead: [0xAB, 0xCD])
        #expect(body["type"] == "flag.changed" && body["timestamp"] == .string(Self.now.description) && body["chain_head"] == "abcd")
        #expect(body["data"]?["reason"] == "a <reason> & more")
        #expect(body["text"] == "lone changed: on for 1 more, off for 0 – token/test: a &lt;reason&gt; &amp; more")
    }
}
