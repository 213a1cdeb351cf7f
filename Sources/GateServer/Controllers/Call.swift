import Crypto
import GateCore
import HTTPTypes
import Hummingbird
import NIOCore

/// A request on its way through an endpoint: who asks, what for, and the state it is answered from.
struct Call: Sendable {
    let request: Request
    /// The connection; nil where a test has none.
    let channel: (any Channel)?
    let service: GateService
    let cors: CORS
    /// Nil only where the endpoint looks at no credential.
    let identity: Identity?
    /// Whether a cookie said who asks: browsers send it unasked.
    let isFromCookie: Bool
    let parameters: [String: String]
    let query: Query
    let now: Timestamp
    /// The one snapshot of this request.
    let published: SnapshotStore.Published

    var snapshot: Snapshot { published.snapshot }

    /// How clients reach this server, without a slash at the end: as it was told, else the address that this connection came in on.
    var publicURL: String {
        if let url = service.publicURL { return url }
        guard let address = channel?.localAddress, let host = address.ipAddress, let port = address.port else { return "http://localhost" }
        return ServerConfiguration.Address(host: host, port: port).url(port: port, isSecure: request.head.scheme == "https")
    }

    /// An identifier of the path.
    func parameter<Name: Identifier>(_ name: String, _ type: Name.Type = Name.self) throws(GateError) -> Name {
        try Name(parameters[name] ?? "")
    }

    /// Whether a user asks, who is shown less than the holder of an API token.
    var isUser: Bool { if case .user = identity { true } else { false } }

    var token: Token {
        get throws(GateError) {
            guard case .token(let token) = identity else { throw Problem.notFound }
            return token
        }
    }

    /// The body as JSON. An empty one is an empty object where that is allowed.
    func json(emptyIsObject: Bool = false, atMost limit: Int? = nil) async throws -> (reader: JSONReader, bytes: ByteBuffer) {
        let bytes = try await body(atMost: limit ?? service.limits.bodyBytes)
        if bytes.readableBytes == 0 && emptyIsObject { return (JSONReader(.object([:])), bytes) }
        try requireMediaType(request.method == .patch ? ["application/json", "application/merge-patch+json"] : ["application/json"])
        return (JSONReader(try JSONParser.parse(bytes.readableBytesView)), bytes)
    }

    private func body(atMost limit: Int) async throws -> ByteBuffer {
        var collected = ByteBuffer()
        for try await part in request.body {
            guard collected.readableBytes + part.readableBytes <= limit else {
                throw GateError(
                    .bodyTooLarge, "the body is too large: at most \(limit) bytes",
                    limit: .init("body_bytes", provided: collected.readableBytes + part.readableBytes, allowed: limit))
            }
            collected.writeImmutableBuffer(part)
        }
        return collected
    }

    func requireMediaType(_ accepted: [String]) throws(GateError) {
        let given = request.headers[.contentType]?.prefix { $0 != ";" }.filter { $0 != " " }.lowercased() ?? ""
        guard accepted.contains(given) else {
            throw GateError(.mediaTypeUnsupported, "the Content-Type must be \(accepted.joined(separator: " or ")), not \(quoted(given))")
        }
    }

    /// Who is asked about: the user of a user's token, or the one that an API token names.
    func subject() throws(GateError) -> Subject {
        if case .user(let user) = identity { return try ownSubject(user) }
        return Subject(company: try company(), user: try query.required("user_id"))
    }

    /// The company that is asked about.
    func company() throws(GateError) -> CompanyID {
        if case .user(let user) = identity { return try ownSubject(user).company }
        let company: CompanyID = try query.required("company_id")
        try token.check(company)
        return company
    }

    /// The state to answer from when the caller has seen a position: waits up to a second for it, where it is of this incarnation.
    func reached(_ wanted: Position) async throws -> SnapshotStore.Published {
        var published = published
        guard wanted.incarnation == published.snapshot.incarnation else { return published }
        for _ in 0..<200 where published.snapshot.revision < wanted.revision {
            try await Task.sleep(for: .milliseconds(5))
            published = service.store.current
        }
        guard published.snapshot.revision >= wanted.revision else {
            throw GateError(.revisionNotReached, "this server is at revision \(published.snapshot.revision), \(wanted.revision) was asked for")
        }
        return published
    }

    /// A user's company and id come from the token alone.
    private func ownSubject(_ user: UserIdentity) throws(GateError) -> Subject {
        guard query["company_id"] == nil, query["user_id"] == nil else {
            throw GateError(.parameterInvalid, "company_id and user_id come from your token: they cannot be asked for")
        }
        return Subject(company: user.company, user: user.user, tokenRoles: user.roles)
    }
}

extension Call {
    static let writeParameters: Set<String> = ["reason", "dry_run", "new_company", "wait", "for", "at"]

    /// Carries out a command, or with `dry_run` tells what it would do; answers the receipt.
    ///
    /// - Parameters:
    ///   - ref: the entity that `If-Match` speaks of.
    ///   - body: the request's body as it was sent; a repeated Idempotency-Key must come with the same.
    ///   - more: what the receipt says beside.
    ///   - webhookSecret: of the webhook that this makes.
    func write(
        _ command: Command, about ref: EntityRef? = nil, body: ByteBuffer = ByteBuffer(), more: JSONObject = [:], webhookSecret: [UInt8]? = nil
    ) async throws -> Reply {
        let token = try token
        var write = WriteRequest(
            command, actor: "token/\(token.id)", reason: try WriteRequest.check(reason: query["reason"]), authority: Authority(token))
        write.newCompany = try query.flag("new_company")
        write.deferral = try deferral()
        write.webhookSecret = webhookSecret
        write.scheduleID = ScheduleID(unchecked: "s-" + (0..<8).map { _ in UInt8.random(in: .min ... .max) }.hexadecimal)
        write.ifMatch = try ifMatch(ref)
        let idempotency = try idempotency(token, body)
        if try query.flag("dry_run") {
            let plan = try await service.history.plan(write, on: snapshot, now: now)
            return Reply(plan.receipt(on: published, dryRun: true).json.merging(.object(more)))
        }
        write.idempotency = idempotency
        let patience = try wait()
        try await limitWrites(write, token)
        let outcome = try await service.writer.write(write)
        let revision = outcome.receipt["revision"]?.integerValue ?? 0
        var receipt = outcome.receipt.objectValue ?? [:]
        for member in more.members { receipt[member.name] = member.value }
        receipt["delivery"] = try await delivery(of: revision, changed: receipt["changed"] == true && !outcome.replayed, within: patience)
        var reply = Reply(status: outcome.created && request.method == .put ? .created : .ok, .object(receipt))
        if outcome.replayed { reply.headers[.idempotencyReplayed] = "true" }
        reply.headers[.gateRevision] = Position(incarnation: snapshot.incarnation, revision: revision).description
        reply.add(service.limits.writes.standing(of: token.id.rawValue, now: now))
        return reply
    }

    /// `for=2h`: done now and taken back then; `at=2026-12-01T09:00Z`: done then.
    private func deferral() throws(GateError) -> Deferral? {
        switch (query["for"], query["at"]) {
        case (nil, nil): return nil
        case (let span?, nil): return .lasting(try TimeSpan(span))
        case (nil, let moment?): return .at(try Timestamp(moment))
        default: throw GateError(.parameterInvalid, "a write takes for or at, not both")
        }
    }

    /// How long the receipt may be held for the live streams: `wait=2s`, at most 30 s.
    private func wait() throws(GateError) -> Duration {
        guard let text = query["wait"] else { return .zero }
        let span = try TimeSpan(text)
        guard span.seconds <= 30 else {
            throw GateError(
                .limitExceeded, "a receipt is held for at most 30 s", limit: .init("wait_seconds", provided: Int(span.seconds), allowed: 30))
        }
        return .seconds(span.seconds)
    }

    /// What is known of the revision's way to those who listen: written to the streams' sockets, and who polls and has not come since.
    private func delivery(of revision: Revision, changed: Bool, within patience: Duration) async throws -> JSONValue {
        // Without a wait the loops still get the moment they need to look.
        let report = changed ? try await service.streams.delivery(of: revision, within: max(patience, .milliseconds(5))) : nil
        let known = report ?? Delivery.Report(isComplete: true)
        let behindPollers = changed ? try await service.streams.pollersBehind(revision, now: now) : 0
        return [
            "streams": .integer(Int64(known.streams)), "written": .integer(Int64(known.written)),
            "behind": .integer(Int64(known.streams - known.written)), "complete": .bool(known.isComplete),
            "milliseconds": .integer(known.elapsed.nanoseconds / 1_000_000), "pollers_behind": .integer(Int64(behindPollers)),
        ]
    }

    /// A precondition that cannot be checked is refused, not passed over.
    private func ifMatch(_ ref: EntityRef?) throws(GateError) -> (EntityRef, Revision)? {
        guard let text = request.headers[.ifMatch] else { return nil }
        guard let ref else { throw GateError(.parameterInvalid, "this write is not about one entity: it takes no If-Match") }
        guard text.hasPrefix("\""), text.hasSuffix("\""), text.utf8.count > 2, let revision = Revision(text.dropFirst().dropLast()), revision >= 0
        else {
            throw GateError(.parameterInvalid, "If-Match must be an entity's revision in quotes, as its ETag has it (\"0\": absent)")
        }
        return (ref, revision)
    }

    private func idempotency(_ token: Token, _ body: ByteBuffer) throws(GateError) -> WriteRequest.Idempotency? {
        guard let key = request.headers[.idempotencyKey] else { return nil }
        guard (1...100).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw GateError(
                .parameterInvalid, "an Idempotency-Key is 1 to 100 visible ASCII characters",
                limit: .init("idempotency_key", provided: key.utf8.count, allowed: 100))
        }
        var hash = SHA256()
        hash.update(data: Array("\(request.method.rawValue) \(request.uri.string)\n".utf8))
        hash.update(data: body.readableBytesView)
        return WriteRequest.Idempotency(token: token.id.rawValue, key: key, requestDigest: Array(hash.finalize()))
    }

    /// Writes are limited per token; an `off` that changes an answer never is.
    private func limitWrites(_ write: WriteRequest, _ token: Token) async throws {
        guard !service.limits.writes.take(token.id.rawValue, now: now) else { return }
        let flips = try await service.history.plan(write, on: snapshot, now: now).impact.flips
        guard !flips.isEmpty, flips.allSatisfy({ !$0.isOn }) else {
            throw service.limits.writes.refusal(of: token.id.rawValue, now: now)
        }
    }
}

extension HTTPField.Name {
    static let idempotencyKey = Self("Idempotency-Key")!
    static let idempotencyReplayed = Self("Idempotency-Replayed")!
    static let gateRevision = Self("Gate-Revision")!
    static let gateMinRevision = Self("Gate-Min-Revision")!
    static let requestID = Self("X-Request-ID")!
}
