import GateCore
import HTTPTypes
import Hummingbird

/// API tokens: made, listed, revoked.
enum TokenController {
    static let endpoints: [Endpoint] = [
        .list("/v1/admin/tokens", "Every API token, with its last use; never its secret", of: "Token", access: .administer) { call in
            let uses = try await call.service.history.lastUses()
            let tokens = call.snapshot.tokens.values.map(\.value).sorted { $0.id < $1.id }
            return .list(try Page(tokens.map { (name: $0.id.rawValue, item: shown($0, uses[$0.id])) }, call.query))
        },
        .write(
            .post, "/v1/admin/tokens", .administer, "Makes an API token; it is shown this once", takes: "NewToken", isAboutOne: false,
            deferring: .never
        ) { call in try await create(call) }.describing(201, "MadeToken"),
        Endpoint(.get, "/v1/admin/tokens/{id}", .administer, "One API token", answers: "Token", manners: [.revisioned]) { call in
            let ref = EntityRef.token(try call.parameter("id"))
            let uses = try await call.service.history.lastUses()
            guard case .token(let token) = call.snapshot.entity(ref).entity else { throw Planner.unknown(ref) }
            return try call.entity(ref) { _ in shown(token, uses[token.id]) }
        },
        .write(.delete, "/v1/admin/tokens/{id}", .administer, "Revokes an API token", deferring: .never) { call in
            let ref = EntityRef.token(try call.parameter("id"))
            return try await call.write(.delete(ref), about: ref)
        },
    ]

    private static func shown(_ token: Token, _ lastUse: Timestamp?) -> JSONValue {
        guard case .object(var object) = Entity.token(token).shown else { return .null }
        object["last_used_at"] = lastUse.map { .string($0.description) } ?? .null
        return .object(object)
    }

    private static func create(_ call: Call) async throws -> Reply {
        let (reader, body) = try await call.json()
        let members = try reader.members(["kind", "name", "flags", "companies", "expires_in"])
        var life = Token.defaultLife
        if let text = members["expires_in"] { life = try TimeSpan(text.string(), at: text.pointer) }
        let kindReader = try members.required("kind")
        guard let kind = Token.Kind(rawValue: try kindReader.string()) else {
            throw GateError(
                .textInvalid, "the kind must be one of \(Token.Kind.allCases.map(\.rawValue).joined(separator: ", "))", pointer: kindReader.pointer)
        }
        let flags: [FlagCode] = try members["flags"]?.identifiers(atMost: 100) ?? []
        let companies: [CompanyID] = try members["companies"]?.identifiers(atMost: 100) ?? []
        guard flags.isEmpty || kind == .ops, companies.isEmpty || [.ops, .service, .events].contains(kind) else {
            throw GateError(
                .textInvalid, "a token of kind \(kind.rawValue) cannot be limited so: flags limit ops, companies limit ops, service and events",
                pointer: flags.isEmpty || kind == .ops ? "/companies" : "/flags")
        }
        let (text, token) = issue(
            kind, name: try members["name"]?.text(longest: Company.longestName) ?? "", flags: flags, companies: companies, life: life, now: call.now)
        var reply = try await call.write(.put(.token(token)), body: body)
        // A dry run and a replay make no token: only what was just stored is shown.
        guard try !call.query.flag("dry_run"), reply.headers[.idempotencyReplayed] == nil else { return reply }
        guard case .object(var object) = Entity.token(token).shown else { return reply }
        object = JSONObject([("token", .string(text))] + object.members.map { ($0.name, $0.value) })
        let headers = reply.headers
        reply = Reply(status: .created, .object(object))
        reply.headers = headers
        reply.headers[.cacheControl] = "no-store"
        return reply
    }

    /// A new token: its text, which nobody sees again, and what is stored of it.
    static func issue(
        _ kind: Token.Kind, name: String, flags: [FlagCode] = [], companies: [CompanyID] = [], life: TimeSpan, now: Timestamp
    ) -> (text: String, token: Token) {
        let text = APITokenText.generate(kind)
        var random = SystemRandomNumberGenerator()
        let id = TokenID(unchecked: "\(kind.rawValue)-" + String(random.next() & 0xFFFF_FFFF_FFFF, radix: 36))
        let token = Token(
            id: id, kind: kind, name: name, flags: flags, companies: companies, createdAt: now, expiresAt: now + life, digest: text.digest)
        return (text.text, token)
    }
}
