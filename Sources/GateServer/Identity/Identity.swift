import GateCore

/// Who is asking: a user of a company, proven by the SSO's JWT, or the holder of one of Gate's own API tokens.
enum Identity: Hashable, Sendable {
    case user(UserIdentity)
    case token(Token)
}
