extension FlagTrace {
    /// A flag's clause in a decision, and the same shape for each prerequisite.
    package var json: JSONValue { json { _, _ in nil } }

    /// - Parameters:
    ///   - clientsOnly: of a flag that is kept from user tokens it is told what came of it and why, not which flag it is or what it stands on.
    ///   - decidedBy: what is said of the entity that decided, or nil to leave the member out.
    func json(clientsOnly: Bool = false, _ decidedBy: (EntityRef, Revision) -> JSONValue?) -> JSONValue {
        guard clientVisible || !clientsOnly else {
            return ["kind": "flag", "satisfied": .bool(verdict.value), "reason": .string(verdict.reason.rawValue)]
        }
        var object: JSONObject = [
            "kind": "flag", "code": .string(code.rawValue), "satisfied": .bool(verdict.value), "enabled": .bool(verdict.enabled),
            "enabled_for_company": .bool(verdict.enabledForCompany), "reason": .string(verdict.reason.rawValue),
        ]
        if let place {
            object["stage"] = .string(place.stage.rawValue)
            if let bucket = place.bucket { object["bucket"] = .integer(Int64(bucket)) }
        }
        object["decided_by"] = decidedBy(self.decidedBy, decidedAt)
        object["prerequisites"] = .array(prerequisites.map { $0.json(clientsOnly: clientsOnly, decidedBy) })
        return .object(object)
    }

    /// Every entity that decided something in this trace.
    var deciders: [(EntityRef, Revision)] { [(decidedBy, decidedAt)] + prerequisites.flatMap(\.deciders) }
}

extension Check {
    /// A clause as the decision about a subject shows it to whom nothing is kept from.
    package func json(of subject: Subject) -> JSONValue { json(clientsOnly: false, { _, _ in nil }, subject: subject) }

    func json(clientsOnly: Bool, _ decidedBy: (EntityRef, Revision) -> JSONValue?, subject: Subject) -> JSONValue {
        switch self {
        case .flag(let trace): return trace.json(clientsOnly: clientsOnly, decidedBy)
        case .permission(let key, let reason, let role, let revision):
            var object: JSONObject = [
                "kind": "permission", "key": .string(key.rawValue), "satisfied": .bool(satisfied), "reason": .string(reason.rawValue),
            ]
            if let role { object["role"] = .string(role.rawValue) }
            object["decided_by"] = decidedBy(Self.decider(role: role, subject), revision)
            return .object(object)
        }
    }

    private static func decider(role: RoleName?, _ subject: Subject) -> EntityRef {
        role.map { .role($0) } ?? .user(subject.company, subject.user)
    }

    func deciders(_ subject: Subject) -> [(EntityRef, Revision)] {
        switch self {
        case .flag(let trace): trace.deciders
        case .permission(_, _, let role, let revision): [(Self.decider(role: role, subject), revision)]
        }
    }
}

extension Decision {
    package var json: JSONValue { json { _, _ in nil } }

    /// - Parameter clientsOnly: does not tell which flags are kept from user tokens.
    package func json(clientsOnly: Bool) -> JSONValue { json(clientsOnly: clientsOnly) { _, _ in nil } }

    func json(clientsOnly: Bool = false, _ decidedBy: (EntityRef, Revision) -> JSONValue?) -> JSONValue {
        let subject = Subject(company: company, user: user)
        return [
            "gate": .string(gate.rawValue), "company_id": .string(company.rawValue), "user_id": .string(user.rawValue), "allowed": .bool(allowed),
            "reason": .string(reason), "checks": .array(checks.map { $0.json(clientsOnly: clientsOnly, decidedBy, subject: subject) }),
        ]
    }
}

/// A trace together with the changes that brought it about: what an on-call engineer asks for.
package enum Explanation: Sendable {
    case flag(FlagTrace, company: CompanyID)
    case gate(Decision)

    /// The revisions that decided something; 0 stands for "nothing was ever set".
    package var revisions: Set<Revision> {
        let deciders: [(EntityRef, Revision)] =
            switch self {
            case .flag(let trace, _): trace.deciders
            case .gate(let decision): decision.checks.flatMap { $0.deciders(Subject(company: decision.company, user: decision.user)) }
            }
        return Set(deciders.map(\.1)).subtracting([0])
    }

    /// - Parameter changes: those of `revisions`.
    package func json(_ changes: [Revision: Change]) -> JSONValue {
        func decidedBy(_ ref: EntityRef, _ revision: Revision) -> JSONValue? {
            guard let change = changes[revision] else { return .null }
            return [
                "entity": ref.json, "revision": .integer(revision), "at": .string(change.at.description), "actor": .string(change.actor),
                "reason": .string(change.reason),
            ]
        }
        switch self {
        case .gate(let decision): return decision.json(decidedBy)
        case .flag(let trace, let company):
            guard case .object(var object) = trace.json(decidedBy) else { return .null }
            object["company_id"] = .string(company.rawValue)
            return .object(object)
        }
    }
}

extension Change {
    package var json: JSONValue {
        [
            "revision": .integer(revision), "at": .string(at.description), "actor": .string(actor), "reason": .string(reason), "command": command,
            "entities": .array(entities.map(\.json)), "previous_hash": .string(previousHash.hexadecimal), "hash": .string(hash.hexadecimal),
        ]
    }
}
