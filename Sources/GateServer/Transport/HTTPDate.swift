#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import NIOCore

/// The value of a `Date` header (RFC 9110 §5.6.7), kept for the second it is true.
///
/// Each event loop owns one, so it needs no lock: asking for it costs a look at the clock, and only the first
/// question of each second costs the arithmetic. A year beyond 9999 has no such form; it is not foreseen.
struct HTTPDate {
    /// The length in bytes: every IMF-fixdate has the same.
    static let length = 29

    private var second: Int64 = .min
    private var text = [UInt8](repeating: 0, count: HTTPDate.length)

    /// Seconds since 1970 by the machine's clock.
    static func now() -> Int64 {
        Int64(time(nil))
    }

    /// The 29 bytes that are true at a second.
    ///
    /// - Parameter second: seconds since 1970, UTC, without leap seconds.
    mutating func bytes(at second: Int64 = HTTPDate.now()) -> [UInt8] {
        if second != self.second {
            self.second = second
            text = HTTPDate.format(second)
        }
        return text
    }

    /// Appends the 29 bytes that are true at a second.
    mutating func write(at second: Int64 = HTTPDate.now(), to buffer: inout ByteBuffer) {
        buffer.writeBytes(bytes(at: second))
    }

    /// Writes out one second, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
    static func format(_ second: Int64) -> [UInt8] {
        let day = second.flooredQuotient(86_400)
        let time = Int(second - day * 86_400)
        let date = civil(day)
        var out = [UInt8]()
        out.reserveCapacity(length)
        out += name(of: Int((day + 4).flooredRemainder(7)), in: "SunMonTueWedThuFriSat")
        out += [UInt8(ascii: ","), UInt8(ascii: " ")]
        out += twoDigits(date.day)
        out.append(UInt8(ascii: " "))
        out += name(of: date.month - 1, in: "JanFebMarAprMayJunJulAugSepOctNovDec")
        out.append(UInt8(ascii: " "))
        out += twoDigits(date.year / 100)
        out += twoDigits(date.year % 100)
        out.append(UInt8(ascii: " "))
        out += twoDigits(time / 3_600)
        out.append(UInt8(ascii: ":"))
        out += twoDigits(time / 60 % 60)
        out.append(UInt8(ascii: ":"))
        out += twoDigits(time % 60)
        out += " GMT".utf8
        return out
    }

    /// The proleptic Gregorian date of a day counted from 1970-01-01.
    ///
    /// Years are counted from March, so that the leap day is a year's last and months follow one line (153 days to five months).
    private static func civil(_ daysSince1970: Int64) -> (year: Int, month: Int, day: Int) {
        let days = daysSince1970 + 719_468
        let era = days.flooredQuotient(146_097)
        let dayOfEra = Int(days - era * 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + Int(era) * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func name(of index: Int, in names: StaticString) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: names.utf8Start + 3 * index, count: 3)
    }

    private static func twoDigits(_ value: Int) -> [UInt8] {
        [UInt8(ascii: "0") + UInt8(value / 10 % 10), UInt8(ascii: "0") + UInt8(value % 10)]
    }
}

extension Int64 {
    /// The quotient rounded towards minus infinity.
    fileprivate func flooredQuotient(_ divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }

    /// The remainder that is never negative.
    fileprivate func flooredRemainder(_ divisor: Int64) -> Int64 {
        let remainder = self % divisor
        return remainder < 0 ? remainder + divisor : remainder
    }
}
