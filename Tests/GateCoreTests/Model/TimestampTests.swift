import Foundation
import Testing

@testable import GateCore

@Suite("A time")
struct TimestampTests {
    @Test(
        "in RFC 3339 is read to the microsecond, and written in UTC",
        arguments: [
            ("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00.000000Z"),
            ("2026-12-01T09:00:00Z", 1_796_115_600_000_000, "2026-12-01T09:00:00.000000Z"),
            ("2026-12-01T16:00:00.000001+07:00", 1_796_115_600_000_001, "2026-12-01T09:00:00.000001Z"),
            ("2026-12-01t02:30:00.5-06:30", 1_796_115_600_500_000, "2026-12-01T09:00:00.500000Z"),
            ("2024-02-29T23:59:59.999999z", 1_709_251_199_999_999, "2024-02-29T23:59:59.999999Z"),
            ("2000-02-29T00:00:00Z", 951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            ("1969-12-31T23:59:59.999999Z", -1, "1969-12-31T23:59:59.999999Z"),
            ("1900-03-01T00:00:00Z", -2_203_891_200_000_000, "1900-03-01T00:00:00.000000Z"),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000_000, "0000-01-01T00:00:00.000000Z"),
            ("9999-12-31T23:59:59Z", 253_402_300_799_000_000, "9999-12-31T23:59:59.000000Z"),
        ] as [(String, Int64, String)])
    func read(text: String, microseconds: Int64, written: String) throws {
        let moment = try Timestamp(text)
        #expect(moment.microseconds == microseconds)
        #expect(moment.description == written)
        #expect(try Timestamp(written) == moment)
    }

    @Test(
        "that is none is refused",
        arguments: [
            "", "2026-12-01", "2026-12-01T09:00:00", "2026-13-01T09:00:00Z", "2026-00-01T09:00:00Z", "2026-12-32T09:00:00Z", "2026-12-00T09:00:00Z",
            "2026-02-29T09:00:00Z", "1900-02-29T09:00:00Z", "2026-04-31T09:00:00Z", "2026-12-01T24:00:00Z", "2026-12-01T09:60:00Z",
            "2026-12-01T09:00:60Z",
            "2026-12-01T09:00:00.Z", "2026-12-01T09:00:00.1234567Z", "2026-12-01T09:00:00+24:00", "2026-12-01T09:00:00+0700", "2026-12-01T09:00:00 Z",
            "26-12-01T09:00:00Z", "+2026-12-01T09:00:00Z", "2026-12-01T09:00:00Zx", "２026-12-01T09:00:00Z", "now",
            "0000-01-01T00:00:00+23:59", "9999-12-31T23:59:59-00:01",
        ])
    func refused(text: String) {
        let error = refusal { try Timestamp(text, at: "/at") }
        #expect(error?.code == .timeInvalid)
        #expect(error?.pointer == "/at")
    }

    @Test("agrees with Foundation's calendar on generated moments")
    func generated() throws {
        let seed = Seed("timestamps")
        var random = seed.generator
        let style = Date.ISO8601FormatStyle(timeZone: .gmt)
        for _ in 0..<2_000 {
            let second = Int64.random(in: -2_000_000_000...200_000_000_000, using: &random)
            let moment = Timestamp(microseconds: second * 1_000_000 + Int64(random.below(1_000_000)))
            #expect(try Timestamp(moment.description) == moment, "\(seed)")
            let text = Date(timeIntervalSince1970: Double(second)).formatted(style)
            #expect(moment.description.prefix(19) == text.prefix(19), "\(seed)")
        }
    }

    @Test(
        "of a day is one that the calendar has",
        arguments: [
            ("2024-02-29", true), ("2023-02-29", false), ("2000-02-29", true), ("2100-02-29", false), ("2026-12-31", true), ("2026-12-32", false),
            ("2026-1-1", false), ("2026-01-01T00:00:00Z", false), ("", false), ("0000-01-01", true), ("9999-12-31", true), ("10000-01-01", false),
        ])
    func days(text: String, admitted: Bool) throws {
        #expect((refusal { try CalendarDate(text) } == nil) == admitted)
        if admitted { #expect(try CalendarDate(text).description == text) }
    }

    @Test("of every day from 1600 to 2400 comes back from its number")
    func everyDay() throws {
        var last = try CalendarDate("1599-12-31")
        for number in last.daysSinceEpoch + 1...(try CalendarDate("2400-12-31")).daysSinceEpoch {
            let day = CalendarDate(daysSinceEpoch: number)
            guard day.daysSinceEpoch == number, last < day, day.day == last.day + 1 || day.day == 1 else {
                Issue.record("day \(number) is \(day) after \(last)")
                return
            }
            last = day
        }
        #expect(last.description == "2400-12-31")
    }

    @Test(
        "that passes is written with one unit",
        arguments: [
            ("90s", 90, "90s"), ("60s", 60, "1m"), ("15m", 900, "15m"), ("2h", 7_200, "2h"), ("48h", 172_800, "2d"), ("7d", 604_800, "7d"),
            ("3650d", 315_360_000, "3650d"), ("315360000s", 315_360_000, "3650d"),
        ] as [(String, Int64, String)])
    func spans(text: String, seconds: Int64, written: String) throws {
        #expect(try TimeSpan(text).seconds == seconds)
        #expect(try TimeSpan(text).description == written)
    }

    @Test(
        "that passes is refused when it is none, nothing, or more than ten years",
        arguments: [
            "", "s", "0s", "-1s", "+1s", "1", "1w", "1.5h", "1 h", "3651d", "315360001s", "99999999999999999999s", "1h30m", "１s",
        ])
    func noSpans(text: String) { #expect(refusal { try TimeSpan(text) }?.code == .durationInvalid) }
}
