import GateCore
import HTTPTypes
import Hummingbird
import NIOCore

/// The push of OFREP: a stream that says nothing but when to evaluate again, addressed with a token in its URL, because browsers' `EventSource`
/// can send no header.
enum OFREPStream {
    /// A page in the background may hang up after so many seconds.
    private static let inactivityDelay: Int64 = 120

    /// The member of `eventStreams`. Without `--public-url` the client's own base URL is the only origin known to lead here.
    static func entry(for subject: Subject, _ call: Call) throws(GateError) -> JSONValue {
        guard let identity = call.identity else { throw Problem.notFound }
        let grant = StreamGrant(identity, subject, keys: call.service.authenticator.keysFingerprint, now: call.now)
        let target = "\(OFREPController.streamPath)?token=\(try call.service.streamTokens.seal(grant))"
        var object: JSONObject = ["type": "sse"]
        if let origin = call.service.publicURL {
            object["url"] = .string(origin + target)
        } else {
            object["endpoint"] = ["requestUri": .string(target)]
        }
        object["inactivityDelaySec"] = .integer(inactivityDelay)
        return .object(object)
    }

    static func follow(_ call: Call) async throws -> Reply {
        // Looked at before the keys are: were they to change in between, the stream would end.
        let generation = call.service.authenticator.generation
        let grant = try shown(call)
        var subscription = Subscription(
            try identity(behind: grant, call), grant.subject, form: .refetch, keyGeneration: generation,
            lastEventID: call.request.headers[.lastEventID], origin: call.cors.admitted(call.request.headers[.origin]))
        subscription.expiresAt = min(subscription.expiresAt, grant.expiresAt)
        return try await StreamController.start(subscription, call)
    }

    /// The grant that the URL shows. Who makes tokens up is counted as who tries to log in.
    private static func shown(_ call: Call) throws -> StreamGrant {
        guard let token = call.query["token"] else {
            throw GateError(.credentialMissing, "this stream's address has a token in it: take the whole of it from an evaluation of all flags")
        }
        if let grant = call.service.streamTokens.open(token) { return grant }
        let address = call.channel?.remoteAddress?.ipAddress ?? "unknown"
        guard call.service.limits.failedLogins.take(address, now: call.now) else {
            throw call.service.limits.failedLogins.refusal(of: address, now: call.now)
        }
        throw ended
    }

    private static let ended = GateError(.credentialInvalid, "the stream token is unknown or has ended: evaluate all flags for a fresh one")

    /// The credential that the token was made for, as long as that is good.
    private static func identity(behind grant: StreamGrant, _ call: Call) throws -> Identity {
        guard grant.expiresAt > call.now else { throw ended }
        let subject = grant.subject
        switch grant.basis {
        case .user(let keys):
            guard keys.hasSameBytes(as: call.service.authenticator.keysFingerprint) else { throw ended }
            let user = UserIdentity(company: subject.company, user: subject.user, roles: subject.tokenRoles, expiresAt: grant.expiresAt)
            guard call.service.limits.evaluations.take(user.limitKey, now: call.now) else {
                throw call.service.limits.evaluations.refusal(of: user.limitKey, now: call.now)
            }
            return .user(user)
        case .token(let id):
            guard let token = call.snapshot.tokens[id]?.value else { throw ended }
            call.service.tokenUses.note(id, at: call.now)
            return .token(token)
        }
    }
}
