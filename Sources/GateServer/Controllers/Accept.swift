/// The media types that a client takes (RFC 9110 §12.5.1).
enum Accept {
    /// Whether any of the types is among them.
    ///
    /// Parameters of a range beside `q` are not looked at, and a header without any valid range is none.
    ///
    /// - Parameters:
    ///   - header: nil takes anything.
    ///   - types: in lower case; parameters behind a semicolon do not count.
    static func admits(_ header: String?, _ types: [String]) -> Bool {
        guard let header, header != "*/*", header != types.first, !types.isEmpty else { return true }
        let ranges = header.split(separator: ",").compactMap(Range.init)
        guard !ranges.isEmpty else { return true }
        return types.contains { type in
            let name = type.prefix { $0 != ";" }
            return ranges.filter { $0.covers(name) }.max { $0.precision < $1.precision }?.isTaken ?? false
        }
    }

    private struct Range {
        let type: Substring
        let subtype: Substring
        let isTaken: Bool

        var precision: Int { subtype != "*" ? 2 : type != "*" ? 1 : 0 }

        init?(_ text: Substring) {
            let parts = text.lowercased().filter { $0 != " " && $0 != "\t" }.split(separator: ";")
            let names = parts.first?.split(separator: "/", omittingEmptySubsequences: false) ?? []
            guard names.count == 2, !names[0].isEmpty, !names[1].isEmpty, names[0] != "*" || names[1] == "*" else { return nil }
            (type, subtype) = (names[0], names[1])
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }?.dropFirst(2)
            isTaken = weight.map { !$0.allSatisfy { $0 == "0" || $0 == "." } } ?? true
        }

        func covers(_ name: Substring) -> Bool {
            let names = name.split(separator: "/")
            return (type == "*" || type == names[0]) && (subtype == "*" || subtype == names.last)
        }
    }
}
