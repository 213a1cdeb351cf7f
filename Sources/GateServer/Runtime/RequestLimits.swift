import GateCore
import Synchronization

/// How often somebody may do something: a bucket of tokens each, refilled steadily.
///
/// Bounded by two generations, as the remembered tokens are: who has not come for a while has a full bucket anyway.
final class RateLimit: Sendable {
    private struct Bucket: Sendable {
        var level: Double
        var at: Int64
    }

    private struct Buckets: Sendable {
        var young: [String: Bucket] = [:]
        var old: [String: Bucket] = [:]
    }

    private static let half = 50_000
    private let buckets = Mutex(Buckets())
    let name: String
    private let count: Int
    private let seconds: Int
    private let burst: Int

    /// - Parameters:
    ///   - count: how many in `seconds`; 0 sets no limit.
    ///   - burst: how many at once.
    init(_ name: String, _ count: Int, inSeconds seconds: Int = 1, burst: Int? = nil) {
        self.name = name
        self.count = count
        self.seconds = seconds
        self.burst = burst ?? count
    }

    /// Takes one; false when there is none.
    func take(_ who: String, now: Timestamp) -> Bool {
        guard count > 0 else { return true }
        return buckets.withLock { buckets in
            var bucket = buckets.young[who] ?? buckets.old[who] ?? Bucket(level: Double(burst), at: now.microseconds)
            let elapsed = Double(max(0, now.microseconds - bucket.at)) / 1_000_000
            bucket.level = min(Double(burst), bucket.level + elapsed * Double(count) / Double(seconds))
            bucket.at = now.microseconds
            let granted = bucket.level >= 1
            if granted { bucket.level -= 1 }
            if buckets.young.count >= Self.half, buckets.young[who] == nil { (buckets.old, buckets.young) = (buckets.young, [:]) }
            buckets.young[who] = bucket
            return granted
        }
    }

    var refusal: GateError {
        GateError(
            .rateLimited, "too many requests: at most \(count) in \(seconds) s are taken here",
            limit: .init(name, provided: count + 1, allowed: count))
    }
}

/// The settable bounds of what one request, user or token may ask of the server. 0 means none.
struct RequestLimits: Sendable {
    /// By name, as `--limit NAME=N` sets them.
    static let defaults: [String: Int] = [
        "evaluations_per_user": 50, "events_per_user": 10, "streams_per_user": 5, "writes_per_token": 5, "failed_logins_per_minute": 10,
        "connections": 2_000, "body_bytes": 64 * 1024,
        "import_bytes": 1 << 30,
    ]

    static let largest = 1 << 40

    let evaluations: RateLimit
    /// Batches of events.
    let events: RateLimit
    let writes: RateLimit
    let failedLogins: RateLimit
    let streamsPerUser: Int
    let connections: Int
    let bodyBytes: Int
    let importBytes: Int

    init(_ settings: [String: Int] = [:]) {
        let values = Self.defaults.merging(settings) { $1 }
        evaluations = RateLimit("evaluations_per_user", values["evaluations_per_user"]!)
        events = RateLimit("events_per_user", values["events_per_user"]!)
        writes = RateLimit("writes_per_token", values["writes_per_token"]!, burst: values["writes_per_token"]! * 4)
        failedLogins = RateLimit("failed_logins_per_minute", values["failed_logins_per_minute"]!, inSeconds: 60)
        streamsPerUser = values["streams_per_user"]!
        connections = values["connections"]!
        bodyBytes = values["body_bytes"]! == 0 ? .max : values["body_bytes"]!
        importBytes = values["import_bytes"]! == 0 ? .max : values["import_bytes"]!
    }
}
