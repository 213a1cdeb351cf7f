import Foundation
import GateCore
import Testing

@testable import GateServer

/// What the document says of texts is what the checks in the code say.
@Suite("Patterns of the document")
struct PatternTests {
    private static func admits(_ pattern: String, _ text: String) throws -> Bool {
        let all = NSRange(location: 0, length: text.utf16.count)
        return try NSRegularExpression(pattern: pattern).firstMatch(in: text, range: all)?.range == all
    }

    @Test("Numbers up to a bound are those and no others", arguments: [1, 7, 9, 10, 30, 99, 100, 366, 1_305, 3_650])
    func numbers(bound: Int64) throws {
        let regex = try Regex(Pattern.numbers(upTo: bound))
        for number in 0...(bound * 11) { #expect((try regex.wholeMatch(in: "\(number)") != nil) == (1...bound).contains(number), "\(number)") }
    }

    @Test(
        "Spans are what is read as one",
        arguments: ["1s", "30s", "31s", "0s", "007m", "2h", "3650d", "3651d", "87600h", "87601h", "1w", "", "s", "-1s", "1 s"])
    func spans(text: String) throws {
        #expect(try Self.admits(Pattern.span(upTo: 3_650 * 86_400), text) == ((try? TimeSpan(text)) != nil))
    }

    @Test(
        "Moments are what is read as one, but for days that a month does not have",
        arguments: [
            "2026-12-01T09:00:00Z", "2026-12-01T09:00Z", "2026-12-01 09:00:00+02:00", "2026-12-01t09:00:00.123456z", "2026-12-01T09:00:00.1234567Z",
            "2026-12-01T24:00:00Z", "2026-12-01T09:60:00Z", "2026-12-01T09:00:60Z", "2026-12-01T09:00:00", "2026-12-01", "2026-13-01T09:00:00Z",
            "2026-12-01T09:00:00.Z", "2026-12-01T09:00:00-24:00",
        ])
    func moments(text: String) throws {
        #expect(try Self.admits(Pattern.moment, text) == ((try? Timestamp(text)) != nil))
    }

    @Test(
        "Names and ids are what is read as one",
        arguments: ["a", "A.b_c-9", ".a", "-a", "a b", "", ".", "..", "...", ".@", "a:b@c", "ä", "_x", String(repeating: "a", count: 101)])
    func identifiers(text: String) throws {
        #expect(try Self.admits(Pattern.name, text) == IdentifierRule.name.admits(text))
        #expect(try Self.admits(Pattern.id, text) == IdentifierRule.id.admits(text))
        #expect(try Self.admits(Pattern.snakeCase, text) == IdentifierRule.snakeCase.admits(text))
    }

    @Test(
        "Reasons are what is taken as one",
        arguments: ["why", " why ", "", " ", "\u{00A0}", "\u{3000}x", "a\nb", "a\u{2028}b", "\u{202E}", "\u{7F}", "\u{85}", "ä€😀"])
    func reasons(text: String) throws {
        #expect(try Self.admits(Pattern.saying, text) == ((try? WriteRequest.check(reason: text)) != nil), "\(text.debugDescription)")
    }
}
