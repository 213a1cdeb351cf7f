import GateCore

/// Rows under headings, each column as wide as its widest cell.
struct Table: Sendable {
    /// A column of a list: its heading, and what of an element stands in it.
    struct Column: Sendable {
        let heading: String
        let cell: @Sendable (JSONValue) -> Span

        init(_ heading: String, _ cell: @escaping @Sendable (JSONValue) -> Span) {
            self.heading = heading
            self.cell = cell
        }

        /// The element's member of that name.
        init(_ heading: String, _ member: String, as style: Wording = .plain) {
            self.init(heading) { $0[member].span(style) }
        }
    }

    let headings: [String]
    var rows: [[Span]]

    init(_ headings: [String], rows: [[Span]] = []) {
        self.headings = headings
        self.rows = rows
    }

    init(_ columns: [Column], of elements: [JSONValue]) {
        self.init(columns.map(\.heading), rows: elements.map { element in columns.map { $0.cell(element) } })
    }

    var lines: [Line] {
        guard !rows.isEmpty else { return [Line("none", .dim)] }
        return Self.aligned([headings.map { Span($0, .bold) }] + rows)
    }

    /// Cells in columns two spaces apart; the last column is not padded.
    static func aligned(_ rows: [[Span]]) -> [Line] {
        var widths: [Int] = []
        for row in rows {
            for (index, cell) in row.enumerated() {
                if index < widths.count { widths[index] = max(widths[index], cell.width) } else { widths.append(cell.width) }
            }
        }
        return rows.map { row in
            var spans: [Span] = []
            for (index, cell) in row.enumerated() {
                spans.append(cell)
                if index < row.count - 1 { spans.append(Span(String(repeating: " ", count: widths[index] - cell.width + 2))) }
            }
            return Line(spans)
        }
    }
}

/// In which words a value is shown.
enum Wording: Sendable {
    case plain
    /// true and false are on and off.
    case state
}

extension JSONValue? {
    /// The value in words: on or off, yes or no, lists by commas, a dash for nothing.
    func span(_ wording: Wording = .plain) -> Span {
        switch self {
        case nil, .some(.null): Span("–", .dim)
        case .some(.bool(let flag)):
            wording == .state ? Span(flag ? "on" : "off", flag ? .good : .bad) : Span(flag ? "yes" : "no")
        case .some(.array(let elements)):
            elements.isEmpty ? Span("–", .dim) : Span(elements.map { Optional($0).span(wording).text }.joined(separator: ", "))
        case .some(.object(let object)):
            object.members.isEmpty
                ? Span("–", .dim)
                : Span(object.members.map { "\($0.name): \(Optional($0.value).span(.state).text)" }.joined(separator: ", "))
        case .some(.string(let text)): Span(text)
        case .some(.integer(let number)): Span(String(number))
        case .some(.number(let number)): Span(String(number))
        }
    }
}

extension JSONValue {
    /// A member's value in words.
    func words(_ member: String) -> String { self[member].span().text }
}

extension JSONObject {
    /// One entity, a member a line.
    var details: [Line] {
        Table.aligned(
            members.map { member in
                [Span(member.name.replacing("_", with: " "), .bold), Optional(member.value).span(member.name == "enabled" ? .state : .plain)]
            })
    }
}
