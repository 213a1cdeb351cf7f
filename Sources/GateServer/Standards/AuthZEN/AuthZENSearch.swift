import GateCore
import HashTreeCollections

/// Who may do something, where somebody may do it, what somebody may do (AuthZEN 1.0, "Search APIs").
///
/// A search names everything but the id of what it looks for, and finds what an evaluation would permit.
enum AuthZENSearch: String, Sendable {
    /// The users of a company that Gate knows.
    case subject
    /// The registered companies, of those that the token is for.
    case resource
    /// Gates and permissions.
    case action

    /// How many candidates one request decides on, at most; the next page goes on from there.
    static let mostCandidates = 10_000

    /// Names among which a search looks, what makes one a result, and how it is then shown.
    private struct Field {
        var names: [any Sequence<String>]
        var isAllowed: (String) -> Bool
        var show: (String) -> JSONValue
    }

    /// - Throws: what is wrong with the request, or `right_missing` for a company that the token is not for.
    func answer(_ body: JSONReader, _ asking: AuthZENAsking) throws(GateError) -> JSONValue {
        let members = try body.members()
        _ = try members["context"]?.members()
        let field = try field(members, asking)
        let page = try AuthZENPage(members["page"], of: self, members)
        switch field {
        case .success(let field):
            let part = page.part(of: field.names, atMost: Self.mostCandidates, where: field.isAllowed)
            return [
                "page": ["next_token": .string(part.nextToken), "count": .integer(Int64(part.names.count))],
                "results": .array(part.names.map(field.show)),
            ]
        case .failure(let unknown):
            return ["page": ["next_token": "", "count": 0], "context": ["reason": .string(unknown.rawValue)], "results": []]
        }
    }

    private func field(_ members: JSONMembers, _ asking: AuthZENAsking) throws(GateError) -> Result<Field, AuthZENUnknown> {
        switch self {
        case .subject: try subjects(members, asking)
        case .resource: try resources(members, asking)
        case .action: try actions(members, asking)
        }
    }

    private func subjects(_ members: JSONMembers, _ asking: AuthZENAsking) throws(GateError) -> Result<Field, AuthZENUnknown> {
        let type = try members.required("subject").authZENType()
        let name = try members.required("action").authZENAction()
        let resource = try members.required("resource").authZENEntity()
        let state = asking.state
        let company: CompanyID
        let action: AuthZENAction
        do throws(AuthZENUnknown) {
            guard type == AuthZENVocabulary.subjectType else { throw AuthZENUnknown.subjectType }
            company = try AuthZENVocabulary.company(resource)
            action = try state.authZENAction(name)
        } catch {
            return .failure(error)
        }
        try asking.token.check(company)
        guard state.companies[company] != nil else { return .failure(.company) }
        return .success(
            Field(
                names: [(state.users[company] ?? [:]).keys.lazy.map(\.rawValue)],
                isAllowed: { state.allows(action, Subject(company: company, user: UserID(unchecked: $0))) },
                show: { ["type": .string(type), "id": .string($0)] }))
    }

    private func resources(_ members: JSONMembers, _ asking: AuthZENAsking) throws(GateError) -> Result<Field, AuthZENUnknown> {
        let subject = try members.required("subject").authZENEntity()
        let name = try members.required("action").authZENAction()
        let type = try members.required("resource").authZENType()
        let state = asking.state
        let user: UserID
        let action: AuthZENAction
        do throws(AuthZENUnknown) {
            guard type == AuthZENVocabulary.resourceType else { throw AuthZENUnknown.resourceType }
            user = try AuthZENVocabulary.user(subject)
            action = try state.authZENAction(name)
        } catch {
            return .failure(error)
        }
        let own = asking.token.companies.filter { state.companies[$0] != nil }
        let companies: any Sequence<String> = asking.token.companies.isEmpty ? state.companies.keys.lazy.map(\.rawValue) : own.map(\.rawValue)
        return .success(
            Field(
                names: [companies], isAllowed: { state.allows(action, Subject(company: CompanyID(unchecked: $0), user: user)) },
                show: { ["type": .string(type), "id": .string($0)] }))
    }

    private func actions(_ members: JSONMembers, _ asking: AuthZENAsking) throws(GateError) -> Result<Field, AuthZENUnknown> {
        let subject = try members.required("subject").authZENEntity()
        let resource = try members.required("resource").authZENEntity()
        let state = asking.state
        let asked: Subject
        do throws(AuthZENUnknown) {
            let company = try AuthZENVocabulary.company(resource)
            asked = Subject(company: company, user: try AuthZENVocabulary.user(subject))
        } catch {
            return .failure(error)
        }
        try asking.token.check(asked.company)
        guard state.companies[asked.company] != nil else { return .failure(.company) }
        // A key that is a gate's name too is asked about as the gate, and found once.
        let keys = state.permissions.keys.lazy.map(\.rawValue).filter { state.gates[GateName(unchecked: $0)] == nil }
        return .success(
            Field(
                names: [state.gates.keys.lazy.map(\.rawValue), keys],
                isAllowed: { name in (try? state.authZENAction(name)).map { state.allows($0, asked) } ?? false },
                show: { ["name": .string($0)] }))
    }
}
