import GateCore

/// Something that a request names and Gate does not have: it is denied, and no error.
enum AuthZENUnknown: String, Error {
    case subjectType = "subject_type_unknown"
    case resourceType = "resource_type_unknown"
    case action = "action_unknown"
    /// No id of a user looks like that.
    case subject = "subject_unknown"
    /// No company of that id is registered.
    case company = "company_unknown"
}

/// What an action's name stands for. A name that is both a gate's and a permission's is the gate's.
enum AuthZENAction: Sendable {
    case gate(Gate)
    case permission(PermissionKey)
}

/// Gate's own words in those of AuthZEN: subjects of type `user`, resources of type `company`.
enum AuthZENVocabulary {
    static let subjectType = "user"
    static let resourceType = "company"

    static func user(_ subject: AuthZENEntity) throws(AuthZENUnknown) -> UserID {
        guard subject.type == subjectType else { throw .subjectType }
        guard let user = try? UserID(subject.id) else { throw .subject }
        return user
    }

    static func company(_ resource: AuthZENEntity) throws(AuthZENUnknown) -> CompanyID {
        guard resource.type == resourceType else { throw .resourceType }
        guard let company = try? CompanyID(resource.id) else { throw .company }
        return company
    }
}

extension Snapshot {
    func authZENAction(_ name: String) throws(AuthZENUnknown) -> AuthZENAction {
        if let gate = (try? GateName(name)).flatMap({ gates[$0] }) { return .gate(gate.value) }
        if let key = try? PermissionKey(name), permissions[key] != nil { return .permission(key) }
        throw .action
    }

    /// Whether a user may do it: the decision without its trace.
    func allows(_ action: AuthZENAction, _ subject: Subject) -> Bool {
        switch action {
        case .gate(let gate): allows(gate, subject)
        case .permission(let key): permission(key, of: subject).satisfied
        }
    }
}
