import Testing

@testable import GateCore

@Suite("The impact of a plan")
struct ImpactTests {
    @Test("equals the comparison of every answer before and after, for generated commands", arguments: 0..<4)
    func bruteForce(part: Int) throws {
        let seed = Seed("impact \(part)")
        var random = SplitMix64(seed: seed.value &+ UInt64(part))
        var generator = CommandGenerator()
        var (flips, plans) = (0, 0)
        while plans < 500 {
            generator.changes = []
            var state = try planned(Universe(), &random)
            for _ in 0..<60 {
                let command = generator.command(&random, on: state)
                guard let plan = try? Planner.plan(command, on: state, .registering), !plan.changesNothing else { continue }
                let expected = Self.flips(from: state, to: plan.next, plan.changes)
                guard Set(plan.impact.flips) == expected, plan.impact.flips.count == expected.count else {
                    let (extra, missed) = (Set(plan.impact.flips).subtracting(expected), expected.subtracting(plan.impact.flips))
                    Issue.record("\(command): unexpected \(extra), missed \(missed); \(seed)")
                    return
                }
                plans += 1
                flips += expected.count
                generator.changes.append(
                    Change(
                        revision: plan.next.revision, at: Timestamp(microseconds: 0), actor: "a", reason: "r", command: command.json,
                        operations: plan.operations, entities: plan.changes, previousHash: [], hash: []))
                state = plan.next
            }
        }
        #expect(flips > 100, "only \(flips) flips in \(plans) plans; \(seed)")
    }

    /// A generated state that the rules admit: its parts put through the planner, those left out that it refuses.
    private func planned(_ universe: Universe, _ random: inout SplitMix64) throws -> Snapshot {
        var state = Snapshot(incarnation: "impact")
        for entity in try universe.state(&random).values {
            if let plan = try? Planner.plan(.put(entity), on: state, .admin) { state = plan.next }
        }
        return state
    }

    /// Asks the naive evaluator everything, twice.
    private static func flips(from before: Snapshot, to after: Snapshot, _ changes: [EntityChange]) -> Set<Flip> {
        let (old, new) = (NaiveEvaluator(before.values), NaiveEvaluator(after.values))
        var flips: Set<Flip> = []
        for company in old.companies.union(new.companies) {
            let id = CompanyID(unchecked: company)
            for code in Set(old.flags.keys).union(new.flags.keys) {
                let now = new.flag(code, company).value
                if old.flag(code, company).value != now { flips.insert(Flip(company: id, answer: .flag(FlagCode(unchecked: code), now))) }
            }
            for gate in Set(old.gates.keys).union(new.gates.keys) {
                let now = new.flagClausesHold(gate, company)
                if old.flagClausesHold(gate, company) != now { flips.insert(Flip(company: id, answer: .gate(GateName(unchecked: gate), now, nil))) }
            }
        }
        for change in changes {
            guard case .user(let company, let user) = change.ref else { continue }
            for gate in Set(old.gates.keys).union(new.gates.keys) {
                let now = new.gate(gate, company.rawValue, user.rawValue)?.allowed ?? false
                if (old.gate(gate, company.rawValue, user.rawValue)?.allowed ?? false) != now {
                    flips.insert(Flip(company: company, answer: .gate(GateName(unchecked: gate), now, user)))
                }
            }
        }
        return flips
    }

    private func crowd(_ count: Int) throws -> Snapshot {
        var state = try Snapshot(.flag(Flag(code: "basis", enabled: true)), .flag(Flag(code: "embed", enabled: true, prerequisites: ["basis"])))
        for index in 0..<count {
            let id = CompanyID(unchecked: "c\(index)")
            try state.apply(
                [
                    .put(.company(Company(id: id))), .put(.flagState(FlagState(flag: "basis", company: id, enabled: true))),
                    .put(.flagState(FlagState(flag: "embed", company: id, enabled: true))),
                ], revision: Int64(10 + index))
        }
        return state
    }

    @Test("counts all, names the first hundred, and says that it did", arguments: [(50, false), (51, true)])
    func truncated(companies: Int, truncated: Bool) throws {
        let plan = try Planner.plan(.patch(.flag("basis"), ["enabled": false]), on: crowd(companies), .admin)
        #expect(plan.impact.flips.count == companies * 2)
        let json = plan.impact.json
        #expect(json["total"] == .integer(Int64(companies * 2)))
        #expect(json["truncated"] == .bool(truncated))
        #expect(json["flags"]?.arrayValue?.count == 100)
        #expect(json["flags"]?.arrayValue?.first?.text == #"{"code":"basis","company_id":"c0","before":true,"after":false}"#)
    }

    @Test("of a role tells how many users hold it")
    func roleUsers() throws {
        var state = try Snapshot(.permission(Permission(key: "create")), .role(Role(name: "agent")), .role(Role(name: "lead")))
        for index in 0..<7 {
            let company = CompanyID(unchecked: "c\(index % 2)")
            try state.apply([.put(.company(Company(id: company)))], revision: Int64(10 + index))
            let roles: [RoleName] = index < 5 ? ["agent", "lead"] : ["lead"]
            try state.apply([.put(.user(User(company: company, id: UserID(unchecked: "u\(index)"), grants: Grants(roles: roles))))], revision: 30)
        }
        let plan = try Planner.plan(.put(.role(Role(name: "agent", permissions: ["create"]))), on: state, .admin)
        #expect(plan.impact.usersConcerned == 5)
        #expect(plan.impact.json["users_concerned"] == 5)
        let none = try Planner.plan(.put(.permission(Permission(key: "view"))), on: state, .admin)
        #expect(none.impact.usersConcerned == nil && none.impact.json["users_concerned"] == nil)
    }

    @Test("of a permission write names the user's gate, before and after")
    func userGate() throws {
        let state = try Snapshot(
            .company(Company(id: "acme")), .permission(Permission(key: "create")), .gate(Gate(name: "canCreate", permissions: ["create"])))
        let plan = try Planner.plan(.setPermission("acme", "ada", "create", true), on: state, .admin)
        #expect(plan.impact.flips == [Flip(company: "acme", answer: .gate("canCreate", true, "ada"))])
        #expect(
            plan.impact.json["gates"]?.arrayValue?.first?.text
                == #"{"gate":"canCreate","company_id":"acme","user_id":"ada","before":false,"after":true}"#)
    }
}
