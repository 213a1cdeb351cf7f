/// A share between 0 and 1, to the millionth: exact in storage, a number on the wire.
package struct Rate: Hashable, Sendable, Comparable, CustomStringConvertible {
    package static let whole: Int64 = 1_000_000

    package var millionths: Int64

    package init(millionths: Int64) { self.millionths = millionths }

    package static func < (left: Rate, right: Rate) -> Bool { left.millionths < right.millionths }

    /// As a floating number, for what is derived from it.
    package var value: Double { Double(millionths) / Double(Self.whole) }

    /// - Throws: `type_mismatch`; `limit_exceeded` where it is not above 0 and below 1, or finer than a millionth.
    package init(_ reader: JSONReader) throws(GateError) {
        let given: Double
        switch reader.value {
        case .number(let number): given = number
        case .integer(let number): given = Double(number)
        default: throw reader.mismatch("a number between 0 and 1")
        }
        let scaled = given * Double(Self.whole)
        guard given > 0, given < 1, abs(scaled - scaled.rounded()) < 1e-4 else {
            throw GateError(
                .limitExceeded, "\(reader.pointer) must be above 0 and below 1, in steps of a millionth, not \(given)", pointer: reader.pointer)
        }
        millionths = Int64(scaled.rounded())
    }

    package var json: JSONValue { .number(value) }

    /// In percent: `10 %`, `2.5 %`.
    package var description: String {
        let percent = Double(millionths) / 10_000
        return percent == percent.rounded() ? "\(Int(percent)) %" : "\(percent) %"
    }
}
