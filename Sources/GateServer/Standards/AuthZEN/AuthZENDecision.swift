import GateCore
import HTTPTypes
import HashTreeCollections

/// An answer to one question (AuthZEN 1.0, "Decision").
///
/// What is permitted comes without a context: a client may reject a permit whose context it does not understand.
enum AuthZENDecision: Sendable {
    case permitted
    /// A word that says why, and the clauses of our own decision.
    case denied(reason: String, checks: JSONValue)
    /// An evaluation of a batch that could not be made: closed, with its error in place.
    case failed(GateError)

    var isPermitted: Bool { if case .permitted = self { true } else { false } }

    var json: JSONValue {
        switch self {
        case .permitted: ["decision": true]
        case .denied(let reason, let checks): ["decision": false, "context": ["reason": .string(reason), "checks": checks]]
        case .failed(let error):
            [
                "decision": false,
                "context": [
                    "reason": .string(error.code.rawValue),
                    "error": ["status": .integer(Int64(error.code.meaning.status.code)), "message": .string(error.authZENMessage)],
                ],
            ]
        }
    }
}

/// Who asks, and the one state that everything in the request is answered from.
struct AuthZENAsking: Sendable {
    let state: Snapshot
    let token: Token
    let metrics: ServerMetrics

    /// - Throws: `right_missing` for a company that the token is not for.
    func decide(_ question: AuthZENQuestion) throws(GateError) -> AuthZENDecision {
        let subject: Subject
        let action: AuthZENAction
        do throws(AuthZENUnknown) {
            let company = try AuthZENVocabulary.company(question.resource)
            subject = Subject(company: company, user: try AuthZENVocabulary.user(question.subject))
            action = try state.authZENAction(question.action)
        } catch {
            return .denied(reason: error.rawValue, checks: [])
        }
        try token.check(subject.company)
        let checks = checks(action, subject)
        let isPermitted = checks.allSatisfy(\.satisfied)
        if case .gate(let gate) = action { metrics.decided(gate.name, isAllowed: isPermitted) }
        guard !isPermitted else { return .permitted }
        let isRegistered = state.companies[subject.company] != nil
        return .denied(
            reason: isRegistered ? checks.reason : AuthZENUnknown.company.rawValue, checks: .array(checks.map { $0.json(of: subject) }))
    }

    /// Every clause of a gate; a permission is a clause by itself.
    private func checks(_ action: AuthZENAction, _ subject: Subject) -> [Check] {
        switch action {
        case .gate(let gate): state.decide(gate, subject).checks
        case .permission(let key): [state.permission(key, of: subject)]
        }
    }
}
