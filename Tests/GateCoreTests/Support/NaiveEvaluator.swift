@testable import GateCore

/// The rules of evaluation a second time, word for word from the design's page 2, over plain dictionaries of texts.
/// It shares no code with `Snapshot`: only the list of entities comes from there.
struct NaiveEvaluator {
    struct Answer: Equatable {
        var enabled = false
        var enabledForCompany = false
        var value = false
        var reason = "flag_not_found"
    }

    struct FlagLine {
        var enabled: Bool
        var prerequisites: [String]
    }

    struct GateLine {
        var permissions: [String]
        var flags: [String]
    }

    struct Pair: Hashable {
        var first: String
        var second: String
    }

    private(set) var flags: [String: FlagLine] = [:]
    private(set) var gates: [String: GateLine] = [:]
    struct RolloutLine {
        var seed: String
        var reached: [(companies: Set<String>, groups: Set<String>, percentage: Int)]
    }

    private(set) var companies: Set<String> = []
    private var companyGroups: [String: Set<String>] = [:]
    private var rollouts: [String: RolloutLine] = [:]
    private var states: [Pair: Bool] = [:]
    private var heldEverywhere: Set<String> = []
    private var heldForCompany: Set<Pair> = []
    private var permissions: Set<String> = []
    private var roles: [String: Set<String>] = [:]
    private var userStates: [Pair: [String: Bool]] = [:]
    private var userRoles: [Pair: Set<String>] = [:]

    init(_ entities: [Entity]) {
        for entity in entities {
            switch entity {
            case .company(let company):
                companies.insert("\(company.id)")
                companyGroups["\(company.id)"] = Set(company.groups.map { "\($0)" })
            case .rollout(let rollout):
                guard ["running", "paused", "completed"].contains(rollout.status.rawValue) else { break }
                let reached = rollout.stages[0...rollout.stage].map { stage in
                    (companies: Set(stage.companies.map { "\($0)" }), groups: Set(stage.groups.map { "\($0)" }), percentage: stage.percentage)
                }
                rollouts["\(rollout.flag)"] = RolloutLine(seed: rollout.seed, reached: reached)
            case .permission(let permission): permissions.insert("\(permission.key)")
            case .role(let role): roles["\(role.name)"] = Set(role.permissions.map { "\($0)" })
            case .flag(let flag): flags["\(flag.code)"] = FlagLine(enabled: flag.enabled, prerequisites: flag.prerequisites.map { "\($0)" })
            case .flagState(let state): states[Pair(first: "\(state.flag)", second: "\(state.company)")] = state.enabled
            case .hold(let hold):
                if let company = hold.company {
                    heldForCompany.insert(Pair(first: "\(hold.flag)", second: "\(company)"))
                } else {
                    heldEverywhere.insert("\(hold.flag)")
                }
            case .gate(let gate):
                gates["\(gate.name)"] = GateLine(permissions: gate.permissions.map { "\($0)" }, flags: gate.flags.map { "\($0)" })
            case .user(let user):
                let place = Pair(first: "\(user.company)", second: "\(user.id)")
                for state in user.grants.states { userStates[place, default: [:]]["\(state.key)"] = state.enabled }
                userRoles[place] = Set(user.grants.roles.map { "\($0)" })
            case .event, .token, .epoch, .guard, .schedule, .webhook: break
            }
        }
    }

    func flag(_ code: String, _ company: String) -> Answer {
        guard let line = flags[code] else { return Answer() }
        let place = Pair(first: code, second: company)
        let held = heldEverywhere.contains(code) || heldForCompany.contains(place)
        let explicit = states[place]
        let inAudience = isInAudience(code, company)
        let targeted = held ? false : explicit ?? inAudience
        var prerequisitesMet = true
        for prerequisite in line.prerequisites where !flag(prerequisite, company).value { prerequisitesMet = false }

        var answer = Answer(enabled: line.enabled, enabledForCompany: targeted && prerequisitesMet)
        answer.value = answer.enabled && answer.enabledForCompany
        if !line.enabled {
            answer.reason = "flag_off"
        } else if held {
            answer.reason = "held"
        } else if explicit == false {
            answer.reason = "company_off"
        } else if !targeted {
            answer.reason = "not_targeted"
        } else if !prerequisitesMet {
            answer.reason = "prerequisite_off"
        } else {
            answer.reason = explicit == true ? "company_on" : "rollout"
        }
        return answer
    }

    /// Whether a percentage decides anywhere.
    var hasPercentage: Bool { rollouts.values.contains { $0.reached.contains { (1..<100).contains($0.percentage) } } }

    private func isInAudience(_ code: String, _ company: String) -> Bool {
        guard let line = rollouts[code], companies.contains(company) else { return false }
        return line.reached.contains { stage in
            stage.companies.contains(company) || !stage.groups.isDisjoint(with: companyGroups[company] ?? [])
                || Self.bucket(line.seed + "/" + company) < stage.percentage * 100
        }
    }

    /// MurmurHash3_x86_32 again, over whole words of a padded text, spread over 10 000 buckets by a 64-bit product.
    private static func bucket(_ text: String) -> Int {
        let bytes = Array(text.utf8)
        var hash: UInt32 = 0
        for start in stride(from: 0, to: bytes.count, by: 4) {
            var word: UInt32 = 0
            for (place, byte) in bytes[start..<min(start + 4, bytes.count)].enumerated() { word += UInt32(byte) << (8 * UInt32(place)) }
            word = word &* 3_432_918_353
            word = (word << 15) | (word >> 17)
            hash ^= word &* 461_845_907
            if start + 4 <= bytes.count { hash = ((hash << 13) | (hash >> 19)) &* 5 &+ 3_864_292_196 }
        }
        hash ^= UInt32(bytes.count)
        for (shift, factor) in [(16, 2_246_822_507), (13, 3_266_489_909)] as [(UInt32, UInt32)] { hash = (hash ^ (hash >> shift)) &* factor }
        return Int(UInt64(hash ^ (hash >> 16)) * 10_000 / 4_294_967_296)
    }

    func permission(_ key: String, _ company: String, _ user: String, tokenRoles: [String] = []) -> Bool {
        guard permissions.contains(key) else { return false }
        let place = Pair(first: company, second: user)
        if let state = userStates[place]?[key] { return state }
        let held = (userRoles[place] ?? []).union(tokenRoles)
        return held.contains { roles[$0]?.contains(key) == true }
    }

    /// Nil when there is no such gate; else whether it is allowed, and the reason.
    func gate(_ name: String, _ company: String, _ user: String, tokenRoles: [String] = []) -> (allowed: Bool, reason: String)? {
        guard let line = gates[name] else { return nil }
        for key in line.permissions where !permission(key, company, user, tokenRoles: tokenRoles) { return (false, "permission_missing") }
        for code in line.flags {
            let answer = flag(code, company)
            if !answer.value { return (false, answer.reason) }
        }
        return (true, "allowed")
    }

    /// Whether a gate's flag clauses all hold for a company; false where there is no such gate.
    func flagClausesHold(_ name: String, _ company: String) -> Bool {
        gates[name].map { $0.flags.allSatisfy { flag($0, company).value } } ?? false
    }
}
