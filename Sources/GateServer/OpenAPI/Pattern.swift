import GateCore

/// Regular expressions (ECMA-262) that say what the checks in the code say.
enum Pattern {
    static let name = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
    /// Of the admitted characters, but neither `.` nor `..`.
    static let id = #"^(?:\.*[A-Za-z0-9_:@-][A-Za-z0-9._:@-]*|\.{3,})$"#
    static let snakeCase = "^[a-z][a-z0-9_]{0,99}$"
    static let eventID = "^[A-Za-z0-9_-]{1,64}$"
    static let date = "^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$"
    static let position = "^[0-9a-f]{16}-(?:0|[1-9][0-9]{0,17})$"
    static let hash = "^[0-9a-f]{64}$"

    /// Control characters, and those that turn the direction of what follows.
    private static let refused = #"\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069"#
    private static let white = #" \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"#
    /// Text for people.
    static let text = "^[^\(refused)]*$"
    /// Text for people that is not only white space.
    static let saying = "^[^\(refused)]*[^\(refused)\(white)][^\(refused)]*$"

    /// A moment as requests write it: RFC 3339, with at most six digits of a second.
    static let moment =
        "^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\\.[0-9]{1,6})?)?"
        + "(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$"

    /// Spans such as `90s`, `15m`, `2h`, `7d`, from a second up to some number of seconds.
    static func span(upTo seconds: Int64) -> String {
        let units: [(String, Int64)] = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)]
        let forms = units.filter { $0.1 <= seconds }.map { unit, length in "(?:\(numbers(upTo: seconds / length)))\(unit)" }
        return "^0*(?:\(forms.joined(separator: "|")))$"
    }

    /// The whole numbers from 1 to a bound, without leading zeros.
    static func numbers(upTo bound: Int64) -> String {
        let digits = Array(String(bound))
        var forms: [String] = []
        // Fewer digits than the bound has.
        if digits.count > 1 { forms.append("[1-9]\(any(digits.count - 2, atMost: true))") }
        // The same digits up to a place, a smaller one there, and any after it.
        for (index, digit) in digits.enumerated() {
            let (least, most) = (index == 0 ? 1 : 0, (digit.wholeNumberValue ?? 0) - 1)
            guard least <= most else { continue }
            forms.append(String(digits[..<index]) + (least == most ? "\(least)" : "[\(least)-\(most)]") + any(digits.count - 1 - index))
        }
        return (forms + [String(digits)]).joined(separator: "|")
    }

    private static func any(_ count: Int, atMost: Bool = false) -> String {
        count == 0 ? "" : atMost ? "[0-9]{0,\(count)}" : "[0-9]{\(count)}"
    }
}
