import GateCore

/// A parameter of a request, as the document has it.
struct OpenAPIParameter: Sendable {
    enum Place: String, Sendable {
        case path, query, header
    }

    var name: String
    var place: Place
    var description: String
    var schema: JSONSchema
    var isRequired = false

    var json: JSONValue {
        var object: JSONObject = ["name": .string(name), "in": .string(place.rawValue), "description": .string(description)]
        if isRequired { object["required"] = true }
        object["schema"] = .object(schema.json)
        return .object(object)
    }
}

extension OpenAPIParameter {
    /// A part of the path.
    ///
    /// - Parameter path: tells apart what is called alike.
    static func path(_ name: String, in path: String) -> OpenAPIParameter {
        let (description, schema): (String, JSONSchema) =
            switch name {
            case "company": ("The company.", .ref("CompanyID"))
            case "user": ("The user.", .ref("UserID"))
            case "code": ("The flag.", .ref("FlagCode"))
            case "key" where path.hasPrefix(OFREPController.path): ("A flag's code or a gate's name.", Schemas.name("The key."))
            case "key": ("The permission.", .ref("PermissionKey"))
            case "revision": ("The change.", .integer("A revision.", in: 1...Int64.max))
            case "name" where path.contains("/gates/"): ("The gate.", .ref("GateName"))
            case "name" where path.contains("/event_types/"): ("The event.", .ref("EventName"))
            case "name" where path.contains("/roles/"): ("The role.", .ref("RoleName"))
            default: ("Its id.", .ref("EntityID"))
            }
        return OpenAPIParameter(name: name, place: .path, description: description, schema: schema, isRequired: true)
    }

    /// A query parameter that an endpoint knows.
    static func query(_ name: String, of endpoint: Endpoint) -> OpenAPIParameter {
        let isExplaining = endpoint.path.hasSuffix("/explain")
        func made(_ description: String, _ schema: JSONSchema, isRequired: Bool = false) -> OpenAPIParameter {
            OpenAPIParameter(name: name, place: .query, description: description, schema: schema, isRequired: isRequired)
        }
        switch name {
        case "reason":
            return made(
                "Why: it stays in the history.",
                JSONSchema.string("At most 500 characters.", pattern: Pattern.saying, least: 1, most: WriteRequest.longestReason)
                    .example("errors at Acme"), isRequired: true)
        case "dry_run": return made("Plans and stops: nothing is written.", .boolean("False by default."))
        case "new_company": return made("Registers a company that is not known, instead of refusing.", .boolean("False by default."))
        case "force": return made("Takes the step whatever the criteria say.", .boolean("False by default."))
        case "wait":
            return made(
                "Holds the receipt until every live stream concerned has been written the revision, at most so long.",
                JSONSchema.string("At most 30 s.", pattern: Pattern.span(upTo: 30)).example("2s"))
        case "for":
            return made(
                "Takes it back after so long. Not together with `at`.",
                JSONSchema.string("At most 366 d.", pattern: Pattern.span(upTo: Deferral.furthest.seconds)).example("2h"))
        case "at": return made("Does it then, within 366 days. Not together with `for`.", .ref("GivenMoment"))
        case "limit": return made("How many at most.", JSONSchema.integer("Of one page.", in: 1...Int64(Page.largestLimit)).byDefault(100))
        case "after" where endpoint.path.hasSuffix("/changes"):
            return made("Those before this revision.", .integer("The `next` of the page before.", 1...))
        case "after" where endpoint.path.hasSuffix("/events"):
            return made("Those with a greater sequence; without it, the newest.", .integer("The `next` of the page before, or 0.", 0...))
        case "after": return made("Where the page before ended.", .string("Its `next`."))
        case "company_id" where isExplaining: return made("The company.", .ref("CompanyID"), isRequired: true)
        case "user_id" where isExplaining: return made("The user, for a gate.", .ref("UserID"))
        case "company_id": return made("The company that an API token asks for; refused with a user's token.", .ref("CompanyID"))
        case "user_id": return made("The user that an API token asks for; refused with a user's token.", .ref("UserID"))
        case "company": return made("Only this company's.", .ref("CompanyID"))
        case "group": return made("Only companies in this group.", .ref("GroupName"))
        case "flag" where isExplaining: return made("The flag. Either this or `gate`.", .ref("FlagCode"))
        case "flag": return made("Only this flag's.", .ref("FlagCode"))
        case "gate": return made("The gate. Either this or `flag`.", .ref("GateName"))
        case "event": return made("Only this event's.", .ref("EventName"))
        case "actor": return made("Only this one's, as `token/<id>`.", .string("As changes have it."))
        case "state": return made("Only companies whose explicit state this is.", .word("The state.", ["on", "off", "none"]))
        case "stage": return made("Another stage than the current one.", .ref("StageName"))
        case "since": return made("How far back; 7 d by default.", .ref("Span"))
        case "kind": return made("Only definitions of this kind.", entityKind)
        case "token": return made("What `eventStreams` gave.", .string("A stream token."), isRequired: true)
        case "flagConfigEtag": return made("What a stream said: no older state answers.", .string("As the event has it."))
        case "flagConfigLastModified": return made("What a stream said.", .string("As the event has it."))
        default: return made("", .string(""))
        }
    }

    private static let entityKind = Schemas.entityKind

    /// The header fields that an endpoint looks at.
    static func headers(of endpoint: Endpoint) -> [OpenAPIParameter] {
        func made(_ name: String, _ description: String, _ schema: JSONSchema) -> OpenAPIParameter {
            OpenAPIParameter(name: name, place: .header, description: description, schema: schema)
        }
        var headers: [OpenAPIParameter] = []
        if endpoint.manners.contains(.cached) {
            headers.append(made("If-None-Match", "The `ETag` of an answer that is known: then 304.", .string("One or several, or `*`.")))
        }
        if endpoint.manners.contains(.ofState) {
            headers.append(
                made(
                    "Gate-Min-Revision",
                    "No older state answers: it is waited for up to a second, then 503. Another incarnation's counts for nothing.",
                    JSONSchema.string("As `Gate-Revision` has it.", pattern: Pattern.position).example("5f0c1d2e3a4b5c6d-42")))
        }
        if endpoint.manners.contains(.conditional) {
            headers.append(
                made(
                    "If-Match", "Refuses the write (412) unless the entity is at this revision; `\"0\"`: is absent.",
                    JSONSchema.string("Its `ETag`.", pattern: "^\"(?:0|[1-9][0-9]{0,17})\"$").example("\"42\"")))
        }
        if endpoint.manners.contains(.writing) {
            headers.append(
                made(
                    "Idempotency-Key", "Sent again with the same request within 24 hours, the receipt is replayed; with another it is 422.",
                    JSONSchema.string("Visible ASCII.", pattern: "^[\\x21-\\x7e]{1,100}$", least: 1, most: 100).example("9b2f0c4e")))
        }
        if endpoint.manners.contains(.echoing) {
            headers.append(
                made("X-Request-ID", "Comes back, where it is 1 to 256 printable ASCII characters.", .string("The client's own name for it.")))
        }
        if endpoint.isEndless {
            headers.append(made("Last-Event-ID", "The last event that was seen: what differs since is sent.", .string("As events have it.")))
        }
        return headers
    }
}
