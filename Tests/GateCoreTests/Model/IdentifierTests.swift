import Testing

@testable import GateCore

@Suite("An identifier")
struct IdentifierTests {
    private static let long = String(repeating: "a", count: 100)

    @Test(
        "that is a code, key or name follows the rule of names",
        arguments: [
            ("a", true), ("0", true), ("cdp_create.ticket-embed", true), (long, true), (long + "a", false), ("", false), ("_a", false), (".a", false),
            ("-a", false), ("a b", false), ("a/b", false), ("a:b", false), ("a@b", false), ("é", false), ("a\u{301}", false), ("a\n", false),
            ("a\u{0}", false),
            ("Ａ", false), ("\u{212A}", false), ("..", false), ("a..", true),
        ])
    func names(text: String, admitted: Bool) {
        let errors = [
            refusal { try FlagCode(text) }, refusal { try PermissionKey(text) }, refusal { try GateName(text) }, refusal { try RoleName(text) },
            refusal { try GroupName(text) }, refusal { try TokenID(text) },
        ]
        for error in errors {
            #expect((error == nil) == admitted)
            #expect(error == nil || error?.code == .identifierInvalid)
        }
    }

    @Test(
        "of a company or user follows the rule of ids",
        arguments: [
            ("a", true), ("-", true), (":", true), ("@", true), ("_", true), ("...", true), ("a.b:c@d-e_f", true), (".", false), ("..", false),
            ("", false),
            (String(repeating: "x", count: 128), true), (String(repeating: "x", count: 129), false), ("a/b", false), ("a b", false), ("ü", false),
            ("a\"", false), ("a\\", false), ("\u{7f}", false), ("%41", false),
        ])
    func ids(text: String, admitted: Bool) {
        for error in [refusal { try CompanyID(text) }, refusal { try UserID(text) }] {
            #expect((error == nil) == admitted)
            #expect(error == nil || error?.code == .identifierInvalid)
        }
    }

    @Test("that is refused is told the rule, the limit and what was given")
    func tells() {
        let tooLong = refusal { try FlagCode(String(repeating: "b", count: 101), at: "/code") }
        #expect(tooLong?.pointer == "/code")
        #expect(tooLong?.limit == GateError.Limit("characters", provided: 101, allowed: 100))
        #expect(tooLong?.detail.contains("1 to 100 characters of A-Z a-z 0-9 . _ -, the first a letter or digit") == true)
        #expect(tooLong?.detail.hasPrefix("flag code \"bbb") == true && tooLong?.detail.contains("…\"") == true)
        // Not a literal: that would be taken unchecked here.
        let colourful = "a b\u{1b}[31m"
        let company = refusal { try CompanyID(colourful) }
        #expect(company?.limit == nil)
        #expect(
            company?.detail
                == "company id \"a b\\u{1b}[31m\" is not valid: it must be 1 to 128 characters of A-Z a-z 0-9 . _ : @ -, other than . and ..")
    }

    @Test("sorts by its bytes")
    func order() {
        let ids: [CompanyID] = ["a", "B", "0", "-", "_", "ab", "@", ":"]
        #expect(ids.sorted().map(\.rawValue) == ["-", "0", ":", "@", "B", "_", "a", "ab"])
    }

    @Test(
        "names its position in history so that it can be read again",
        arguments: [
            ("ab-12", Position(incarnation: "ab", revision: 12) as Position?), ("a-b-0", Position(incarnation: "a-b", revision: 0)), ("-1", nil),
            ("ab", nil), ("ab-", nil),
            ("ab-+1", nil), ("ab-1x", nil), ("ab-99999999999999999999", nil),
        ])
    func positions(text: String, position: Position?) {
        #expect(Position(text) == position)
        if let position { #expect(position.description == text) }
    }
}
