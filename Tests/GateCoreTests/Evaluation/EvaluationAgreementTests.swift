import Testing

@testable import GateCore

/// Two evaluators, written apart from each other, on generated states.
@Suite("Evaluation and the naive evaluator")
struct EvaluationAgreementTests {
    private let universe = Universe()

    @Test("agree on a hundred thousand generated flags of companies, and value is always the conjunction that front ends compute")
    func flags() throws {
        let seed = Seed("agreement on flags")
        var random = seed.generator
        var cases = 0
        var reasons: [FlagReason: Int] = [:]
        while cases < 100_000 {
            let state = try universe.state(&random)
            let naive = NaiveEvaluator(state.values)
            for company in universe.companies + ["nobody"] {
                for code in universe.flags + ["nothing"] {
                    let trace = state.trace(code, for: company)
                    guard agrees(trace, naive, company), state.verdict(code, for: company) == trace.verdict else {
                        Issue.record("\(code) for \(company): \(trace), but naively \(naive.flag(code.rawValue, company.rawValue)); \(seed)")
                        return
                    }
                    reasons[trace.verdict.reason, default: 0] += 1
                    cases += 1
                }
            }
        }
        // A generator that never reaches a reason tests nothing about it.
        for reason in FlagReason.allCases { #expect(reasons[reason, default: 0] > 100, "\(reason) came \(reasons[reason] ?? 0) times; \(seed)") }
    }

    private func agrees(_ trace: FlagTrace, _ naive: NaiveEvaluator, _ company: CompanyID) -> Bool {
        let expected = naive.flag(trace.code.rawValue, company.rawValue)
        return trace.verdict.enabled == expected.enabled && trace.verdict.enabledForCompany == expected.enabledForCompany
            && trace.verdict.value == expected.value && trace.verdict.reason.rawValue == expected.reason
            && expected.value == (expected.enabled && expected.enabledForCompany)
            && trace.prerequisites.map(\.code.rawValue) == (naive.flags[trace.code.rawValue]?.prerequisites ?? [])
            && trace.prerequisites.allSatisfy { agrees($0, naive, company) }
    }

    @Test("agree on generated gates, clause by clause")
    func gates() throws {
        let seed = Seed("agreement on gates")
        var random = seed.generator
        var cases = 0
        var allowed = 0
        while cases < 30_000 {
            let state = try universe.state(&random)
            let naive = NaiveEvaluator(state.values)
            for company in universe.companies + ["nobody"] {
                for user in universe.users + ["stranger"] {
                    let tokenRoles = random.once(in: 3) ? random.some(of: universe.roles, atMost: 2) : []
                    let subject = Subject(company: company, user: user, tokenRoles: tokenRoles)
                    for name in universe.gates {
                        cases += 1
                        let decision = try #require(state.decide(name, subject))
                        let expected = naive.gate(name.rawValue, company.rawValue, user.rawValue, tokenRoles: tokenRoles.map(\.rawValue))
                        let line = try #require(naive.gates[name.rawValue])
                        let clauses = clauses(of: line, subject, naive)
                        let gate = try #require(state.gates[name]?.value)
                        guard decision.allowed == expected?.allowed, decision.reason == expected?.reason, decision.checks.map(\.satisfied) == clauses,
                            state.allows(gate, subject) == decision.allowed
                        else {
                            Issue.record("\(name) for \(subject): \(decision), but naively \(String(describing: expected)) \(clauses); \(seed)")
                            return
                        }
                        if decision.allowed { allowed += 1 }
                    }
                }
            }
        }
        #expect(allowed > 500, "only \(allowed) were allowed; \(seed)")
    }

    private func clauses(of gate: NaiveEvaluator.GateLine, _ subject: Subject, _ naive: NaiveEvaluator) -> [Bool] {
        let (company, user, roles) = (subject.company.rawValue, subject.user.rawValue, subject.tokenRoles.map(\.rawValue))
        return gate.permissions.map { naive.permission($0, company, user, tokenRoles: roles) } + gate.flags.map { naive.flag($0, company).value }
    }

    @Test("agree on the bytes that are served, read again: flags, permissions and gates")
    func servedBytes() throws {
        let seed = Seed("agreement on the served bytes")
        var random = seed.generator
        for _ in 0..<60 {
            let state = try universe.state(&random)
            let naive = NaiveEvaluator(state.values)
            for company in universe.companies + ["nobody"] {
                let body = try JSONParser.parse(Answers.featureFlags(state, company, clientsOnly: false))
                #expect(body["meta"]?["company_id"]?.stringValue == company.rawValue)
                let served = try #require(body["data"]?.arrayValue)
                #expect(served.compactMap { $0["code"]?.stringValue } == naive.flags.keys.sorted(), "\(seed)")
                for line in served {
                    let answer = naive.flag(line["code"]?.stringValue ?? "", company.rawValue)
                    #expect(
                        line["enabled"] == .bool(answer.enabled) && line["enabled_for_company"] == .bool(answer.enabledForCompany), "\(line); \(seed)"
                    )
                }
                let subject = Subject(company: company, user: "ada")
                try agree(subject, state, naive, "\(seed)")
            }
        }
    }

    private func agree(_ subject: Subject, _ state: Snapshot, _ naive: NaiveEvaluator, _ seed: Comment) throws {
        let (company, user) = (subject.company.rawValue, subject.user.rawValue)
        let permissions = try JSONParser.parse(Answers.permissions(state, subject))["data"]?.arrayValue?.first?["permissions"]?.arrayValue
        for line in try #require(permissions) {
            #expect(line["is_enabled"] == .bool(naive.permission(line["name"]?.stringValue ?? "", company, user)), seed)
        }
        let gates = try #require(try JSONParser.parse(Answers.gates(state, subject, clientsOnly: false))["data"]?.arrayValue)
        #expect(gates.compactMap { $0["gate"]?.stringValue } == naive.gates.keys.sorted(), seed)
        for line in gates {
            let expected = naive.gate(line["gate"]?.stringValue ?? "", company, user)
            #expect(line["allowed"] == expected.map { .bool($0.allowed) } && line["reason"] == expected.map { .string($0.reason) }, seed)
        }
    }
}
