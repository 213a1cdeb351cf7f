import GateCore

/// What a write did, or would do, for people.
enum Receipt {
    static let dryRun = Line("dry run: nothing was written", .caution)

    static func lines(_ body: JSONValue) -> [Line] {
        let isDryRun = body["dry_run"]?.boolValue == true
        let subject = body["entity"].flatMap { $0 == .null ? nil : $0.entityName }.map { ": \($0)" } ?? ""
        var lines: [Line]
        if body["changed"]?.boolValue == false {
            lines = ["nothing changes: it already was so\(subject)"]
        } else if isDryRun {
            lines = ["this would change\(subject)"] + impact(body["impact"], would: true)
        } else {
            lines = [["revision ", Span(body.words("revision"), .bold), Span(subject)]] + impact(body["impact"], would: false)
        }
        return lines + (isDryRun ? [dryRun] : [])
    }

    /// Which answers are different afterwards: flags for companies, gates for companies or users.
    static func impact(_ impact: JSONValue?, would: Bool) -> [Line] {
        guard let impact else { return [] }
        var rows: [[Span]] = []
        for flip in impact["flags"]?.arrayValue ?? [] {
            rows.append([flip["code"].span(), flip["company_id"].span(), turn(flip, "on", "off")])
        }
        for flip in impact["gates"]?.arrayValue ?? [] {
            let user = flip["user_id"]?.stringValue.map { " user \($0)" } ?? ""
            rows.append([Span("gate \(flip.words("gate"))"), Span(flip.words("company_id") + user), turn(flip, "open", "shut")])
        }
        let total = impact["total"]?.integerValue ?? Int64(rows.count)
        var lines = Table.aligned(rows).map { $0.indented() }
        lines.append(
            Line(total == 0 ? "no answer flips" : "\(total) answer\(total == 1 ? "" : "s") \(would ? "would flip" : total == 1 ? "flips" : "flip")"))
        if impact["truncated"]?.boolValue == true { lines.append(Line("only the first \(rows.count) are named", .dim)) }
        if let users = impact["users_concerned"]?.integerValue { lines.append("\(users) users hold the roles concerned") }
        return lines
    }

    private static func turn(_ flip: JSONValue, _ yes: String, _ no: String) -> Span {
        let after = flip["after"]?.boolValue == true
        return Span("\(flip["before"]?.boolValue == true ? yes : no) → \(after ? yes : no)", after ? .good : .bad)
    }
}
