import GateCore

/// Whose answers a stream follows, and on whose credential.
struct Subscription: Sendable {
    /// What a stream tells.
    enum Form: Sendable {
        /// The answers themselves: all of them, then those that change.
        case answers
        /// That there are other answers: OFREP's `refetchEvaluation`.
        case refetch
    }

    var subject: Subject
    var form: Form
    /// Leaves out what is kept from user tokens.
    var clientsOnly: Bool
    /// The API token behind it; nil for a user's.
    var token: TokenID?
    /// When the credential ends, and the stream with it.
    var expiresAt: Timestamp
    /// The generation of keys that a user's token was verified under.
    var keyGeneration: Int
    /// The position that the client has seen.
    var lastEventID: Position?
    /// The origin to admit, where the request came from an allowed one.
    var origin: String?

    init(_ identity: Identity, _ subject: Subject, form: Form = .answers, keyGeneration: Int, lastEventID: String?, origin: String?) {
        self.subject = subject
        self.form = form
        self.keyGeneration = keyGeneration
        self.lastEventID = lastEventID.flatMap { Position($0) }
        self.origin = origin
        switch identity {
        case .user(let user): (clientsOnly, token, expiresAt) = (true, nil, user.expiresAt)
        case .token(let stored): (clientsOnly, token, expiresAt) = (false, stored.id, stored.expiresAt)
        }
    }

    /// Whom the limit of streams counts: a user, or a user whom an API token names, so that who looks on ends nobody's own streams.
    var limitKey: String { "\(token.map { "\($0)/" } ?? "")\(subject.company)/\(subject.user)" }
}
