import HashTreeCollections
import Testing

@testable import GateCore

/// A stop by a guard meets what others have written since it was decided.
@Suite("A guard's stop")
struct TripTests {
    private static func base() throws -> Snapshot {
        let rollout = Rollout(flag: "lone", stages: [RolloutStage(name: "all", percentage: 100)], status: .running)
        return try PlannerRefusalTests.base(.patched("lone"), .rollout(rollout))
    }

    private static func trip(_ company: CompanyID? = nil, flagEpoch: Revision = 0, companyEpoch: Revision = 0) -> Command {
        .trip(Command.Trip(flag: "lone", company: company, flagEpoch: flagEpoch, companyEpoch: companyEpoch, numbers: ["metric": "m"]))
    }

    private static func on(_ state: Snapshot) -> [CompanyID] { state.companies.keys.filter { state.verdict("lone", for: $0).value }.sorted() }

    @Test("holds the company and nothing else, or everybody and stops the rollout")
    func holds() throws {
        let one = try Planner.plan(Self.trip("acme"), on: Self.base(), .admin).next
        #expect(Self.on(one) == ["globex"] && one.flags["lone"]?.rollout?.value.status == .running)
        let all = try Planner.plan(Self.trip(), on: one, .admin).next
        #expect(Self.on(all) == [] && all.flags["lone"]?.rollout?.value.status == .stopped)
    }

    @Test("is made once, however often it is asked for", arguments: [nil, "acme"] as [CompanyID?])
    func once(company: CompanyID?) throws {
        let state = try Planner.plan(Self.trip(company), on: Self.base(), .admin).next
        let again = try Planner.plan(Self.trip(company), on: state, .admin)
        #expect(again.changesNothing && again.next.revision == state.revision)
        // For everybody says more than for one: nothing is left to do for the company.
        let wide = try Planner.plan(Self.trip(), on: Self.base(), .admin).next
        #expect(try Planner.plan(Self.trip("acme"), on: wide, .admin).changesNothing)
    }

    @Test("is not made when somebody resumed, or held, since it was decided", arguments: [nil, "acme"] as [CompanyID?])
    func raced(company: CompanyID?) throws {
        let held = try Planner.plan(.put(.hold(Hold(flag: "lone", company: company))), on: Self.base(), .admin).next
        #expect(try Planner.plan(Self.trip(company), on: held, .admin).changesNothing)
        let resumed = try Planner.plan(.delete(.hold("lone", company)), on: held, .admin).next
        #expect(try Planner.plan(Self.trip(company), on: resumed, .admin).changesNothing, "that was decided in another epoch")
        let (flagEpoch, companyEpoch) = company == nil ? (resumed.revision, 0) : (0, resumed.revision)
        let current = Self.trip(company, flagEpoch: flagEpoch, companyEpoch: companyEpoch)
        #expect(try !Planner.plan(current, on: resumed, .admin).changesNothing)
    }

    @Test("is not made for what is gone")
    func gone() throws {
        let state = try Planner.plan(.delete(.company("acme")), on: Self.base(), .admin).next
        #expect(try Planner.plan(Self.trip("acme"), on: state, .admin).changesNothing)
        let without = try Planner.plan(.delete(.flag("lone")), on: state, .admin).next
        #expect(try Planner.plan(Self.trip(), on: without, .admin).changesNothing)
    }
}

extension Entity {
    /// A flag whose master switch is on.
    fileprivate static func patched(_ code: FlagCode) -> Entity { .flag(Flag(code: code, enabled: true)) }
}
