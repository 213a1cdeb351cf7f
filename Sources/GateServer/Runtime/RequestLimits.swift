import GateCore
import HTTPTypes
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
            var bucket = filled(buckets.young[who] ?? buckets.old[who], now)
            let granted = bucket.level >= 1
            if granted { bucket.level -= 1 }
            if buckets.young.count >= Self.half, buckets.young[who] == nil { (buckets.old, buckets.young) = (buckets.young, [:]) }
            buckets.young[who] = bucket
            return granted
        }
    }

    private func filled(_ bucket: Bucket?, _ now: Timestamp) -> Bucket {
        guard let bucket else { return Bucket(level: Double(burst), at: now.microseconds) }
        let elapsed = Double(max(0, now.microseconds - bucket.at)) / 1_000_000
        return Bucket(level: min(Double(burst), bucket.level + elapsed * perSecond), at: now.microseconds)
    }

    private var perSecond: Double { Double(count) / Double(seconds) }

    /// How somebody's bucket stands; nil where there is no limit. Takes nothing.
    func standing(of who: String, now: Timestamp) -> Standing? {
        guard count > 0 else { return nil }
        let level = buckets.withLock { buckets in filled(buckets.young[who] ?? buckets.old[who], now).level }
        return Standing(
            name: name, quota: burst, window: wholeSeconds(until: Double(burst)), remaining: Int(level),
            untilFull: wholeSeconds(until: Double(burst) - level), untilNext: wholeSeconds(until: 1 - level))
    }

    private func wholeSeconds(until missing: Double) -> Int { missing <= 0 ? 0 : Int((missing / perSecond).rounded(.up)) }

    /// Why somebody is refused who has just been granted nothing, and when it is worth coming again.
    func refusal(of who: String, now: Timestamp) -> RateRefusal {
        let error = GateError(
            .rateLimited, "too many requests: at most \(count) in \(seconds) s are taken here",
            limit: .init(name, provided: count + 1, allowed: count))
        return RateRefusal(error: error, standing: standing(of: who, now: now))
    }
}

/// How a bucket stands: its rate as a quota in a window of seconds, and what is left.
struct Standing: Sendable, Equatable {
    var name: String
    var quota: Int
    var window: Int
    var remaining: Int
    var untilFull: Int
    var untilNext: Int

    /// What answers say of it (draft-ietf-httpapi-ratelimit-headers-10): the policy, and how much is left until it is whole again.
    var fields: HTTPFields {
        [.rateLimitPolicy: "\"\(name)\";q=\(quota);w=\(window)", .rateLimit: "\"\(name)\";r=\(remaining);t=\(untilFull)"]
    }
}

/// A request too many, with the fields that say so.
struct RateRefusal: Error {
    var error: GateError
    var standing: Standing?

    var fields: HTTPFields {
        var fields = standing?.fields ?? [:]
        fields[.retryAfter] = "\(max(1, standing?.untilNext ?? 1))"
        return fields
    }
}

extension HTTPField.Name {
    static let rateLimit = Self("RateLimit")!
    static let rateLimitPolicy = Self("RateLimit-Policy")!
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
