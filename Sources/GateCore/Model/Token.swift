/// An API token as it is stored: what it may do, never its secret.
package struct Token: Hashable, Sendable {
    /// What a token may do. Which kind may use which route is one table: `Endpoint.access`.
    package enum Kind: String, Sendable, CaseIterable {
        /// Everything.
        case admin
        /// Set, clear, undo, roll back, resume, and every read; may be limited to named flags and companies.
        case ops
        /// Every read, the history included.
        case read
        /// Evaluates for the companies it is limited to, or all, and any user it names.
        case service
        /// Posts events.
        case events
    }

    package var id: TokenID
    package var kind: Kind
    /// What it is for, in a person's words.
    package var name: String
    /// The flags it is limited to; none means all. For `ops`.
    package var flags: [FlagCode]
    /// The companies it is limited to; none means all. For `ops`, `service` and `events`.
    package var companies: [CompanyID]
    package var createdAt: Timestamp
    package var expiresAt: Timestamp
    /// SHA-256 of the token's text, in hexadecimal. The text has 256 random bits, so this gives nothing away.
    package var digest: String

    package init(
        id: TokenID, kind: Kind, name: String, flags: [FlagCode] = [], companies: [CompanyID] = [],
        createdAt: Timestamp, expiresAt: Timestamp, digest: String
    ) {
        self.id = id
        self.kind = kind
        self.name = name
        self.flags = flags
        self.companies = companies
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.digest = digest
    }

    /// How long a token lives unless told otherwise.
    package static let defaultLife = TimeSpan(seconds: 90 * 86_400)
}

extension Token: EntityValue {
    package init(_ reader: JSONReader) throws(GateError) {
        let members = try reader.members(["id", "kind", "name", "flags", "companies", "created_at", "expires_at", "digest"])
        let kindReader = try members.required("kind")
        guard let kind = Kind(rawValue: try kindReader.string()) else {
            throw GateError(
                .textInvalid, "\(kindReader.pointer) must be one of \(Kind.allCases.map(\.rawValue).joined(separator: ", "))",
                pointer: kindReader.pointer)
        }
        let digest = try members.required("digest").string()
        self.init(
            id: try members.required("id").identifier(), kind: kind, name: try members["name"]?.text(longest: Company.longestName) ?? "",
            flags: try members["flags"]?.identifiers(atMost: 100) ?? [], companies: try members["companies"]?.identifiers(atMost: 100) ?? [],
            createdAt: try Timestamp(members.required("created_at").string()), expiresAt: try Timestamp(members.required("expires_at").string()),
            digest: digest)
    }

    package var json: JSONValue {
        [
            "id": .string(id.rawValue), "kind": .string(kind.rawValue), "name": .string(name),
            "flags": .strings(flags), "companies": .strings(companies),
            "created_at": .string(createdAt.description), "expires_at": .string(expiresAt.description),
            "digest": .string(digest),
        ]
    }
}
