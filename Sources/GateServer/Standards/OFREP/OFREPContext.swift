import GateCore

/// The evaluation context of a request: free members, of which Gate reads whom they mean.
struct OFREPContext: Sendable {
    /// Of a user's token, whatever the context says; of an API token, the company and user that the context names.
    let subject: Subject
    /// The whole context in one form, whatever the order of its members.
    let canonicalBytes: [UInt8]

    /// - Throws: `member_missing`, `type_mismatch`, `identifier_invalid` with a pointer into the body; what reading JSON throws.
    init(_ call: Call) async throws {
        try call.requireMediaType(["application/json"])
        let (body, _) = try await call.json()
        let context = try body.members().required("context")
        let members = try context.members()
        // Every OpenFeature client sends one. It counts where the token does not say who is meant.
        if members.has("targetingKey") { _ = try members.present("targetingKey").string() }
        subject = try Self.subject(members, call)
        canonicalBytes = context.value.canonicalBytes
    }

    private static func subject(_ members: JSONMembers, _ call: Call) throws(GateError) -> Subject {
        if case .user(let user) = call.identity { return Subject(company: user.company, user: user.user, tokenRoles: user.roles) }
        guard members.has("targetingKey"), members.object["targetingKey"]?.stringValue != "" else {
            throw members.missing("targetingKey", "the user")
        }
        let user: UserID = try members.present("targetingKey").identifier()
        let names = ["companyId", "company_id"].filter { members.has($0) }
        guard let name = names.first else { throw members.missing("companyId", "the company") }
        let company: CompanyID = try members.present(name).identifier()
        guard names.allSatisfy({ members.object[$0] == members.object[name] }) else {
            throw GateError(.textInvalid, "companyId and company_id name two companies: one is enough", pointer: members.pointer + "/company_id")
        }
        try call.token.check(company)
        return Subject(company: company, user: user)
    }
}

extension JSONMembers {
    fileprivate func has(_ name: String) -> Bool { object.members.contains { $0.name == name } }

    /// The member, null included.
    fileprivate func present(_ name: String) -> JSONReader { JSONReader(object[name] ?? .null, pointer: "\(pointer)/\(name)") }

    fileprivate func missing(_ name: String, _ meaning: String) -> GateError {
        GateError(.memberMissing, "with an API token the context must name \(meaning): \(name) is missing", pointer: "\(pointer)/\(name)")
    }
}
