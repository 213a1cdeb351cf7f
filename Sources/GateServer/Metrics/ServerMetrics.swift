import GateCore
import HTTPTypes
import NIOCore
import Synchronization

/// What the server has done since it started, counted where it is done and read when somebody asks.
///
/// What is true at the moment (sizes, levels, who listens) is not kept here: ``MetricsPage`` looks it up.
final class ServerMetrics: Sendable {
    /// The methods that are told apart. Anything else is one of a kind: a client must not make series.
    enum Method: String, CaseIterable, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
        case options = "OPTIONS"
        case other = "OTHER"

        init(_ method: HTTPRequest.Method) { self = Method(rawValue: method.rawValue) ?? .other }
    }

    struct Route: Hashable, Sendable {
        /// The path as the router has it, `/v1/gates/{name}`; `unmatched` where it has none.
        var path: String
        var method: Method
    }

    struct Requests: Sendable {
        var byStatus: [Int: Int] = [:]
        var duration = Histogram()

        fileprivate mutating func count(_ status: Int, after duration: Duration) {
            byStatus[status, default: 0] += 1
            self.duration.observe(duration)
        }
    }

    enum EventOutcome: String, CaseIterable, Sendable {
        case accepted
        case duplicate
        case refused
    }

    enum WebhookOutcome: String, CaseIterable, Sendable {
        case delivered
        case failed
        case gone
    }

    /// Whom a guard stopped, and what in it did.
    struct Trip: Hashable, Sendable {
        var scope: String
        var detector: String

        static let all = ["company", "flag"].flatMap { scope in
            ["fast", "slow", "rate", "zero_tolerance"].map { Trip(scope: scope, detector: $0) }
        }
    }

    /// Counters that are touched less often than once a request.
    struct Totals: Sendable {
        var writes = Counts<WriteResult>()
        var writeDuration = Histogram()
        var deliveryDuration = Histogram()
        var events = Counts<EventOutcome>()
        var webhooks = Counts<WebhookOutcome>()
        var trips: [Trip: Int] = [:]
    }

    static let unmatched = "unmatched"

    private let requests = Mutex<[Route: Requests]>([:])
    private let decisions = Mutex<[DecisionKey: Int]>([:])
    private let totals = Mutex(Totals())
    /// By code.
    private let refusals = Mutex<[String: Int]>([:])
    private let loops = Mutex<[NIOLoopBound<ReadCounts>]>([])

    // MARK: Counting

    /// A request has been answered by the router.
    func answered(_ route: Route, status: Int, after duration: Duration) {
        requests.withLock { $0[route, default: Requests()].count(status, after: duration) }
    }

    /// A request has been refused before any route saw it.
    func refused(_ refusal: RequestRefusal) { refusals.withLock { $0[refusal.code.rawValue, default: 0] += 1 } }

    /// A gate's answer has been given.
    func decided(_ gate: GateName, isAllowed: Bool) {
        decisions.withLock { $0[DecisionKey(gate: gate, isAllowed: isAllowed), default: 0] += 1 }
    }

    func wrote(_ result: WriteResult, in duration: Duration) {
        totals.withLock {
            $0.writes.add(result)
            $0.writeDuration.observe(duration)
        }
    }

    /// A revision has been written to the last of the live streams that it concerns.
    func delivered(in time: TimeAmount) { totals.withLock { $0.deliveryDuration.observe(.nanoseconds(time.nanoseconds)) } }

    func took(_ outcome: EventStore.Outcome, refused: Int) {
        totals.withLock {
            $0.events.add(.accepted, outcome.accepted)
            $0.events.add(.duplicate, outcome.duplicates)
            $0.events.add(.refused, refused)
        }
    }

    func sent(_ outcome: WebhookOutcome) { totals.withLock { $0.webhooks.add(outcome) } }

    /// A guard's finding has become a hold.
    func tripped(_ finding: GuardFinding) {
        let detector = finding.numbers["detector"]?.stringValue ?? "zero_tolerance"
        let trip = Trip(scope: finding.company == nil ? "flag" : "company", detector: detector)
        totals.withLock { $0.trips[trip, default: 0] += 1 }
    }

    /// Where an event loop counts what it answers in front of the router. To be called on that loop.
    func readCounts(on eventLoop: any EventLoop) -> ReadCounts {
        let counts = ReadCounts()
        loops.withLock { $0.append(NIOLoopBound(counts, eventLoop: eventLoop)) }
        return counts
    }

    // MARK: Reading

    /// Everything that was counted.
    struct Reading: Sendable {
        var requests: [Route: Requests]
        var refusals: [String: Int]
        var decisions: [DecisionKey: Int]
        var totals: Totals
    }

    /// - Parameter store: says which gates exist; what was counted of others is forgotten.
    func read(_ store: SnapshotStore) async throws -> Reading {
        let decided = decisions.withLock { decisions in
            let gates = store.current.snapshot.gates
            decisions = decisions.filter { gates[$0.key.gate] != nil }
            return decisions
        }
        var reading = Reading(
            requests: requests.withLock { $0 }, refusals: refusals.withLock { $0 }, decisions: decided, totals: totals.withLock { $0 })
        for loop in loops.withLock({ $0 }) {
            let counts = try await loop.eventLoop.submit { loop.value.read(store.current.snapshot) }.get()
            reading.decisions.merge(counts.decisions, uniquingKeysWith: +)
            for (path, more) in counts.requests where !more.isEmpty {
                reading.requests[Route(path: path, method: .get), default: Requests()].byStatus.merge(more, uniquingKeysWith: +)
            }
        }
        return reading
    }
}
