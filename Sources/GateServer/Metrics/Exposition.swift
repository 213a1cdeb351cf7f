/// The text format in which Prometheus reads metrics, version 0.0.4.
struct Exposition: Sendable {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
    }

    typealias Labels = [(name: String, value: String)]

    struct Sample: Sendable {
        var labels: Labels
        var value: Double

        init(_ labels: Labels, _ value: Double) {
            self.labels = labels
            self.value = value
        }

        init(_ labels: Labels, _ value: Int) { self.init(labels, Double(value)) }
    }

    private(set) var text = ""

    /// A family with its samples. One without samples is left out.
    ///
    /// - Parameters:
    ///   - name: by Prometheus's conventions: base units, `_total` for what only rises.
    ///   - help: one sentence.
    mutating func family(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
        guard !samples.isEmpty else { return }
        begin(name, kind, help)
        for sample in samples { line(name, sample.labels, sample.value) }
    }

    mutating func counter(_ name: String, _ help: String, _ value: Int) { family(name, .counter, help, [Sample([], value)]) }

    mutating func gauge(_ name: String, _ help: String, _ value: Int) { family(name, .gauge, help, [Sample([], value)]) }

    /// A histogram for each set of labels.
    mutating func histograms(_ name: String, _ help: String, _ histograms: [(labels: Labels, histogram: Histogram)]) {
        guard !histograms.isEmpty else { return }
        begin(name, .histogram, help)
        for (labels, histogram) in histograms {
            var count = 0
            for (bound, more) in zip(Histogram.bounds + [.infinity], histogram.buckets) {
                count += more
                line("\(name)_bucket", labels + [("le", Self.number(bound))], Double(count))
            }
            line("\(name)_sum", labels, histogram.sum)
            line("\(name)_count", labels, Double(count))
        }
    }

    private mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
    }

    private mutating func line(_ name: String, _ labels: Labels, _ value: Double) {
        text += name
        if !labels.isEmpty {
            text += "{" + labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }.joined(separator: ",") + "}"
        }
        text += " \(Self.number(value))\n"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// Whole numbers without a fraction, and the three that are none by the names that Go gives them.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map { "\($0)" } ?? "\(value)"
    }
}
