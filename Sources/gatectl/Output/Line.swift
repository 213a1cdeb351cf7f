/// A piece of text for people, with its style. What it holds is made printable when it is written, never before.
struct Span: Sendable, ExpressibleByStringInterpolation {
    enum Style: Sendable {
        case plain, bold, dim, good, bad, caution

        /// The parameters of the terminal's "select graphic rendition"; nil for plain text.
        var rendition: String? {
            switch self {
            case .plain: nil
            case .bold: "1"
            case .dim: "2"
            case .good: "32"
            case .bad: "31"
            case .caution: "33"
            }
        }
    }

    var text: String
    var style: Style

    init(_ text: String, _ style: Style = .plain) {
        self.text = text
        self.style = style
    }

    init(stringLiteral text: String) { self.init(text) }

    /// How wide it stands on a terminal, once printable.
    var width: Int { text.printable.count }

    func written(inColour: Bool) -> String {
        guard inColour, let rendition = style.rendition else { return text.printable }
        return "\u{1B}[\(rendition)m\(text.printable)\u{1B}[0m"
    }
}

/// One line of output.
struct Line: Sendable, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral {
    var spans: [Span]

    init(_ spans: [Span]) { self.spans = spans }
    init(_ text: String, _ style: Span.Style = .plain) { self.init([Span(text, style)]) }
    init(stringLiteral text: String) { self.init(text) }
    init(arrayLiteral spans: Span...) { self.init(spans) }

    func indented(by columns: Int = 2) -> Line { Line([Span(String(repeating: " ", count: columns))] + spans) }

    func written(inColour: Bool) -> String { spans.map { $0.written(inColour: inColour) }.joined() }
}

extension Unicode.Scalar {
    /// Whether a terminal may act on it instead of showing it: controls, bidi overrides and other formats, separators of lines.
    fileprivate var isTreacherous: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: true
        default: false
        }
    }
}

extension String {
    /// The text with every character escaped that could move the cursor, set a title or turn the reading direction.
    var printable: String {
        guard unicodeScalars.contains(where: \.isTreacherous) else { return self }
        var shown = ""
        for scalar in unicodeScalars {
            if scalar.isTreacherous { shown += "\\u{\(String(scalar.value, radix: 16))}" } else { shown.unicodeScalars.append(scalar) }
        }
        return shown
    }

    /// The same for JSON, whose own escapes leave it the same JSON.
    var printableJSON: String {
        guard unicodeScalars.contains(where: { $0.isTreacherous && $0 != "\n" }) else { return self }
        var shown = ""
        for scalar in unicodeScalars {
            if scalar.isTreacherous, scalar != "\n" {
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    shown += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            } else {
                shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }
}
