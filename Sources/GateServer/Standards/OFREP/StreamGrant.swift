import GateCore

/// What a stream token stands for: whose answers may be followed, on which credential, and until when. Nothing else can be done with it.
struct StreamGrant: Hashable, Sendable {
    /// The credential behind it: when that ends, the token is worth nothing.
    enum Basis: Hashable, Sendable {
        /// A user's token, verified under these keys.
        case user(keys: String)
        case token(TokenID)
    }

    var subject: Subject
    var basis: Basis
    var expiresAt: Timestamp

    /// The grant for who has shown a credential. Within the hour it is the same.
    ///
    /// - Parameter keys: the fingerprint of the keys that users' tokens are verified under.
    init(_ identity: Identity, _ subject: Subject, keys: String, now: Timestamp) {
        let credentialEnd: Timestamp
        switch identity {
        case .user(let user): (basis, credentialEnd) = (.user(keys: keys), user.expiresAt)
        case .token(let token): (basis, credentialEnd) = (.token(token.id), token.expiresAt)
        }
        self.subject = subject
        expiresAt = min(Self.end(of: subject, now), credentialEnd)
    }

    private static let hour: Int64 = 3_600
    /// A token that is fetched as the hour ends must still be good for something.
    private static let grace: Int64 = 300
    /// Not all streams end at once, or everybody would evaluate again in the same second.
    private static let spread: UInt32 = 600

    private static func end(of subject: Subject, _ now: Timestamp) -> Timestamp {
        let hours = now.microseconds / 1_000_000 / hour
        let offset = Int64(MurmurHash3.hash(Array("\(subject.company)/\(subject.user)".utf8)) % spread)
        return Timestamp(microseconds: ((hours + 1) * hour + grace + offset) * 1_000_000)
    }
}

extension StreamGrant {
    init(_ reader: JSONReader) throws(GateError) {
        let members = try reader.members(["c", "u", "r", "k", "t", "e"])
        subject = Subject(
            company: try members.required("c").identifier(), user: try members.required("u").identifier(),
            tokenRoles: try members.required("r").identifiers(atMost: .max))
        if let token = members["t"] {
            basis = .token(try token.identifier())
        } else {
            basis = .user(keys: try members.required("k").string())
        }
        expiresAt = Timestamp(microseconds: try members.required("e").integer(in: 0...Int64.max))
    }

    /// With short names: it goes into a URL.
    var json: JSONValue {
        var object: JSONObject = [
            "c": .string(subject.company.rawValue), "u": .string(subject.user.rawValue), "r": .strings(subject.tokenRoles),
            "e": .integer(expiresAt.microseconds),
        ]
        switch basis {
        case .user(let keys): object["k"] = .string(keys)
        case .token(let id): object["t"] = .string(id.rawValue)
        }
        return .object(object)
    }
}
