import GateCore

/// The document's named schemas: every body that the API takes or gives, by topic in the extensions of this.
enum Schemas {
    typealias Named = KeyValuePairs<String, JSONSchema>

    /// By name, in the order of the topics.
    static let all: [(name: String, schema: JSONSchema)] =
        [names, evaluation, events, states, history, manifests, rollouts, guards, secrets, ofrep, authZEN, system, problems].flatMap {
            $0.map { ($0.key, $0.value) }
        }
        + definitions.flatMap(\.schemas) + [(name: "Manifest", schema: manifest)]

    /// Names, times, and numbers of revisions.
    private static let names: Named = [
        "CompanyID": id("A company: the SSO's `company_sso_id`. Compared byte for byte.").example("acme"),
        "UserID": id("A user within a company: the SSO's `sub`. Compared byte for byte.").example("agent-7"),
        "FlagCode": name("A flag. Shares one namespace with gates.").example("cdp_create_ticket_embed"),
        "GateName": name("A gate. Shares one namespace with flags.").example("canCreateTicket"),
        "PermissionKey": name("A permission.").example("tickets_ticket_create"),
        "RoleName": name("A role.").example("support_agent"),
        "GroupName": name("A group of companies.").example("beta"),
        "StageName": name("A stage of a rollout.").example("beta"),
        "EntityID": name("The id of a token, schedule or webhook, made by the server.").example("read-2kq9x1"),
        "EventName": snakeCase("An event that is declared.").example("cdp_ticket_embed_opened"),
        "PropertyName": snakeCase("A property of an event.").example("contact_id"),
        "MetricName": snakeCase("A metric of a guard.").example("create_error"),
        "Moment": JSONSchema.string("A time in UTC, to the microsecond (RFC 3339).", format: "date-time").example("2026-12-01T09:00:00.000000Z"),
        "GivenMoment": JSONSchema.string("A time: RFC 3339, with at most six digits of a second.", pattern: Pattern.moment)
            .example("2026-12-01T09:00:00Z"),
        "Span": JSONSchema.string("A span of whole seconds.", pattern: Pattern.span(upTo: 3_650 * 86_400)).example("2h"),
        "Revision": JSONSchema.integer("The number of a change; 0 is the state before the first.", 0...).example(42),
        "Hash": JSONSchema.string("SHA-256, in hexadecimal.", pattern: Pattern.hash)
            .example("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    ]

    static func id(_ description: String) -> JSONSchema {
        .string(description, pattern: Pattern.id, least: 1, most: IdentifierRule.id.longest)
    }

    static func name(_ description: String) -> JSONSchema {
        .string(description, pattern: Pattern.name, least: 1, most: IdentifierRule.name.longest)
    }

    static func snakeCase(_ description: String) -> JSONSchema {
        .string(description, pattern: Pattern.snakeCase, least: 1, most: IdentifierRule.snakeCase.longest)
    }

    /// Text for people: no control characters.
    static func text(_ description: String, most: Int) -> JSONSchema { .string(description, pattern: Pattern.text, most: most) }
}

/// A kind of entity, whose JSON is the same in an answer, in a PUT's body and in a PATCH's, but for what may be missing.
struct Definition {
    let name: String
    let kind: EntityKind
    let description: String
    /// The members that the path says.
    let identity: Schemas.Named
    /// The others.
    let members: Schemas.Named
    /// Those that a PUT must have.
    var needed: Set<String> = []
    /// Those that are shown, and never taken from a body unless they say what is so anyway.
    var moved: Schemas.Named = [:]
    /// What a patch's members are, where that is more than the member or null.
    var patched: [String: JSONSchema] = [:]
    /// What a manifest has beside.
    var manifested: Schemas.Named = [:]
    /// A rule for the body of a PUT over several members.
    var rule: (keyword: String, value: JSONValue)?
    /// Of the entity as it is answered.
    let example: JSONValue
    let isPatched: Bool

    init(
        _ name: String, _ kind: EntityKind, _ description: String, identity: Schemas.Named, members: Schemas.Named, needed: Set<String> = [],
        moved: Schemas.Named = [:],
        patched: [String: JSONSchema] = [:], manifested: Schemas.Named = [:], rule: (keyword: String, value: JSONValue)? = nil,
        isPatched: Bool = true, example: JSONValue
    ) {
        self.name = name
        self.kind = kind
        self.description = description
        self.identity = identity
        self.members = members
        self.needed = needed
        self.moved = moved
        self.patched = patched
        self.manifested = manifested
        self.rule = rule
        self.isPatched = isPatched
        self.example = example
    }

    var schemas: [(name: String, schema: JSONSchema)] {
        var all = [(name, entity), ("\(name)Body", body)]
        if isPatched { all.append(("\(name)Patch", patch)) }
        all.append(("\(name)Manifest", manifest))
        return all.map { (name: $0.0, schema: $0.1) }
    }

    private var entity: JSONSchema {
        JSONSchema.object(description, required: Array(identity) + Array(members) + Array(moved), optional: []).example(example)
    }

    private var body: JSONSchema {
        let schema = JSONSchema.object(
            "\(description) What is left out, or null, is as it is by default.",
            required: members.filter { needed.contains($0.key) }.map { ($0.key, $0.value) },
            optional: members.filter { !needed.contains($0.key) }.map { ($0.key, $0.value.orNull) } + unmoved)
        return (rule.map { schema.with($0.keyword, $0.value) } ?? schema).example(request)
    }

    private var patch: JSONSchema {
        JSONSchema.object(
            "Members to change (JSON merge patch, RFC 7396); null brings the default back.", required: [],
            optional: members.map { ($0.key, patched[$0.key] ?? (needed.contains($0.key) ? $0.value : $0.value.orNull)) } + unmoved
        ).example(request)
    }

    /// As files have it: with its kind, and what names it under its own name or as `name`.
    private var manifest: JSONSchema {
        let own = manifest(identity.map { ($0.key, $0.value) })
        guard identity.count == 1, let one = identity.first, one.key != "name" else { return own }
        return .anyOf("\(description) `\(one.key)` may be written as `name`.", [own, manifest([("name", one.value)])])
    }

    private func manifest(_ names: [(key: String, value: JSONSchema)]) -> JSONSchema {
        let taken = Set(names.map(\.key))
        let free = (Array(members) + Array(manifested)).filter { !taken.contains($0.key) }
        let schema = JSONSchema.object(
            description,
            required: [("kind", .constant(kind.rawValue))] + names + free.filter { needed.contains($0.key) }.map { ($0.key, $0.value) },
            optional: free.filter { !needed.contains($0.key) }.map { ($0.key, $0.value.orNull) })
        return rule.map { schema.with($0.keyword, $0.value) } ?? schema
    }

    /// What the path says may be sent back as it was read.
    private var unmoved: [(key: String, value: JSONSchema)] { (Array(identity) + Array(moved)).map { ($0.key, $0.value.readOnly) } }

    private var request: JSONValue {
        let names = Set(members.map(\.key))
        return .object(JSONObject((example.objectValue?.members ?? []).filter { names.contains($0.name) }.map { ($0.name, $0.value) }))
    }
}
