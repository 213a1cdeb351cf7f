@testable import GateCore

/// The names that generated tests draw from: few enough that commands meet each other.
struct Universe {
    var flags: [FlagCode] = (0..<9).map { FlagCode(unchecked: "flag\($0)") }
    var companies: [CompanyID] = ["acme", "acme:eu", "Acme", "b@c", "-", "0"]
    var groups: [GroupName] = ["qa", "beta", "enterprise"]
    var permissions: [PermissionKey] = (0..<5).map { PermissionKey(unchecked: "key.\($0)") }
    var roles: [RoleName] = ["agent", "lead", "auditor"]
    var gates: [GateName] = ["canOpen", "canClose", "canSee"]
    var users: [UserID] = ["ada", "bob", "cy"]
    var tokens: [TokenID] = ["t1", "t2"]

    /// A state put together at random, revisions and all, without the planner.
    func state(_ random: inout SplitMix64) throws -> Snapshot {
        var entities: [Entity] = []
        for company in companies where !random.once(in: 6) {
            entities.append(.company(Company(id: company, groups: random.some(of: groups, atMost: 2))))
        }
        entities += permissions.filter { _ in !random.once(in: 5) }.map { .permission(Permission(key: $0)) }
        for role in roles where !random.once(in: 5) {
            entities.append(.role(Role(name: role, permissions: random.some(of: permissions, atMost: 3))))
        }
        // Prerequisites only among earlier flags, so that there is no cycle.
        var earlier: [FlagCode] = []
        for code in flags.shuffled(using: &random) where !random.once(in: 8) {
            entities.append(.flag(Flag(code: code, enabled: !random.once(in: 5), prerequisites: random.some(of: earlier, atMost: 2))))
            earlier.append(code)
            if random.once(in: 10) { entities.append(.hold(Hold(flag: code))) }
        }
        let registered = entities.compactMap { if case .company(let company) = $0 { company.id } else { nil } }
        for code in earlier {
            for company in registered {
                if random.once(in: 2) { entities.append(.flagState(FlagState(flag: code, company: company, enabled: !random.once(in: 5)))) }
                if random.once(in: 12) { entities.append(.hold(Hold(flag: code, company: company))) }
            }
        }
        for code in earlier where random.once(in: 2) {
            let stages = (0...random.below(3)).map { index in
                RolloutStage(
                    name: StageName(unchecked: "stage\(index)"), companies: random.some(of: registered, atMost: 2),
                    groups: random.some(of: groups, atMost: 1), percentage: random.once(in: 2) ? 0 : random.below(101))
            }
            let status = random.pick(Rollout.Status.allCases)
            entities.append(
                .rollout(Rollout(flag: code, seed: "\(random.below(50))", stages: stages, status: status, stage: random.below(stages.count))))
        }
        for gate in gates {
            entities.append(.gate(Gate(name: gate, permissions: random.some(of: permissions, atMost: 2), flags: random.some(of: flags, atMost: 2))))
        }
        for company in registered {
            for user in users where !random.once(in: 3) {
                var states: [PermissionKey: Bool] = [:]
                for key in permissions where random.once(in: 3) { states[key] = !random.once(in: 3) }
                entities.append(.user(User(company: company, id: user, grants: Grants(states, roles: random.some(of: roles, atMost: 2)))))
            }
        }
        var snapshot = Snapshot(incarnation: "generated")
        for (index, entity) in entities.enumerated() { try snapshot.apply([.put(entity)], revision: Int64(index + 1)) }
        return snapshot
    }
}
