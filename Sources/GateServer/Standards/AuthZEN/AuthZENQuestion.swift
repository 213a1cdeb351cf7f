import GateCore

/// A subject or a resource (AuthZEN 1.0, "Information Model"): an id within a type.
struct AuthZENEntity: Hashable, Sendable {
    var type: String
    var id: String
}

/// Who would do what, on what: the three things that a decision is about.
struct AuthZENQuestion: Hashable, Sendable {
    var subject: AuthZENEntity
    /// The action's name.
    var action: String
    var resource: AuthZENEntity
}

/// The parts of a question that a request names; those of a batch stand in for what its items leave out.
///
/// A part is taken whole: nothing is merged within a subject, an action or a resource.
struct AuthZENParts: Sendable {
    var subject: AuthZENEntity?
    var action: String?
    var resource: AuthZENEntity?

    /// - Throws: for a part that is there and not whole.
    init(_ members: JSONMembers) throws(GateError) {
        subject = try members["subject"]?.authZENEntity()
        action = try members["action"]?.authZENAction()
        resource = try members["resource"]?.authZENEntity()
        _ = try members["context"]?.members()
    }

    /// - Parameter pointer: where the parts were read.
    /// - Throws: `member_missing` for the first part that neither these nor the defaults have.
    func question(or defaults: AuthZENParts? = nil, at pointer: String) throws(GateError) -> AuthZENQuestion {
        guard let subject = subject ?? defaults?.subject else { throw Self.missing("subject", pointer) }
        guard let action = action ?? defaults?.action else { throw Self.missing("action", pointer) }
        guard let resource = resource ?? defaults?.resource else { throw Self.missing("resource", pointer) }
        return AuthZENQuestion(subject: subject, action: action, resource: resource)
    }

    private static func missing(_ name: String, _ pointer: String) -> GateError {
        GateError(.memberMissing, "the member \(name) is missing", pointer: pointer + JSONPointer.text([name]))
    }
}

extension JSONReader {
    /// A subject or resource that is named: with type and id.
    func authZENEntity() throws(GateError) -> AuthZENEntity {
        AuthZENEntity(type: try authZENType(), id: try members().required("id").string())
    }

    /// The type of a subject or resource; an id is not looked at.
    func authZENType() throws(GateError) -> String {
        let members = try members()
        _ = try members["properties"]?.members()
        return try members.required("type").string()
    }

    /// The name of an action.
    func authZENAction() throws(GateError) -> String {
        let members = try members()
        _ = try members["properties"]?.members()
        return try members.required("name").string()
    }
}
