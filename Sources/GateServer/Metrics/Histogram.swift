/// Durations in seconds, counted in buckets.
struct Histogram: Sendable, Equatable {
    /// The upper bounds, each its bucket's own; what is longer goes into the last bucket.
    static let bounds = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

    /// One more than there are bounds; none holds what another one counts.
    private(set) var buckets = [Int](repeating: 0, count: bounds.count + 1)
    private(set) var sum = 0.0

    var count: Int { buckets.reduce(0, +) }

    mutating func observe(_ seconds: Double) {
        buckets[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
        sum += seconds
    }

    mutating func observe(_ duration: Duration) { observe(duration / .seconds(1)) }
}
