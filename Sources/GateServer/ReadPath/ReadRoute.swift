import Crypto
import GateCore

/// The reads that front ends make all day. One shape serves them in front of the router and behind it.
enum ReadRoute: Hashable, Sendable {
    case featureFlags
    case permissions
    case gates
    case gate(GateName)

    /// The route of a path without a query; nil for any other.
    init?(path: some StringProtocol) {
        switch path {
        case "/v1/feature_flags": self = .featureFlags
        case "/v1/permissions": self = .permissions
        case "/v1/gates": self = .gates
        default:
            guard path.hasPrefix("/v1/gates/"), let name = try? GateName(String(path.dropFirst(10))) else { return nil }
            self = .gate(name)
        }
    }

    /// The path as the router has it.
    var template: String {
        switch self {
        case .featureFlags: "/v1/feature_flags"
        case .permissions: "/v1/permissions"
        case .gates: "/v1/gates"
        case .gate: "/v1/gates/{name}"
        }
    }

    /// The gates' answers in the body for a subject, to be counted.
    func decisions(_ state: Snapshot, _ subject: Subject) -> [Decision] {
        switch self {
        case .featureFlags, .permissions: []
        case .gates: state.gates.values.map { state.decide($0.value, subject) }
        case .gate(let name): state.decide(name, subject).map { [$0] } ?? []
        }
    }

    /// The body for a subject; nil when there is nothing of that name.
    ///
    /// - Parameter clientsOnly: leaves out what is kept from user tokens.
    func body(_ state: Snapshot, _ subject: Subject, clientsOnly: Bool) -> [UInt8]? {
        switch self {
        case .featureFlags: Answers.featureFlags(state, subject.company, clientsOnly: clientsOnly)
        case .permissions: Answers.permissions(state, subject)
        case .gates: Answers.gates(state, subject, clientsOnly: clientsOnly)
        case .gate(let name): Answers.gate(state, name, subject, clientsOnly: clientsOnly)
        }
    }
}

/// What an answer depends on, each with the revision that last changed it. An answer with the same stamp is the same answer.
struct AnswerStamp: Hashable, Sendable {
    private var flags: Revision
    private var permissions: Revision
    private var gates: Revision
    /// -1 where the company or user is not there.
    private var company: Revision
    private var user: Revision

    init(_ state: Snapshot, _ subject: Subject) {
        flags = state.flagsTouchedAt
        permissions = state.permissionsTouchedAt
        gates = state.gatesTouchedAt
        company = state.companyTouchedAt(subject.company)
        user = state.user(subject.company, subject.user)?.revision ?? -1
    }
}

/// Strong entity tags: over the body and the incarnation of the database.
enum EntityTag {
    /// - Parameter context: what else the answer is for, where the request has it in its body.
    static func make(_ body: [UInt8], incarnation: String, context: [UInt8] = []) -> String {
        var hash = SHA256()
        hash.update(data: Array(incarnation.utf8))
        // Both are JSON texts: one cannot go on in the other.
        hash.update(data: context)
        hash.update(data: body)
        return "\"" + Array(hash.finalize()).prefix(16).hexadecimal + "\""
    }

    /// Whether an If-None-Match header names the tag (weak comparison, RFC 9110 §13.1.2).
    static func matches(_ header: String?, _ tag: String) -> Bool {
        guard let header else { return false }
        if header == tag || header == "*" { return true }
        return header.split(separator: ",").contains { candidate in
            let trimmed = candidate.trimmingPrefix { $0 == " " }
            let bare = trimmed.hasPrefix("W/") ? trimmed.dropFirst(2) : trimmed
            return bare.prefix(while: { $0 != " " }) == tag
        }
    }
}
