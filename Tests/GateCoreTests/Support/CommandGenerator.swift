@testable import GateCore

/// Draws commands that mostly make sense on a state, and sometimes do not.
struct CommandGenerator {
    let universe = Universe()
    /// The changes made so far, newest last: what an undo can name.
    var changes: [Change] = []

    mutating func command(_ random: inout SplitMix64, on state: Snapshot) -> Command {
        switch random.below(23) {
        case 0...3: return .put(entity(&random))
        case 4...7: return .setStates(random.pick(universe.flags), companies: states(&random), groups: groups(&random))
        case 8: return .patch(.flag(random.pick(universe.flags)), patch(&random))
        case 9: return .put(.hold(Hold(flag: random.pick(universe.flags), company: random.once(in: 2) ? nil : random.pick(universe.companies))))
        case 10: return .delete(.hold(random.pick(universe.flags), random.once(in: 2) ? nil : random.pick(universe.companies)))
        case 11, 12:
            let state: Bool? = random.once(in: 4) ? nil : !random.once(in: 3)
            return .setPermission(random.pick(universe.companies), random.pick(universe.users), random.pick(universe.permissions), state)
        case 13, 14:
            return .setRole(random.pick(universe.companies), random.pick(universe.users), random.pick(universe.roles), !random.once(in: 3))
        case 15, 16: return .delete(random.once(in: 4) ? ref(&random) : random.pick(state.values.map(\.ref) + [.company("acme")]))
        case 20, 21: return .rollout(random.pick(universe.flags), step(&random))
        case 22:
            return .trip(
                Command.Trip(
                    flag: random.pick(universe.flags), company: random.once(in: 2) ? nil : random.pick(universe.companies), flagEpoch: 0,
                    companyEpoch: 0,
                    numbers: ["level": 8_045]))
        case 17: return .load((0..<random.below(6)).map { _ in entity(&random) })
        case 18:
            let entities = (0..<random.below(8)).map { _ in entity(&random) }.filter { ![.hold, .token, .webhook].contains($0.ref.kind) }
            return .apply(distinct(entities), prune: random.once(in: 3), force: !random.once(in: 4), expecting: nil)
        default:
            guard !changes.isEmpty else { return .put(entity(&random)) }
            return .undo(random.pick(Array(changes.suffix(random.once(in: 3) ? 100 : 5))), force: random.once(in: 2))
        }
    }

    private func step(_ random: inout SplitMix64) -> RolloutStep {
        switch random.below(8) {
        case 0, 1, 2: .start
        case 3, 4: .advance(nil, force: true)
        case 5: random.once(in: 2) ? .pause : .resume
        case 6: .complete(nil, force: true)
        default: .rollback
        }
    }

    private func distinct(_ entities: [Entity]) -> [Entity] {
        var seen: Set<EntityRef> = []
        return entities.filter { seen.insert($0.ref).inserted }
    }

    private func patch(_ random: inout SplitMix64) -> JSONValue {
        switch random.below(4) {
        case 0: ["enabled": .bool(!random.once(in: 3))]
        case 1: ["description": .string("said \(random.below(5))")]
        case 2: ["prerequisites": .strings(random.some(of: universe.flags, atMost: 2))]
        default: ["review_by": random.once(in: 2) ? nil : "2027-02-28"]
        }
    }

    private func states(_ random: inout SplitMix64) -> [CompanyID: Bool?] {
        var result: [CompanyID: Bool?] = [:]
        for company in random.some(of: universe.companies, atMost: 3) {
            let state: Bool? = random.once(in: 6) ? nil : !random.once(in: 4)
            result.updateValue(state, forKey: company)
        }
        return result
    }

    private func groups(_ random: inout SplitMix64) -> [GroupName: Bool?] {
        guard random.once(in: 4) else { return [:] }
        let state: Bool? = random.once(in: 4) ? nil : !random.once(in: 3)
        return [random.pick(universe.groups): state]
    }

    private func ref(_ random: inout SplitMix64) -> EntityRef { entity(&random).ref }

    func entity(_ random: inout SplitMix64) -> Entity {
        switch random.below(15) {
        case 12, 13: return .rollout(rollout(of: random.pick(universe.flags), &random))
        case 14: return .webhook(Webhook(id: "w1", url: "https://example.com/\(random.below(3))", enabled: random.once(in: 2)))
        case 0: return .company(company(&random))
        case 1: return .permission(Permission(key: random.pick(universe.permissions), description: "\(random.below(3))"))
        case 2: return .role(Role(name: random.pick(universe.roles), permissions: random.some(of: universe.permissions, atMost: 3)))
        case 3...5:
            return .flag(
                Flag(
                    code: random.pick(universe.flags), owner: "team \(random.below(3))", enabled: !random.once(in: 4),
                    prerequisites: random.some(of: universe.flags, atMost: 2), clientVisible: !random.once(in: 4), permanent: random.once(in: 3)))
        case 6, 7:
            return .flagState(
                FlagState(flag: random.pick(universe.flags), company: random.pick(universe.companies), enabled: !random.once(in: 4)))
        case 8:
            let (permissions, flags) = (random.some(of: universe.permissions, atMost: 2), random.some(of: universe.flags, atMost: 3))
            return .gate(
                Gate(name: random.pick(universe.gates), permissions: permissions, flags: flags.isEmpty ? [random.pick(universe.flags)] : flags))
        case 9, 10:
            var states: [PermissionKey: Bool] = [:]
            for key in random.some(of: universe.permissions, atMost: 3) { states[key] = !random.once(in: 3) }
            let grants = Grants(states, roles: random.some(of: universe.roles, atMost: 2))
            return .user(User(company: random.pick(universe.companies), id: random.pick(universe.users), grants: grants))
        default:
            let id = random.pick(universe.tokens)
            return .token(
                Token(
                    id: id, kind: random.pick(Token.Kind.allCases), name: "n\(random.below(3))", flags: random.some(of: universe.flags, atMost: 2),
                    companies: random.some(of: universe.companies, atMost: 2), createdAt: Timestamp(microseconds: 1),
                    expiresAt: Timestamp(microseconds: 2_000_000), digest: "digest of \(id)"))
        }
    }

    private func rollout(of flag: FlagCode, _ random: inout SplitMix64) -> Rollout {
        let stages = (0...random.below(3)).map { index in
            RolloutStage(
                name: StageName(unchecked: "stage\(index)"), companies: random.some(of: universe.companies, atMost: 1),
                groups: random.some(of: universe.groups, atMost: 1), percentage: random.once(in: 2) ? 0 : random.below(101))
        }
        return Rollout(flag: flag, stages: stages)
    }

    private func company(_ random: inout SplitMix64) -> Company {
        Company(id: random.pick(universe.companies), name: "Company \(random.below(4))", groups: random.some(of: universe.groups, atMost: 2))
    }
}
