import GateCore
import HashTreeCollections

/// OFREP's answers out of one state, and whether they are others than out of another.
enum OFREPAnswers {
    /// The answer for a key; nil where neither a flag nor a gate has that name.
    ///
    /// - Parameter clientsOnly: to users, flags that are kept from clients are not there.
    static func one(_ key: String, _ state: Snapshot, _ subject: Subject, clientsOnly: Bool) -> OFREPEvaluation? {
        // Names are ASCII; comparing texts as Swift does would take other spellings for them.
        if let code = try? FlagCode(key), let flag = flag(code, state, subject.company, clientsOnly: clientsOnly) { return flag }
        return (try? GateName(key)).flatMap { state.decide($0, subject) }.map { OFREPEvaluation($0) }
    }

    /// Every flag, then every gate, each by the bytes of their names.
    static func all(_ state: Snapshot, _ subject: Subject, clientsOnly: Bool) -> [OFREPEvaluation] {
        let company = state.companies[subject.company]
        let flags = state.flags.order.compactMap { state.flags[$0]?.flag }.filter { $0.clientVisible || !clientsOnly }
        return flags.map { OFREPEvaluation(state.trace($0.code, company, companyID: subject.company)) }
            + state.gates.keys.sorted().compactMap { state.decide($0, subject) }.map { OFREPEvaluation($0) }
    }

    private static func flag(_ code: FlagCode, _ state: Snapshot, _ company: CompanyID, clientsOnly: Bool) -> OFREPEvaluation? {
        guard let flag = state.flags[code]?.flag, flag.clientVisible || !clientsOnly else { return nil }
        return OFREPEvaluation(state.trace(code, state.companies[company], companyID: company))
    }

    /// Whether a caller is answered otherwise than before.
    static func differ(from before: Snapshot, to after: Snapshot, _ subject: Subject, clientsOnly: Bool) -> Bool {
        let (old, new) = (all(before, subject, clientsOnly: clientsOnly), all(after, subject, clientsOnly: clientsOnly))
        return old.count != new.count || !zip(old, new).allSatisfy { $0.isSameAnswer(as: $1) }
    }

    /// Whether any of these flags is answered otherwise than before, to anybody of a company.
    static func differ(_ codes: Set<FlagCode>, from before: Snapshot, to after: Snapshot, _ company: CompanyID, clientsOnly: Bool) -> Bool {
        codes.contains { code in
            switch (flag(code, before, company, clientsOnly: clientsOnly), flag(code, after, company, clientsOnly: clientsOnly)) {
            case (nil, nil): false
            case (let old?, let new?): !old.isSameAnswer(as: new)
            default: true
            }
        }
    }
}

extension OFREPEvaluation {
    /// Whether both say the same. Another revision alone is nothing to fetch an answer again for.
    fileprivate func isSameAnswer(as other: OFREPEvaluation) -> Bool {
        key == other.key && value == other.value && reason == other.reason && gateReason == other.gateReason
    }
}
