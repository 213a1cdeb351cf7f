import GateCore
import HTTPTypes
import NIOHTTP1

/// The answers of an operation: what it answers when all is well, and every way in which it is refused.
struct OpenAPIAnswers {
    let endpoint: Endpoint

    /// By status.
    var json: JSONValue {
        var answers: [(Int, JSONValue)] = endpoint.answers.map { ($0.status, outcome($0)) }
        if endpoint.manners.contains(.cached) { answers.append((304, Self.unchanged(headers))) }
        answers += Self.errors(of: endpoint).map { ($0, ["$ref": .string("#/components/responses/\(endpoint.errors.name)\($0)")]) }
        return .object(JSONObject(answers.sorted { $0.0 < $1.0 }.map { ("\($0.0)", $0.1) }))
    }

    private func outcome(_ outcome: Outcome) -> JSONValue {
        var object: JSONObject = ["description": .string(Self.meaning(outcome.status))]
        if !headers.members.isEmpty { object["headers"] = .object(headers) }
        if let content = outcome.content {
            object["content"] = .object(JSONObject(content.mediaTypes.map { ($0, ["schema": .object(content.schema.json)]) }))
        }
        return .object(object)
    }

    private static func unchanged(_ headers: JSONObject) -> JSONValue {
        ["description": "It is what the client has.", "headers": .object(headers)]
    }

    private static func meaning(_ status: Int) -> String {
        switch status {
        case 201: "It was not there before."
        case 202: "It is stored."
        default: "All is well."
        }
    }

    private var headers: JSONObject {
        var headers: JSONObject = [:]
        func add(_ name: String) { headers[name] = ["$ref": .string("#/components/headers/\(name)")] }
        if !endpoint.manners.isDisjoint(with: [.cached, .revisioned]) { add("ETag") }
        if !endpoint.manners.isDisjoint(with: [.ofState, .revisioned, .writing]) { add("Gate-Revision") }
        if endpoint.manners.contains(.writing) { add("Idempotency-Replayed") }
        if endpoint.manners.contains(.metered) {
            add("RateLimit")
            add("RateLimit-Policy")
        }
        return headers
    }

    /// Every status of an error that it can end in.
    static func errors(of endpoint: Endpoint) -> [Int] {
        // What the transport refuses, and what may be wrong with any server.
        var statuses: Set<Int> = [400, 408, 414, 417, 431, 500, 503]
        if !endpoint.mediaTypes.isEmpty { statuses.insert(406) }
        if endpoint.access.looksAtCredential { statuses.formUnion([401, 403, 429]) }
        if endpoint.access == .streamToken { statuses.formUnion([401, 429]) }
        // To users there is nothing.
        if endpoint.access.looksAtCredential && !endpoint.access.admitsUsers || endpoint.path.contains("{") { statuses.insert(404) }
        if endpoint.takes != nil { statuses.formUnion([413, 415]) }
        if endpoint.manners.contains(.writing) { statuses.formUnion([409, 422, 507]) }
        if endpoint.manners.contains(.conditional) { statuses.insert(412) }
        return statuses.union(endpoint.failures).subtracting(endpoint.errors.absent).sorted()
    }
}

/// The components that every document has: headers, and a response for each status of an error.
enum OpenAPIComponents {
    static let headers: JSONValue = [
        "ETag": header("A strong entity tag.", .string("Quoted.", pattern: "^\"[^\"]+\"$")),
        "Gate-Revision": header(
            "The state that answered, or the revision that was made.", JSONSchema.string("`<incarnation>-<revision>`", pattern: Pattern.position)),
        "Idempotency-Replayed": header("`true`: this is the receipt of before.", JSONSchema.constant("true")),
        "RateLimit": header(
            "What is left of the rate, and in how many seconds it is whole again (draft-ietf-httpapi-ratelimit-headers).",
            JSONSchema.string("A structured field.").example("\"writes_per_token\";r=19;t=1")),
        "RateLimit-Policy": header(
            "The rate: so many in so many seconds.", JSONSchema.string("A structured field.").example("\"writes_per_token\";q=20;w=4")),
        "Retry-After": header("After so many seconds it is worth trying again.", .integer("Whole seconds.", 1...)),
        "WWW-Authenticate": header("How to say who you are.", .string("A challenge.")),
    ]

    private static func header(_ description: String, _ schema: JSONSchema) -> JSONValue {
        ["description": .string(description), "schema": .object(schema.json)]
    }

    /// What an error's answer says beside its body.
    private static func headers(_ status: Int) -> JSONValue? {
        func refs(_ names: [String]) -> JSONValue {
            .object(JSONObject(names.map { ($0, ["$ref": .string("#/components/headers/\($0)")]) }))
        }
        switch status {
        case 401: return refs(["WWW-Authenticate"])
        case 429: return refs(["Retry-After", "RateLimit", "RateLimit-Policy"])
        case 503: return refs(["Retry-After"])
        default: return nil
        }
    }

    /// A response for each status that any endpoint's errors have, in the shape that they have there.
    static func responses(_ endpoints: [Endpoint]) -> JSONValue {
        var responses: [String: JSONValue] = [:]
        for endpoint in endpoints {
            for status in OpenAPIAnswers.errors(of: endpoint) where responses["\(endpoint.errors.name)\(status)"] == nil {
                responses["\(endpoint.errors.name)\(status)"] = response(status, endpoint.errors)
            }
        }
        return .object(JSONObject(responses.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }))
    }

    private static func response(_ status: Int, _ shape: ErrorShape) -> JSONValue {
        let known = GateError.Code.answered.filter { $0.meaning.status.code == status }.map(\.rawValue)
        let codes = RequestRefusal.Code.allCases.filter { $0.status.code == status }.map(\.rawValue)
        let all = known + codes.filter { !known.contains($0) }
        var object: JSONObject = ["description": .string("\(title(status)): " + all.map { "`\($0)`" }.joined(separator: ", ") + ".")]
        object["headers"] = headers(status)
        var content: JSONObject = [:]
        // What never got to a route has the transport's shape, whatever the path's is.
        if shape.content == nil || !codes.isEmpty || status == 404 {
            content["application/problem+json"] = ["schema": problem(all, status)]
        }
        for type in shape.content?.mediaTypes ?? [] { content[type] = ["schema": .object(shape.content?.schema.json ?? [:])] }
        object["content"] = .object(content)
        return .object(object)
    }

    private static func problem(_ codes: [String], _ status: Int) -> JSONValue {
        [
            "allOf": [["$ref": "#/components/schemas/Problem"]],
            "properties": [
                "status": ["const": .integer(Int64(status))], "code": ["enum": .array(codes.map { .string($0) })],
            ],
        ]
    }

    private static func title(_ status: Int) -> String {
        status == 507 ? "Insufficient Storage" : HTTPResponse.Status(code: status).reasonPhrase
    }
}

extension GateError.Code {
    /// The codes that an answer can have: what stops a server from starting is never answered, and what went wrong inside says no more.
    static let answered = allCases.filter { $0.meaning.status.code != 500 || $0 == .outcomeUnknown || $0 == .unexpected }
}
