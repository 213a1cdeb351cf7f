import GateCore
import NIOCore
import NIOHTTP1

/// The reads of known users, answered in front of the router with bytes that lie ready. One for each event loop, so it needs no lock.
///
/// What is not simple goes to the route, which answers the same: a credential not seen before or refused, `Gate-Min-Revision`, a
/// query, a rate that is exceeded.
final class HotAnswers: ReadyAnswers, Pollers {
    /// A user who has asked on this loop.
    private final class Caller {
        let identity: Identity
        let subject: Subject
        let limitKey: String
        let expiresAt: Timestamp
        var answers: [ReadRoute: Answer] = [:]
        /// The last read: when, and at which revision.
        var polledAt = Timestamp(microseconds: 0)
        var polledRevision: Revision = 0

        init(_ user: UserIdentity) {
            identity = .user(user)
            subject = Subject(company: user.company, user: user.user, tokenRoles: user.roles)
            limitKey = user.limitKey
            expiresAt = user.expiresAt
        }
    }

    /// A body, encoded once, and whole responses around it.
    private final class Answer {
        var stamp: AnswerStamp
        var incarnation: String
        var body: [UInt8]
        var tag: String
        /// The publication and second for which the responses below were put together.
        var published: SnapshotStore.Published?
        var second: Int64 = 0
        var full = ByteBuffer()
        var notModified = ByteBuffer()
        /// Where it is counted that this was given, and the decisions in it.
        private let requests: ReadCounts.Requests
        private let decisions: [ReadCounts.Decisions]

        init(
            stamp: AnswerStamp, incarnation: String, body: [UInt8], tag: String, requests: ReadCounts.Requests, decisions: [ReadCounts.Decisions]
        ) {
            self.stamp = stamp
            self.incarnation = incarnation
            self.body = body
            self.tag = tag
            self.requests = requests
            self.decisions = decisions
        }

        /// The response to give, counted.
        func response(isKnown: Bool) -> ByteBuffer {
            for decision in decisions { decision.count &+= 1 }
            if isKnown {
                requests.notModified &+= 1
                return notModified
            }
            requests.full &+= 1
            return full
        }
    }

    private static let types = ["application/json"]
    private static let mostCallers = 8_192
    private static let mostAnswers = 16
    private let service: GateService
    private let cors: CORS
    private var callers: [CallerKey: Caller] = [:]
    private var generation = -1
    private var date = HTTPDate()
    private let counts: ReadCounts
    private let streams: ReadCounts.Requests

    init(_ service: GateService, _ cors: CORS, on eventLoop: any EventLoop) {
        self.service = service
        self.cors = cors
        counts = service.metrics.readCounts(on: eventLoop)
        streams = counts.requests(of: StreamController.path)
        service.streams.register(self, on: eventLoop)
    }

    /// Who polled within this time counts as somebody who polls.
    private static let pollingSpan: Int64 = 60_000_000

    func behind(_ revision: Revision, _ reach: Reach, now: Timestamp) -> Set<CallerKey> {
        let behind = callers.lazy.filter { _, caller in
            caller.polledAt.microseconds > now.microseconds - Self.pollingSpan && caller.polledRevision < revision
                && (!reach.flags(for: caller.subject.company).isEmpty || reach.touchesPermissions || !reach.gates.isEmpty
                    || reach.subjects.contains { $0.company == caller.subject.company && $0.user == caller.subject.user })
        }
        return Set(behind.map(\.key))
    }

    func caughtUp(_ pollers: Set<CallerKey>, with revision: Revision) -> Set<CallerKey> {
        pollers.filter { callers[$0].map { $0.polledRevision >= revision } ?? false }
    }

    func recent(now: Timestamp) -> Int { callers.values.count { $0.polledAt.microseconds > now.microseconds - Self.pollingSpan } }

    func answer(to head: HTTPRequestHead, remoteAddress: SocketAddress?) -> ByteBuffer? {
        guard let route = ReadRoute(path: head.uri), let fields = Fields(head.headers), !fields.hasMinRevision,
            Accept.admits(fields.accept, Self.types)
        else { return nil }
        let now = service.clock()
        guard let caller = caller(fields.authorization, fields.cookie, now) else { return nil }
        return response(route, caller, ifNoneMatch: fields.ifNoneMatch, origin: cors.admitted(fields.origin), now)
    }

    private func response(_ route: ReadRoute, _ caller: Caller, ifNoneMatch: String?, origin: String?, _ now: Timestamp) -> ByteBuffer? {
        // What is not here is the route's to answer and to count: nothing is counted twice.
        guard let answer = ready(route, caller, second: now.microseconds / 1_000_000), service.limits.evaluations.take(caller.limitKey, now: now)
        else { return nil }
        // Who streams asks for permissions or one gate beside it; the lists are what is polled.
        if route == .featureFlags || route == .gates {
            caller.polledAt = now
            caller.polledRevision = answer.published?.snapshot.revision ?? 0
        }
        let response = answer.response(isKnown: EntityTag.matches(ifNoneMatch, answer.tag))
        return origin.map { Self.admitting($0, in: response) } ?? response
    }

    func prepare(_ head: HTTPRequestHead) -> (any PreparedAnswer)? {
        guard let route = ReadRoute(path: head.uri), let fields = Fields(head.headers), !fields.hasMinRevision,
            Accept.admits(fields.accept, Self.types), let caller = caller(fields.authorization, fields.cookie, service.clock())
        else { return nil }
        return Prepared(self, route, caller, ifNoneMatch: fields.ifNoneMatch, origin: cors.admitted(fields.origin), generation)
    }

    /// A read that a connection repeats: everything that its bytes say is known; identity, rate and state are looked at each time.
    private final class Prepared: PreparedAnswer {
        private let answers: HotAnswers
        private let route: ReadRoute
        private let caller: Caller
        private let ifNoneMatch: String?
        private let origin: String?
        private let generation: Int

        init(_ answers: HotAnswers, _ route: ReadRoute, _ caller: Caller, ifNoneMatch: String?, origin: String?, _ generation: Int) {
            self.answers = answers
            self.route = route
            self.caller = caller
            self.ifNoneMatch = ifNoneMatch
            self.origin = origin
            self.generation = generation
        }

        func bytes() -> ByteBuffer? {
            let now = answers.service.clock()
            guard generation == answers.service.authenticator.generation, caller.expiresAt > now else { return nil }
            return answers.response(route, caller, ifNoneMatch: ifNoneMatch, origin: origin, now)
        }
    }

    func takeOver(_ head: HTTPRequestHead, _ channel: any Channel) -> Bool {
        guard head.uri == StreamController.path, let fields = Fields(head.headers), Accept.admits(fields.accept, ["text/event-stream"]) else {
            return false
        }
        let now = service.clock()
        guard let caller = caller(fields.authorization, fields.cookie, now), service.limits.evaluations.take(caller.limitKey, now: now) else {
            return false
        }
        let subscription = Subscription(
            caller.identity, caller.subject, keyGeneration: generation, lastEventID: fields.lastEventID, origin: cors.admitted(fields.origin))
        do {
            try service.streams.start(subscription, on: channel)
            streams.full &+= 1
            return true
        } catch {
            return false
        }
    }

    /// The header fields that a read depends on; nil where one of them stands twice.
    private struct Fields {
        var accept: String?
        var authorization: String?
        var cookie: String?
        var ifNoneMatch: String?
        var origin: String?
        var lastEventID: String?
        var hasMinRevision = false

        init?(_ headers: HTTPHeaders) {
            for (name, value) in headers {
                switch name.utf8.count {
                case 6 where name.isHeader("accept"): guard Self.set(&accept, value) else { return nil }
                case 6 where name.isHeader("cookie"): guard Self.set(&cookie, value) else { return nil }
                case 6 where name.isHeader("origin"): guard Self.set(&origin, value) else { return nil }
                case 13 where name.isHeader("authorization"): guard Self.set(&authorization, value) else { return nil }
                case 13 where name.isHeader("if-none-match"): guard Self.set(&ifNoneMatch, value) else { return nil }
                case 13 where name.isHeader("last-event-id"): guard Self.set(&lastEventID, value) else { return nil }
                case 17 where name.isHeader("gate-min-revision"): hasMinRevision = true
                default: break
                }
            }
        }

        private static func set(_ field: inout String?, _ value: String) -> Bool {
            guard field == nil else { return false }
            field = value
            return true
        }
    }

    private func caller(_ authorization: String?, _ cookie: String?, _ now: Timestamp) -> Caller? {
        let generation = service.authenticator.generation
        if generation != self.generation {
            callers = [:]
            self.generation = generation
        }
        guard let header = authorization ?? cookie else { return nil }
        let key = CallerKey(header: header, isCookie: authorization == nil)
        if let caller = callers[key] {
            if caller.expiresAt > now { return caller }
            callers[key] = nil
        }
        guard let outcome = try? service.authenticator.identifyAtOnce(authorization: authorization, cookie: cookie, now: now, apiToken: { _ in nil }),
            case .user(let user) = outcome.identity
        else { return nil }
        if callers.count >= Self.mostCallers { callers = [:] }
        let caller = Caller(user)
        callers[key] = caller
        return caller
    }

    /// The answer as it is now: taken as it lies, with a new head for a new revision or second, or made anew.
    private func ready(_ route: ReadRoute, _ caller: Caller, second: Int64) -> Answer? {
        let published = service.store.current
        let known = caller.answers[route]
        if let answer = known, answer.published === published, answer.second == second { return answer }
        let state = published.snapshot
        let stamp = AnswerStamp(state, caller.subject)
        let answer: Answer
        if let known, known.stamp == stamp, known.incarnation == state.incarnation {
            answer = known
        } else {
            guard let body = route.body(state, caller.subject, clientsOnly: true) else { return nil }
            answer = Answer(
                stamp: stamp, incarnation: state.incarnation, body: body, tag: EntityTag.make(body, incarnation: state.incarnation),
                requests: counts.requests(of: route.template),
                decisions: route.decisions(state, caller.subject).map { counts.decisions(of: DecisionKey(gate: $0.gate, isAllowed: $0.allowed)) })
            if caller.answers.count >= Self.mostAnswers { caller.answers = [:] }
        }
        answer.published = published
        answer.second = second
        compose(answer, position: state.position, second: second)
        caller.answers[route] = answer
        return answer
    }

    private func compose(_ answer: Answer, position: Position, second: Int64) {
        func head(_ status: String) -> ByteBuffer {
            var buffer = ByteBuffer()
            buffer.writeString("HTTP/1.1 \(status)\r\nDate: ")
            date.write(at: second, to: &buffer)
            buffer.writeString("\r\nETag: \(answer.tag)\r\nGate-Revision: \(position)\r\n")
            buffer.writeString("Cache-Control: private, no-cache\r\nVary: Origin, Cookie, Authorization\r\nX-Content-Type-Options: nosniff\r\n")
            return buffer
        }
        answer.full = head("200 OK")
        answer.full.writeString("Content-Type: application/json\r\nContent-Length: \(answer.body.count)\r\n\r\n")
        answer.full.writeBytes(answer.body)
        answer.notModified = head("304 Not Modified")
        answer.notModified.writeString("\r\n")
    }

    /// The response with the headers that let another origin's page read it, put in after the status line.
    private static func admitting(_ origin: String, in response: ByteBuffer) -> ByteBuffer {
        guard let lineEnd = response.readableBytesView.firstIndex(of: 0x0A) else { return response }
        let split = lineEnd + 1 - response.readerIndex
        var rest = response
        var result = rest.readSlice(length: split) ?? ByteBuffer()
        result.writeString(
            "Access-Control-Allow-Origin: \(origin)\r\nAccess-Control-Allow-Credentials: true\r\nAccess-Control-Expose-Headers: \(CORS.exposed)\r\n")
        result.writeImmutableBuffer(rest)
        return result
    }
}

extension String {
    /// Whether this is the header's name, in any case. The other is in lower case.
    fileprivate func isHeader(_ lowercased: StaticString) -> Bool {
        var index = 0
        for byte in utf8 {
            let lower = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
            guard lower == lowercased.utf8Start[index] else { return false }
            index += 1
        }
        return true
    }
}
