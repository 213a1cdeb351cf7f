/// What the detectors of a metric add, take off and trip at: reflected log-likelihood ratios in milli-nats.
package struct DetectorLines: Hashable, Sendable {
    /// A CUSUM: on an error `S += error`, on a success `S = max(0, S − success)`, tripped when `S ≥ threshold`.
    package struct Line: Hashable, Sendable {
        package var error: Int
        package var success: Int
        package var threshold: Int
    }

    /// Outcomes in a block of RATE.
    package static let block = 200

    package var fast: Line
    package var slow: Line
    /// A block with more errors than this is above the limit.
    package var blockErrors: Int

    package init(_ metric: GuardMetric) {
        let limit = metric.limit.value
        // The RFC's 5 % has alternatives of its own.
        let isFivePercent = metric.limit.millionths == 50_000
        let fast = metric.fast?.value ?? (isFivePercent ? 0.4 : min(0.8, 5 * limit))
        let slow = metric.slow?.value ?? (isFivePercent ? 0.12 : min(0.5, 2 * limit))
        self.fast = Self.line(from: limit, to: fast, threshold: isFivePercent && metric.fast == nil ? 9_211 : 8_006)
        self.slow = Self.line(from: limit, to: slow, threshold: 6_908)
        blockErrors = Int(metric.limit.millionths) * Self.block / Int(Rate.whole)
    }

    /// `⌊1000·ln(p₁/p₀)⌋` and `⌈1000·|ln((1−p₁)/(1−p₀))|⌉`.
    private static func line(from limit: Double, to alternative: Double, threshold: Int) -> Line {
        Line(
            error: Int((1_000 * logarithm(alternative / limit)).rounded(.down)),
            success: Int((1_000 * logarithm((1 - limit) / (1 - alternative))).rounded(.up)), threshold: threshold)
    }

    /// The natural logarithm, by the series of the inverse hyperbolic tangent over the significand: what a pure folder can do.
    static func logarithm(_ number: Double) -> Double {
        let ratio = (number.significand - 1) / (number.significand + 1)
        var (power, sum) = (ratio, 0.0)
        for odd in stride(from: 1.0, through: 41, by: 2) {
            sum += power / odd
            power *= ratio * ratio
        }
        return 2 * sum + Double(number.exponent) * 0.693_147_180_559_945_3
    }
}
