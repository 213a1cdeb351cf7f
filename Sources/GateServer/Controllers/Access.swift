import GateCore

/// Who may use a route: the one table is the endpoints' own `access`.
enum Access: Sendable, Hashable {
    /// Anybody, without a credential.
    case open
    /// Who shows a stream token in the URL: the endpoint reads that, and no other credential is looked at.
    case streamToken
    /// Users, about themselves; and API tokens that may read or evaluate.
    case evaluation
    /// API tokens that may read or evaluate, about anybody; no users.
    case backEnds
    /// Users, about themselves; and API tokens that may post events.
    case telemetry
    /// API tokens that may read everything.
    case read
    /// API tokens that may set and hold.
    case operate
    /// Admin tokens.
    case administer

    var kinds: Set<Token.Kind> {
        switch self {
        case .open: Set(Token.Kind.allCases)
        case .streamToken: []
        case .evaluation, .backEnds: [.admin, .ops, .read, .service]
        case .telemetry: [.admin, .events]
        case .read: [.admin, .ops, .read]
        case .operate: [.admin, .ops]
        case .administer: [.admin]
        }
    }

    var admitsUsers: Bool { self == .evaluation || self == .telemetry || self == .open }

    /// Whether the request's credential says who asks.
    var looksAtCredential: Bool { self != .open && self != .streamToken }

    /// - Throws: `right_missing`, naming the right; for users the 404 of a path that does not exist.
    func check(_ identity: Identity) throws(GateError) {
        switch identity {
        case .user: if !admitsUsers { throw Problem.notFound }
        case .token(let token):
            guard kinds.contains(token.kind) else {
                let needed = kinds.map(\.rawValue).sorted().joined(separator: " or ")
                throw GateError(.rightMissing, "this needs a token of kind \(needed); this one is of kind \(token.kind.rawValue)")
            }
        }
    }
}

extension Token {
    /// - Throws: `right_missing` for a company that the token is not for.
    func check(_ company: CompanyID) throws(GateError) {
        guard companies.isEmpty || companies.contains(company) else {
            throw GateError(.rightMissing, "this token is limited to other companies than \(company)")
        }
    }
}
