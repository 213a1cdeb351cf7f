import GateCore
import HTTPTypes

/// One endpoint, as the document has it.
struct OpenAPIOperation {
    let endpoint: Endpoint

    var json: JSONValue {
        var object: JSONObject = [
            "operationId": .string(identifier), "summary": .string(endpoint.summary), "tags": [.string(OpenAPITag(path: endpoint.path).rawValue)],
        ]
        if endpoint.access.looksAtCredential { object["description"] = .string(audience) }
        object["security"] = security
        let parameters = pathParameters + queryParameters + OpenAPIParameter.headers(of: endpoint)
        if !parameters.isEmpty { object["parameters"] = .array(parameters.map(\.json)) }
        if let body = endpoint.takes {
            object["requestBody"] = [
                "required": .bool(!body.isOptional),
                "content": .object(JSONObject(body.mediaTypes.map { ($0, ["schema": .object(body.schema.json)]) })),
            ]
        }
        object["responses"] = OpenAPIAnswers(endpoint: endpoint).json
        return .object(object)
    }

    /// Such as `getAdminFlagsByCode`.
    private var identifier: String {
        let parts = endpoint.path.split { $0 == "/" || $0 == "." || $0 == "_" || $0 == "-" }.filter { $0 != "v1" }
        return endpoint.method.rawValue.lowercased()
            + parts.map { part in
                let name = part.filter { $0 != "{" && $0 != "}" }
                return (part.hasPrefix("{") ? "By" : "") + name.prefix(1).uppercased() + name.dropFirst()
            }.joined()
    }

    private var audience: String {
        let kinds = Token.Kind.allCases.filter(endpoint.access.kinds.contains).map { "`\($0.rawValue)`" }.joined(separator: ", ")
        return (endpoint.access.admitsUsers ? "For users, about themselves; and for API tokens of the kinds " : "For API tokens of the kinds ")
            + kinds + "."
    }

    private var security: JSONValue {
        if !endpoint.access.looksAtCredential { return [] }
        return endpoint.access.admitsUsers ? [["apiToken": []], ["userToken": []], ["userCookie": []]] : [["apiToken": []]]
    }

    private var pathParameters: [OpenAPIParameter] {
        endpoint.path.split(separator: "/").filter { $0.hasPrefix("{") }.map { .path(String($0.dropFirst().dropLast()), in: endpoint.path) }
    }

    private var queryParameters: [OpenAPIParameter] { endpoint.documented.sorted().map { .query($0, of: endpoint) } }
}

/// What the operations are grouped by.
enum OpenAPITag: String, CaseIterable {
    case answers, events, definitions, states, users, rollouts, history, manifests, secrets, standards, system

    var description: String {
        switch self {
        case .answers: "What front ends and back ends ask: flags, permissions, gates, live or not."
        case .events: "Telemetry: posted by clients, read back by who may read."
        case .definitions: "Companies, flags, permissions, roles, gates and event types."
        case .states: "Flags for companies, and holds."
        case .users: "What users have within a company."
        case .rollouts: "Staged rollouts, their guards, and what waits to be done."
        case .history: "Every change: shown, undone, verified; and why an answer is what it is."
        case .manifests: "Definitions as files have them."
        case .secrets: "API tokens and webhooks."
        case .standards: "Foreign clients' protocols: OFREP and AuthZEN."
        case .system: "The server itself, and the files it serves."
        }
    }

    init(path: String) {
        let parts = path.split(separator: "/").map { String($0) }
        switch (parts.first, parts.dropFirst().first, parts.dropFirst(2).first) {
        case ("ofrep", _, _), ("access", _, _), (".well-known", _, _): self = .standards
        case ("v1", "admin", let third?): self = Self.administration(third, parts)
        case ("v1", "events", _): self = .events
        case ("v1", _, _): self = .answers
        default: self = .system
        }
    }

    private static func administration(_ noun: String, _ parts: [String]) -> OpenAPITag {
        switch noun {
        case "events": .events
        case "changes", "audit", "explain": .history
        case "plan", "apply", "export", "import": .manifests
        case "tokens", "webhooks": .secrets
        case "schedules": .rollouts
        case "streams", "status", "backup": .system
        case "flags" where parts.contains("rollout") || parts.contains("guard"): .rollouts
        case "flags" where parts.contains("companies") || parts.contains("holds"): .states
        case "companies" where parts.contains("users"): .users
        default: .definitions
        }
    }
}
