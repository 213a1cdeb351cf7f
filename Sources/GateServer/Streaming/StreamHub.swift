import DequeModule
import GateCore
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// All live streams: starts them, sends every publication to those concerned, and knows how far it has come.
final class StreamHub: Service {
    /// How many of the latest states are kept, to tell a client that comes again what is different.
    private static let keptStates = 1_024
    private static let keptDeliveries = 256
    /// Who follows OFREP's answers has evaluated them at most so long before.
    private static let fetchedWithin = TimeSpan(seconds: 30)

    private struct Loop: Sendable {
        var eventLoop: any EventLoop
        var streams: NIOLoopBound<StreamLoop>
    }

    private struct State: Sendable {
        var loops: [Loop] = []
        var recent: Deque<Kept>
        var deliveries: Deque<(revision: Revision, delivery: Delivery)> = []
        /// The streams of each user, the oldest first.
        var ofUser: [String: [Handle]] = [:]
    }

    /// A state, and since when it is or was the one that answers.
    private struct Kept: Sendable {
        var state: SnapshotStore.Published
        var since: Timestamp
    }

    /// A stream, seen from other threads.
    private struct Handle: Sendable, Equatable {
        var id: ObjectIdentifier
        var stream: NIOLoopBound<StreamHandler>
        static func == (left: Handle, right: Handle) -> Bool { left.id == right.id }
    }

    private let state: Mutex<State>
    private let store: SnapshotStore
    private let clock: @Sendable () -> Timestamp
    private let keyGeneration: @Sendable () -> Int
    private let mostPerUser: Int
    private let delivered: @Sendable (TimeAmount) -> Void

    /// - Parameters:
    ///   - mostPerUser: beyond it a user's oldest stream ends; 0 for no limit.
    ///   - delivered: told, once a revision was written to the last stream that it concerns, how long that took.
    init(
        _ store: SnapshotStore, eventLoops: some Sequence<any EventLoop>, mostPerUser: Int, clock: @escaping @Sendable () -> Timestamp,
        keyGeneration: @escaping @Sendable () -> Int, delivered: @escaping @Sendable (TimeAmount) -> Void = { _ in }
    ) async throws {
        self.store = store
        self.clock = clock
        self.keyGeneration = keyGeneration
        self.mostPerUser = mostPerUser
        self.delivered = delivered
        var loops: [Loop] = []
        for eventLoop in eventLoops {
            let streams = try await eventLoop.submit { NIOLoopBound(StreamLoop(eventLoop), eventLoop: eventLoop) }.get()
            loops.append(Loop(eventLoop: eventLoop, streams: streams))
        }
        state = Mutex(State(loops: loops, recent: [Kept(state: store.current, since: clock())]))
        store.observe { [weak self] publication in self?.publish(publication) }
    }

    /// Turns a connection into a stream. To be called on the channel's loop.
    func start(_ subscription: Subscription, on channel: any Channel) throws {
        guard let loop = state.withLock({ $0.loops.first { $0.eventLoop === channel.eventLoop } })?.streams.value else { return }
        // On this loop, between two publications: what is published after this look comes to the stream as an event.
        let (snapshot, now) = (store.current.snapshot, clock())
        let stream = StreamHandler(subscription, seen: snapshot.position, now: now, deadline: .now()) { [self] stream in
            loop.remove(stream)
            forget(stream)
        }
        try? channel.syncOptions?.setOption(.socketOption(.so_sndbuf), value: StreamHandler.socketBuffer)
        // In front of the HTTP handlers, behind TLS where there is any.
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(stream, position: .before(pipeline.handler(type: RequestLineWatch.self)))
        loop.add(stream)
        remember(stream, on: channel.eventLoop)
        var first = StreamHandler.head(origin: subscription.origin, position: snapshot.position)
        first.writeImmutableBuffer(subscription.form == .answers ? firstEvent(subscription, snapshot) : firstRefetch(subscription, snapshot, now))
        stream.send(first, at: .now())
        GateHTTPChannel.leaveHTTP(to: stream, on: channel)
        // A revocation that came while the connection was being taken over has found no stream to end.
        if let token = subscription.token, snapshot.tokens[token] == nil { stream.end() }
    }

    /// The whole; or for a client that comes again, and whose position is remembered, what is different since.
    private func firstEvent(_ subscription: Subscription, _ snapshot: Snapshot) -> ByteBuffer {
        if let seen = subscription.lastEventID, let before = remembered(seen, from: snapshot),
            let event = StreamEvent.difference(
                from: before, to: snapshot, subscription.subject, clientsOnly: subscription.clientsOnly, always: true)
        {
            return StreamHandler.chunk(event)
        }
        return StreamHandler.chunk(StreamEvent.whole(snapshot, subscription.subject, clientsOnly: subscription.clientsOnly))
    }

    /// A reason to fetch, unless the answers are those that the client has: of the position it was last told, or of a moment ago.
    private func firstRefetch(_ subscription: Subscription, _ snapshot: Snapshot, _ now: Timestamp) -> ByteBuffer {
        let before = subscription.lastEventID.map { remembered($0, from: snapshot) } ?? answering(at: now - Self.fetchedWithin)
        if let before, !OFREPAnswers.differ(from: before, to: snapshot, subscription.subject, clientsOnly: subscription.clientsOnly) {
            return StreamLoop.ping
        }
        return StreamHandler.chunk(RefetchEvent(position: snapshot.position, lastModified: now).bytes())
    }

    /// The state of a position that a client was told; nil when it is of another incarnation or too old.
    private func remembered(_ position: Position, from snapshot: Snapshot) -> Snapshot? {
        guard position.incarnation == snapshot.incarnation, position.revision <= snapshot.revision else { return nil }
        return state.withLock { state in
            guard let first = state.recent.first?.state.snapshot.revision, position.revision >= first else { return nil }
            let index = Int(position.revision - first)
            return index < state.recent.count ? state.recent[index].state.snapshot : nil
        }
    }

    /// The state that answered at a moment; the oldest that is kept where that is younger.
    private func answering(at moment: Timestamp) -> Snapshot? {
        state.withLock { state in (state.recent.last { $0.since <= moment } ?? state.recent.first)?.state.snapshot }
    }

    private func remember(_ stream: StreamHandler, on eventLoop: any EventLoop) {
        guard mostPerUser > 0 else { return }
        let handle = Handle(id: ObjectIdentifier(stream), stream: NIOLoopBound(stream, eventLoop: eventLoop))
        let oldest = state.withLock { state -> Handle? in
            state.ofUser[stream.subscription.limitKey, default: []].append(handle)
            guard state.ofUser[stream.subscription.limitKey]!.count > mostPerUser else { return nil }
            return state.ofUser[stream.subscription.limitKey]!.removeFirst()
        }
        // Who has too many open would otherwise end them in turn, once a second.
        if let oldest { oldest.stream.eventLoop.execute { oldest.stream.value.end(retryMilliseconds: 30_000) } }
    }

    private func forget(_ stream: StreamHandler) {
        let (key, id) = (stream.subscription.limitKey, ObjectIdentifier(stream))
        state.withLock { state in
            state.ofUser[key]?.removeAll { $0.id == id }
            if state.ofUser[key]?.isEmpty == true { state.ofUser[key] = nil }
        }
    }

    /// On the writer's thread: hands the publication to every loop.
    private func publish(_ publication: SnapshotStore.Publication) {
        let reach = Reach(publication.changes, from: publication.before.snapshot, to: publication.after.snapshot)
        let now = clock()
        let (loops, delivery) = state.withLock { state in
            let delivery = Delivery(reach, loops: state.loops.count, completed: delivered)
            state.recent.append(Kept(state: publication.after, since: now))
            if state.recent.count > Self.keptStates { state.recent.removeFirst() }
            state.deliveries.append((publication.after.snapshot.revision, delivery))
            if state.deliveries.count > Self.keptDeliveries { state.deliveries.removeFirst() }
            return (state.loops, delivery)
        }
        for loop in loops { loop.eventLoop.execute { loop.streams.value.publish(publication, at: now, delivery) } }
    }

    /// How far a revision has come; waits until it was written to every stream concerned, or the time is over.
    ///
    /// - Returns: nil when the revision is too old to be known.
    func delivery(of revision: Revision, within patience: Duration) async throws -> Delivery.Report? {
        guard let delivery = state.withLock({ $0.deliveries.last { $0.revision == revision } })?.delivery else { return nil }
        let deadline = ContinuousClock.now + patience
        while !delivery.report.isComplete, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(1)) }
        return delivery.report
    }

    /// How many of those who poll, and whom the revision concerns, were last seen at an earlier one.
    func pollersBehind(_ revision: Revision, now: Timestamp) async throws -> Int {
        guard let delivery = state.withLock({ $0.deliveries.last { $0.revision == revision } })?.delivery else { return 0 }
        let loops = state.withLock { $0.loops }
        var behind: Set<CallerKey> = []
        for loop in loops {
            behind.formUnion(
                try await loop.eventLoop.submit { loop.streams.value.pollers?.behind(revision, delivery.reach, now: now) ?? [] }.get())
        }
        for loop in loops where !behind.isEmpty {
            let asked = behind
            behind.subtract(try await loop.eventLoop.submit { loop.streams.value.pollers?.caughtUp(asked, with: revision) ?? [] }.get())
        }
        return behind.count
    }

    /// Says who knows the pollers of a loop. To be called on it.
    func register(_ pollers: any Pollers, on eventLoop: any EventLoop) {
        state.withLock({ $0.loops.first { $0.eventLoop === eventLoop } })?.streams.value.pollers = pollers
    }

    /// How many streams there are, what was sent to them, and who polls instead.
    struct Figures: Sendable {
        var live = 0
        var events = 0
        var cut = 0
        var pollers = 0
    }

    /// The figures of all loops together.
    func figures(now: Timestamp) async throws -> Figures {
        var sum = Figures()
        for loop in state.withLock({ $0.loops }) {
            let one = try await loop.eventLoop.submit {
                let streams = loop.streams.value
                return Figures(live: streams.count, events: streams.events, cut: streams.cut, pollers: streams.pollers?.recent(now: now) ?? 0)
            }.get()
            sum = Figures(live: sum.live + one.live, events: sum.events + one.events, cut: sum.cut + one.cut, pollers: sum.pollers + one.pollers)
        }
        return sum
    }

    /// Every live stream, for those who look after them.
    func list() async throws -> [JSONValue] {
        var rows: [JSONValue] = []
        for loop in state.withLock({ $0.loops }) {
            rows += try await loop.eventLoop.submit {
                loop.streams.value.all.map { stream in
                    [
                        "company_id": .string(stream.subscription.subject.company.rawValue),
                        "user_id": .string(stream.subscription.subject.user.rawValue), "since": .string(stream.startedAt.description),
                        "revision": .integer(stream.seen.revision), "queued_events": .integer(Int64(stream.queuedEvents)),
                        "behind": .bool(stream.queuedEvents > 0),
                    ] as JSONValue
                }
            }.get()
        }
        return rows
    }

    /// Ticks once a second until the server stops; then it ends every stream.
    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: .seconds(1))
                let (now, generation) = (self.clock(), self.keyGeneration())
                for loop in self.state.withLock({ $0.loops }) {
                    loop.eventLoop.execute { loop.streams.value.tick(now: now, keyGeneration: generation) }
                }
            }
        }
        try await endAll()
    }

    /// Ends every stream, and waits until the last words are out. Nobody else does: no request's task waits for a stream.
    private func endAll() async throws {
        for loop in state.withLock({ $0.loops }) {
            let streams = loop.streams
            loop.eventLoop.execute { for stream in streams.value.all { stream.end() } }
        }
        let deadline = ContinuousClock.now + StreamHandler.lastWords + .seconds(1)
        while try await count() > 0, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(5)) }
    }

    private func count() async throws -> Int {
        var count = 0
        for loop in state.withLock({ $0.loops }) { count += try await loop.eventLoop.submit { loop.streams.value.count }.get() }
        return count
    }
}
