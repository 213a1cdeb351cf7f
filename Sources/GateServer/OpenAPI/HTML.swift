/// Text of an HTML page, put together from pieces that are escaped where they go in.
struct HTML: Sendable, ExpressibleByStringInterpolation {
    private(set) var text: String

    /// Text that is HTML already.
    init(_ text: String) { self.text = text }

    init(stringLiteral text: String) { self.text = text }

    init(stringInterpolation: Interpolation) { text = stringInterpolation.text }

    /// What is written out stays as it is; what is put in is escaped, unless it is HTML.
    struct Interpolation: StringInterpolationProtocol {
        var text = ""

        init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }

        mutating func appendLiteral(_ literal: String) { text += literal }

        mutating func appendInterpolation(_ html: HTML) { text += html.text }

        mutating func appendInterpolation(_ pieces: [HTML]) { for piece in pieces { text += piece.text } }

        mutating func appendInterpolation(_ plain: String) {
            for character in plain {
                switch character {
                case "&": text += "&amp;"
                case "<": text += "&lt;"
                case ">": text += "&gt;"
                case "\"": text += "&quot;"
                default: text.append(character)
                }
            }
        }
    }
}

extension HTML {
    /// Prose in which names stand between backticks.
    static func prose(_ plain: String) -> HTML {
        var pieces: [HTML] = []
        for (index, piece) in plain.split(separator: "`", omittingEmptySubsequences: false).enumerated() {
            pieces.append(index.isMultiple(of: 2) ? "\(String(piece))" : "<code>\(String(piece))</code>")
        }
        return "\(pieces)"
    }
}
