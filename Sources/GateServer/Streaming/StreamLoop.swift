import GateCore
import NIOCore

/// Knows who polls on one event loop.
protocol Pollers: AnyObject {
    /// How many were seen lately.
    func recent(now: Timestamp) -> Int

    /// Those who were seen lately, whom a change concerns, and who have not come since.
    func behind(_ revision: Revision, _ reach: Reach, now: Timestamp) -> Set<CallerKey>

    /// Those among them who have come since: whose connection here is another than the one that they were seen on before.
    func caughtUp(_ pollers: Set<CallerKey>, with revision: Revision) -> Set<CallerKey>
}

/// By what a caller is known: the whole value of the header that the credential came in. The same text in the other header is another matter.
struct CallerKey: Hashable, Sendable {
    var header: String
    var isCookie: Bool
}

/// The streams of one event loop. Only ever used on its loop, so it needs no lock.
final class StreamLoop {
    static let heartbeat = TimeAmount.seconds(15)
    static let ping = StreamHandler.chunk(": ping\n".utf8)

    private let eventLoop: any EventLoop
    private var streams: [CompanyID: [ObjectIdentifier: StreamHandler]] = [:]
    private(set) var count = 0
    /// Events begun to be sent, and streams broken off because nobody read them, since the start.
    private(set) var events = 0
    private(set) var cut = 0
    /// Those of this loop who ask again and again instead of listening.
    weak var pollers: (any Pollers)?

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// Adds a stream, which is about to be sent its first event.
    func add(_ stream: StreamHandler) {
        events += 1
        streams[stream.subscription.subject.company, default: [:]][ObjectIdentifier(stream)] = stream
        count += 1
    }

    func remove(_ stream: StreamHandler) {
        let company = stream.subscription.subject.company
        guard streams[company]?.removeValue(forKey: ObjectIdentifier(stream)) != nil else { return }
        if streams[company]?.isEmpty == true { streams[company] = nil }
        count -= 1
        if stream.isCutForSlowness { cut += 1 }
    }

    /// Sends a publication to the streams whose answers it changes.
    ///
    /// - Parameter moment: when it was published.
    func publish(_ publication: SnapshotStore.Publication, at moment: Timestamp, _ delivery: Delivery) {
        let (before, after, reach) = (publication.before.snapshot, publication.after.snapshot, delivery.reach)
        if reach.touchesTokens { endRevoked(after) }
        let now = NIODeadline.now()
        var begun = 0
        let everyCompany = !reach.flagsEverywhere.isEmpty || !reach.gates.isEmpty || reach.touchesPermissions
        let companies = everyCompany ? Array(streams.keys) : Array(Set(reach.flagsByCompany.keys).union(reach.subjects.map(\.company)))
        for company in companies {
            guard let members = streams[company] else { continue }
            var audience = Audience(company, reach, before, after, at: moment)
            for stream in members.values where stream.seen.revision < after.revision {
                guard let event = audience.event(for: stream.subscription) else { continue }
                begun += 1
                stream.send(event, of: after.position, since: moment, at: now) { written in delivery.settled(written: written, at: .now()) }
            }
        }
        events += begun
        delivery.looked(streams: begun)
    }

    private func endRevoked(_ state: Snapshot) {
        for stream in all where stream.subscription.token.map({ state.tokens[$0] == nil }) ?? false { stream.end() }
    }

    /// What happens every second: heartbeats, and the end of streams whose credential has ended.
    func tick(now: Timestamp, keyGeneration: Int, at deadline: NIODeadline = .now()) {
        for stream in all {
            let subscription = stream.subscription
            if subscription.expiresAt <= now || subscription.token == nil && subscription.keyGeneration != keyGeneration {
                stream.end()
            } else if deadline - stream.lastWrite >= Self.heartbeat {
                stream.send(Self.ping, at: deadline)
            }
        }
    }

    var all: [StreamHandler] { streams.values.flatMap(\.values) }
}

/// The streams of one company during one publication. The events that several of them get are encoded once.
private struct Audience {
    private let company: CompanyID
    private let reach: Reach
    private let before: Snapshot
    private let after: Snapshot
    private let flags: Set<FlagCode>
    /// The gates whose answer may be another for anybody of the company.
    private let gates: Set<GateName>
    private let users: Set<UserID>
    private var flagChanges: [Bool: [JSONValue]] = [:]
    private var events: [Key: ByteBuffer] = [:]
    /// Whether any of the flags is answered otherwise, the reason included.
    private var flagsDiffer: [Bool: Bool] = [:]
    private let refetch: ByteBuffer

    private struct Key: Hashable {
        var clientsOnly: Bool
        var gates: [JSONValue]
    }

    init(_ company: CompanyID, _ reach: Reach, _ before: Snapshot, _ after: Snapshot, at moment: Timestamp) {
        self.company = company
        self.reach = reach
        self.before = before
        self.after = after
        let flags = reach.flags(for: company)
        self.flags = flags
        refetch = StreamHandler.chunk(RefetchEvent(position: after.position, lastModified: moment).bytes())
        users = Set(reach.subjects.lazy.filter { $0.company == company }.map(\.user))
        let known = Set(before.gates.keys).union(after.gates.keys)
        gates =
            reach.touchesPermissions
            ? known
            : known.filter { name in
                reach.gates.contains(name) || [before, after].contains { !flags.isDisjoint(with: $0.gates[name]?.value.flags ?? []) }
            }
    }

    /// The event for one stream; nil when nothing it is told is different.
    mutating func event(for subscription: Subscription) -> ByteBuffer? {
        let concerned = users.contains(subscription.subject.user) ? Set(before.gates.keys).union(after.gates.keys) : gates
        let gates = StreamEvent.gateChanges(concerned, from: before, to: after, subscription.subject)
        switch subscription.form {
        case .answers: return change(gates, clientsOnly: subscription.clientsOnly)
        case .refetch: return !gates.isEmpty || flagsDiffer(clientsOnly: subscription.clientsOnly) ? refetch : nil
        }
    }

    private mutating func flagsDiffer(clientsOnly: Bool) -> Bool {
        if let known = flagsDiffer[clientsOnly] { return known }
        let differ = OFREPAnswers.differ(flags, from: before, to: after, company, clientsOnly: clientsOnly)
        flagsDiffer[clientsOnly] = differ
        return differ
    }

    private mutating func change(_ gates: [JSONValue], clientsOnly: Bool) -> ByteBuffer? {
        let flags = flagChanges[clientsOnly] ?? StreamEvent.flagChanges(self.flags, from: before, to: after, company, clientsOnly: clientsOnly)
        flagChanges[clientsOnly] = flags
        guard !flags.isEmpty || !gates.isEmpty else { return nil }
        let key = Key(clientsOnly: clientsOnly, gates: gates)
        if let event = events[key] { return event }
        let event = StreamHandler.chunk(StreamEvent.event("change", after.position, flags, gates))
        events[key] = event
        return event
    }
}
