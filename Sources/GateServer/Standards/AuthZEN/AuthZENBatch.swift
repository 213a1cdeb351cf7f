import GateCore

/// Several evaluations in one request (AuthZEN 1.0, "Access Evaluations API").
struct AuthZENBatch: Sendable {
    /// How many evaluations one request may have.
    static let mostEvaluations = 100

    /// Whether and where the evaluations end early.
    enum Semantic: String, CaseIterable, Sendable {
        case executeAll = "execute_all"
        case denyOnFirstDeny = "deny_on_first_deny"
        case permitOnFirstPermit = "permit_on_first_permit"

        func ends(after decision: AuthZENDecision) -> Bool {
            switch self {
            case .executeAll: false
            case .denyOnFirstDeny: !decision.isPermitted
            case .permitOnFirstPermit: decision.isPermitted
            }
        }
    }

    private let items: [JSONReader]
    private let defaults: AuthZENParts
    private let semantic: Semantic

    /// - Returns: nil where no evaluations are given: the request is then a single evaluation, and its options say nothing.
    /// - Throws: for what is wrong with the request as a whole. What is wrong with one evaluation is answered in its place.
    init?(_ members: JSONMembers) throws(GateError) {
        guard let list = members["evaluations"] else { return nil }
        do throws(GateError) { items = try list.elements(atMost: Self.mostEvaluations) } catch {
            throw error.with { $0.limit?.name = "evaluations" }
        }
        guard !items.isEmpty else { return nil }
        defaults = try AuthZENParts(members)
        semantic = try Self.semantic(members["options"])
    }

    private static func semantic(_ options: JSONReader?) throws(GateError) -> Semantic {
        guard let option = try options?.members()["evaluations_semantic"] else { return .executeAll }
        guard let semantic = Semantic(rawValue: try option.string()) else {
            throw GateError(
                .textInvalid, "\(option.pointer) must be one of \(Semantic.allCases.map(\.rawValue).joined(separator: ", "))",
                pointer: option.pointer)
        }
        return semantic
    }

    /// The decisions in the order of the evaluations, up to the one that ends them.
    func decisions(_ asking: AuthZENAsking) -> [AuthZENDecision] {
        var decisions: [AuthZENDecision] = []
        for item in items {
            let decision = decide(item, asking)
            decisions.append(decision)
            if semantic.ends(after: decision) { break }
        }
        return decisions
    }

    private func decide(_ item: JSONReader, _ asking: AuthZENAsking) -> AuthZENDecision {
        do throws(GateError) {
            return try asking.decide(AuthZENParts(item.members()).question(or: defaults, at: item.pointer))
        } catch {
            return .failed(error)
        }
    }
}
