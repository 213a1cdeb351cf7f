/// A moment in UTC, to the microsecond: an integer in storage, RFC 3339 on the wire.
package struct Timestamp: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Microseconds since 1970-01-01T00:00:00Z.
    package var microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }

    package static func + (moment: Timestamp, span: TimeSpan) -> Timestamp {
        Timestamp(microseconds: moment.microseconds + span.seconds * 1_000_000)
    }

    package static func - (moment: Timestamp, span: TimeSpan) -> Timestamp {
        Timestamp(microseconds: moment.microseconds - span.seconds * 1_000_000)
    }

    /// Reads RFC 3339, with `Z` or an offset, with at most six digits of a second's fraction.
    ///
    /// - Throws: `time_invalid`.
    package init(_ text: String, at pointer: String? = nil) throws(GateError) {
        guard let moment = Timestamp.parse(Array(text.utf8)) else {
            throw GateError(
                .timeInvalid, "\(quoted(text)) is not a time: write it as in 2026-12-01T09:00:00Z (RFC 3339, at most six digits of a second)",
                pointer: pointer)
        }
        self = moment
    }

    private static func parse(_ bytes: [UInt8]) -> Timestamp? {
        var scanner = DigitScanner(bytes)
        guard let date = scanner.date(), scanner.take(anyOf: "Tt "),
            let hour = scanner.number(2), hour < 24, scanner.take(anyOf: ":"),
            let minute = scanner.number(2), minute < 60
        else { return nil }
        var second: Int64 = 0
        if scanner.take(anyOf: ":") {
            guard let given = scanner.number(2), given < 60 else { return nil }
            second = given
        }
        var fraction: Int64 = 0
        if scanner.take(anyOf: ".") {
            var scale: Int64 = 100_000
            var digits = 0
            while let digit = scanner.number(1) {
                digits += 1
                guard digits <= 6 else { return nil }
                fraction += digit * scale
                scale /= 10
            }
            guard digits > 0 else { return nil }
        }
        var offset: Int64 = 0
        if !scanner.take(anyOf: "Zz") {
            let sign: Int64
            if scanner.take(anyOf: "+") { sign = 1 } else if scanner.take(anyOf: "-") { sign = -1 } else { return nil }
            guard let hours = scanner.number(2), hours < 24, scanner.take(anyOf: ":"), let minutes = scanner.number(2), minutes < 60
            else { return nil }
            offset = sign * (hours * 3600 + minutes * 60)
        }
        guard scanner.atEnd else { return nil }
        let seconds = date.daysSinceEpoch * 86_400 + hour * 3600 + minute * 60 + second - offset
        // An offset can lead out of the years that can be written again.
        guard (-62_167_219_200...253_402_300_799).contains(seconds) else { return nil }
        return Timestamp(microseconds: seconds * 1_000_000 + fraction)
    }

    /// RFC 3339 in UTC with six digits of a second.
    package var description: String {
        let (day, micros) = microseconds.flooredDivision(by: 86_400_000_000)
        let (second, fraction) = (micros / 1_000_000, micros % 1_000_000)
        return
            "\(CalendarDate(daysSinceEpoch: day))T\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2)).\(padded(fraction, 6))Z"
    }
}

/// A calendar day, `2026-12-01`: the `review_by` of a flag.
package struct CalendarDate: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let year: Int64
    package let month: Int64
    package let day: Int64

    package init(_ text: String, at pointer: String? = nil) throws(GateError) {
        var scanner = DigitScanner(Array(text.utf8))
        guard let date = scanner.date(), scanner.atEnd else {
            throw GateError(.timeInvalid, "\(quoted(text)) is not a date: write it as in 2026-12-01", pointer: pointer)
        }
        self = date
    }

    init?(year: Int64, month: Int64, day: Int64) {
        guard (1...12).contains(month), day >= 1 else { return nil }
        (self.year, self.month, self.day) = (year, month, day)
        // A day that the month does not have comes back as another date.
        let normal = CalendarDate(daysSinceEpoch: daysSinceEpoch)
        guard normal == self else { return nil }
    }

    /// From days since 1970-01-01, in the proleptic Gregorian calendar (years start in March within the sum).
    package init(daysSinceEpoch days: Int64) {
        let (era, dayOfEra) = (days + 719_468).flooredDivision(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shifted + 2) / 5 + 1
        month = shifted < 10 ? shifted + 3 : shifted - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    package var daysSinceEpoch: Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = shiftedYear.flooredDivision(by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    package static func < (left: CalendarDate, right: CalendarDate) -> Bool { left.daysSinceEpoch < right.daysSinceEpoch }

    package var description: String { "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))" }
}

/// A span of whole seconds, written `90s`, `15m`, `2h`, `7d`.
package struct TimeSpan: Hashable, Sendable, CustomStringConvertible {
    package var seconds: Int64

    package init(seconds: Int64) { self.seconds = seconds }

    /// - Throws: `duration_invalid`; at least one second, at most ten years.
    package init(_ text: String, at pointer: String? = nil) throws(GateError) {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let last = text.last, let unit = units[last],
            text.utf8.dropLast().allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let count = Int64(text.dropLast()), count > 0, count <= 3_650 * 86_400 / unit
        else {
            throw GateError(.durationInvalid, "\(quoted(text)) is not a duration: write it as in 90s, 15m, 2h or 7d, up to 3650d", pointer: pointer)
        }
        seconds = count * unit
    }

    package var description: String {
        for (unit, name) in [(86_400, "d"), (3600, "h"), (60, "m")] as [(Int64, String)] where seconds.isMultiple(of: unit) {
            return "\(seconds / unit)\(name)"
        }
        return "\(seconds)s"
    }
}

private struct DigitScanner {
    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var atEnd: Bool { index == bytes.count }

    mutating func number(_ digits: Int) -> Int64? {
        guard index + digits <= bytes.count else { return nil }
        var value: Int64 = 0
        for byte in bytes[index..<index + digits] {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        index += digits
        return value
    }

    mutating func take(anyOf characters: String) -> Bool {
        guard index < bytes.count, characters.utf8.contains(bytes[index]) else { return false }
        index += 1
        return true
    }

    mutating func date() -> CalendarDate? {
        guard let year = number(4), take(anyOf: "-"), let month = number(2), take(anyOf: "-"), let day = number(2) else { return nil }
        return CalendarDate(year: year, month: month, day: day)
    }
}

extension Int64 {
    fileprivate func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

private func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: Swift.max(0, width - digits.utf8.count)) + digits
}
