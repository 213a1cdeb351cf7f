import HashTreeCollections

/// An answer that is different after a change.
package struct Flip: Hashable, Sendable {
    package enum Answer: Hashable, Sendable {
        case flag(FlagCode, Bool)
        /// Of a permission write the user's decision; else the gate's flag clauses, for any user of the company.
        case gate(GateName, Bool, UserID?)
    }

    package var company: CompanyID
    /// What it was about, with the answer after the change.
    package var answer: Answer

    /// The answer after the change.
    package var isOn: Bool {
        switch answer {
        case .flag(_, let after), .gate(_, let after, _): after
        }
    }
}

/// What a plan would flip: which flags for which registered companies, and which gates.
package struct Impact: Sendable, Hashable {
    /// How many are named in an answer.
    package static let named = 100

    package var flips: [Flip] = []
    /// How many users hold the roles concerned, when roles are.
    package var usersConcerned: Int?

    package var json: JSONValue {
        var flags: [JSONValue] = []
        var gates: [JSONValue] = []
        for flip in flips.prefix(Self.named) {
            let company = JSONValue.string(flip.company.rawValue)
            switch flip.answer {
            case .flag(let code, let after):
                flags.append(["code": .string(code.rawValue), "company_id": company, "before": .bool(!after), "after": .bool(after)])
            case .gate(let name, let after, let user):
                var object: JSONObject = ["gate": .string(name.rawValue), "company_id": company]
                if let user { object["user_id"] = .string(user.rawValue) }
                object["before"] = .bool(!after)
                object["after"] = .bool(after)
                gates.append(.object(object))
            }
        }
        var object: JSONObject = [
            "flags": .array(flags), "gates": .array(gates), "total": .integer(Int64(flips.count)), "truncated": .bool(flips.count > Self.named),
        ]
        if let usersConcerned { object["users_concerned"] = .integer(Int64(usersConcerned)) }
        return .object(object)
    }
}

extension Impact {
    /// Compares the answers of two states, where the changes between them can have touched one.
    static func between(_ before: Snapshot, _ after: Snapshot, _ changes: [EntityChange]) -> Impact {
        let concerned = Reach(changes, from: before, to: after)
        var impact = Impact()
        if !concerned.roles.isEmpty { impact.usersConcerned = after.users(holding: concerned.roles) }

        // A company that goes with this change is one of those whose answers change.
        let gone = changes.compactMap { change in if case .company(let id) = change.ref, change.after == nil { id } else { nil } }
        for code in concerned.flagsEverywhere.sorted() {
            for id in (after.companies.keys + gone).sorted() { impact.compareFlag(code, id, before, after) }
        }
        for (id, codes) in concerned.flagsByCompany.sorted(by: { $0.key < $1.key }) {
            for code in codes.subtracting(concerned.flagsEverywhere).sorted() { impact.compareFlag(code, id, before, after) }
        }
        impact.compareGates(concerned, gone, before, after)
        return impact
    }

    private mutating func compareFlag(_ code: FlagCode, _ company: CompanyID, _ before: Snapshot, _ after: Snapshot) {
        let now = after.verdict(code, after.companies[company]).value
        if before.verdict(code, before.companies[company]).value != now {
            flips.append(Flip(company: company, answer: .flag(code, now)))
        }
    }

    private mutating func compareGates(_ concerned: Reach, _ gone: [CompanyID], _ before: Snapshot, _ after: Snapshot) {
        func clausesHold(_ gate: Gate?, _ company: CompanyID, in state: Snapshot) -> Bool {
            gate.map { $0.flags.allSatisfy { state.verdict($0, state.companies[company]).value } } ?? false
        }
        for name in Set(before.gates.keys).union(after.gates.keys).sorted() {
            let (old, new) = (before.gates[name]?.value, after.gates[name]?.value)
            let flags = Set((old?.flags ?? []) + (new?.flags ?? []))
            var companies: Set<CompanyID> = []
            if concerned.gates.contains(name) || !flags.isDisjoint(with: concerned.flagsEverywhere) {
                companies = Set(after.companies.keys).union(gone)
            } else {
                for (id, codes) in concerned.flagsByCompany where !flags.isDisjoint(with: codes) { companies.insert(id) }
            }
            for company in companies.sorted() {
                let now = clausesHold(new, company, in: after)
                if clausesHold(old, company, in: before) != now { flips.append(Flip(company: company, answer: .gate(name, now, nil))) }
            }
            for subject in concerned.subjects {
                let now = new.map { after.decide($0, subject).allowed } ?? false
                if (old.map { before.decide($0, subject).allowed } ?? false) != now {
                    flips.append(Flip(company: subject.company, answer: .gate(name, now, subject.user)))
                }
            }
        }
    }
}

extension Snapshot {
    /// How many users hold any of the roles. Looks at every user.
    package func users(holding names: Set<RoleName>) -> Int {
        users.values.reduce(0) { sum, members in
            sum + members.values.reduce(0) { $0 + (names.isDisjoint(with: $1.grants.roles) ? 0 : 1) }
        }
    }
}
