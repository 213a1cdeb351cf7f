import HashTreeCollections
import Testing

@testable import GateCore

@Suite("A rollout's steps")
struct RolloutStepTests {
    private static let now = Timestamp(microseconds: 1_800_000_000_000_000)
    private static let began = now - TimeSpan(seconds: 3_600)

    private static func rollout(_ status: Rollout.Status, _ stage: Int, _ promote: Promotion = Promotion()) -> Rollout {
        let stages = [RolloutStage(name: "qa", groups: ["qa"], promote: promote), RolloutStage(name: "all", percentage: 100, promote: promote)]
        return Rollout(flag: "f", stages: stages, status: status, stage: stage, stageBeganAt: status == .draft ? nil : began)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var status: Rollout.Status
        var stage: Int
        /// What start, advance, pause, resume, complete and rollback come to: `same`, `refused`, or a status and stage.
        var outcomes: [String]
        var testDescription: String { "\(status.rawValue), stage \(stage)" }
    }

    static let steps: [RolloutStep] = [.start, .advance(nil, force: false), .pause, .resume, .complete(nil, force: false), .rollback]
    static let table = [
        Row(status: .draft, stage: 0, outcomes: ["running 0", "refused", "refused", "refused", "refused", "stopped 0"]),
        Row(status: .running, stage: 0, outcomes: ["refused", "running 1", "paused 0", "same", "refused", "stopped 0"]),
        Row(status: .running, stage: 1, outcomes: ["refused", "refused", "paused 1", "same", "completed 1", "stopped 1"]),
        Row(status: .paused, stage: 0, outcomes: ["refused", "refused", "same", "running 0", "refused", "stopped 0"]),
        Row(status: .paused, stage: 1, outcomes: ["refused", "refused", "same", "running 1", "refused", "stopped 1"]),
        Row(status: .completed, stage: 1, outcomes: ["refused", "refused", "refused", "refused", "same", "stopped 1"]),
        Row(status: .stopped, stage: 0, outcomes: ["running 0", "refused", "refused", "refused", "refused", "same"]),
        Row(status: .stopped, stage: 1, outcomes: ["running 0", "refused", "refused", "refused", "refused", "same"]),
    ]

    @Test("lead from each status where they may, and nowhere else", arguments: table)
    func everyStep(row: Row) {
        let rollout = Self.rollout(row.status, row.stage)
        for (step, expected) in zip(Self.steps, row.outcomes) {
            do throws(GateError) {
                guard let next = try rollout.taking(step, at: Self.now) else {
                    #expect(expected == "same", "\(step.name)")
                    continue
                }
                #expect("\(next.status.rawValue) \(next.stage)" == expected, "\(step.name)")
                let begins = ["start", "advance"].contains(step.name)
                #expect(next.stageBeganAt == (begins ? Self.now : rollout.stageBeganAt), "\(step.name)")
            } catch {
                #expect(expected == "refused" && error.code == .rolloutStatus, "\(step.name): \(error.detail)")
            }
        }
    }

    @Test("forward are refused with the table where the criteria are not met, unless forced", arguments: ["advance", "complete"])
    func noGo(step: String) throws {
        let rollout = Self.rollout(.running, step == "advance" ? 0 : 1, Promotion(minCreated: 10))
        func take(_ measures: StageMeasures?, force: Bool = false) throws -> Rollout? {
            try rollout.taking(step == "advance" ? .advance(measures, force: force) : .complete(measures, force: force), at: Self.now)
        }
        func measures(_ created: Int, began: Timestamp = Self.began) -> StageMeasures {
            var counts = OutcomeCounts()
            counts.created = created
            return StageMeasures(began: began, now: Self.now, counts: counts)
        }
        let error = try #require(refusal { try take(nil) })
        #expect(error.code == .rolloutNoGo && error.criteria.map(\.criterion) == ["min_created"] && error.criteria.map(\.go) == [false])
        #expect(refusal { try take(measures(9)) }?.code == .rolloutNoGo)
        // What another stage measured says nothing of this one.
        #expect(refusal { try take(measures(1_000, began: Self.began - TimeSpan(seconds: 1))) }?.code == .rolloutNoGo)
        #expect(try take(measures(10)) != nil)
        #expect(try take(nil, force: true) != nil)
    }

    @Test("back is a hold over everything: explicit states stay as they are, and only resume lifts it")
    func rollback() throws {
        let state = try Snapshot(
            .company(Company(id: "acme", groups: ["qa"])), .company(Company(id: "byhand")), .flag(Flag(code: "f", enabled: true)),
            .flagState(FlagState(flag: "f", company: "byhand", enabled: true)), .rollout(Self.rollout(.running, 0)))
        func on(_ state: Snapshot) -> [CompanyID] { state.companies.keys.filter { state.verdict("f", for: $0).value }.sorted() }
        #expect(on(state) == ["acme", "byhand"])
        let held = try Planner.plan(.rollout("f", .rollback), on: state, .admin).next
        #expect(on(held) == [] && held.cell("f", "byhand")?.enabled == true && held.flags["f"]?.rollout?.value.status == .stopped)
        #expect(refusal { try Planner.plan(.rollout("f", .start), on: held, .admin) }?.code == .held)
        // Whatever else is written, it stays held.
        let writes: [Command] = [
            .setStates("f", companies: ["acme": true, "byhand": nil], groups: [:]), .patch(.flag("f"), ["enabled": true]),
            .apply([.flag(Flag(code: "f", enabled: true))], prune: true, force: true, expecting: nil), .put(.hold(Hold(flag: "f", company: "acme"))),
            .delete(.hold("f", "acme")),
        ]
        for command in writes { #expect(on(try Planner.plan(command, on: held, .admin).next) == [], "\(command)") }
        #expect(refusal { try Planner.plan(.delete(.flag("f")), on: held, .admin) }?.code == .held)
        let lifted = try Planner.plan(.delete(.hold("f", nil)), on: held, .admin).next
        #expect(on(lifted) == ["byhand"] && lifted.flags["f"]?.epoch == lifted.revision)
        #expect(on(try Planner.plan(.rollout("f", .start), on: lifted, .admin).next) == ["acme", "byhand"])
    }
}
