import GateCore

/// What a write did, or would do, for people.
enum Receipt {
    /// How long a command that front ends should see at once waits for them.
    static let patience = "2s"
    static let dryRun = Line("dry run: nothing was written", .caution)

    static func lines(_ body: JSONValue) -> [Line] {
        let isDryRun = body["dry_run"]?.boolValue == true
        var lines: [Line]
        if body["changed"]?.boolValue == false {
            lines = ["nothing changes: it already was so"]
        } else {
            lines = impact(body["impact"], would: isDryRun)
            if !isDryRun { lines.insert(["revision ", Span(body.words("revision"), .bold)], at: 0) }
            if let delivery = body["delivery"] { lines.append(Self.delivery(delivery)) }
        }
        if let schedule = body["schedule"] {
            let what = schedule["restore"] == nil ? "to be done" : "to be taken back"
            lines.append(Line("\(what) at \(schedule.words("due_at")), as schedule \(schedule.words("id"))"))
        }
        for id in body["cancelled_schedules"]?.arrayValue ?? [] {
            lines.append(Line("schedule \(id.stringValue ?? "") is cancelled: it would have taken this back", .caution))
        }
        return lines + (isDryRun ? [dryRun] : [])
    }

    /// Says that the change is in force, but not every live stream is known to have been written it in time; nil where all were.
    static func undelivered(_ body: JSONValue) -> Failure? {
        guard body["changed"] == true, body["dry_run"] != true, let delivery = body["delivery"] else { return nil }
        let behind = delivery["behind"]?.integerValue ?? 0
        guard behind > 0 || delivery["complete"] == false else { return nil }
        let who = behind == 0 ? "not every live stream is known to have been" : "\(behind) live \(behind == 1 ? "stream was" : "streams were") not"
        return Failure(
            .undelivered, "not_delivered", "the change is in force, but \(who) written in time",
            advice: "whoever is behind gets it on reading, or on coming again; GET /v1/admin/streams tells who that is", "wait longer: --wait 10s")
    }

    /// Who has been told.
    private static func delivery(_ delivery: JSONValue) -> Line {
        let (streams, written) = (delivery["streams"]?.integerValue ?? 0, delivery["written"]?.integerValue ?? 0)
        let live = "live \(streams == 1 ? "stream" : "streams")"
        let told =
            streams == 0
            ? Span("no live client was concerned")
            : written == streams
                ? Span("written to \(written) of \(streams) \(live) in \(delivery.words("milliseconds")) ms", .good)
                : Span("written to \(written) of \(streams) \(live) in time", .bad)
        let pollers = delivery["pollers_behind"]?.integerValue ?? 0
        return Line([told] + (pollers > 0 ? [Span("; \(pollers) \(pollers == 1 ? "poller" : "pollers") last seen behind")] : []))
    }

    /// Which answers are different afterwards: flags for companies, gates for companies or users.
    static func impact(_ impact: JSONValue?, would: Bool) -> [Line] {
        guard let impact else { return [] }
        var rows: [[Span]] = []
        for flip in impact["flags"]?.arrayValue ?? [] {
            rows.append([flip["code"].span(), flip["company_id"].span(), turn(flip, "on", "off")])
        }
        for flip in impact["gates"]?.arrayValue ?? [] {
            // Without a user it is the gate's flag clauses that answer otherwise, for everybody there.
            let whose = flip["user_id"]?.stringValue.map { " user \($0)" } ?? " (its flags)"
            rows.append([Span("gate \(flip.words("gate"))"), Span(flip.words("company_id") + whose), turn(flip, "open", "shut")])
        }
        let total = impact["total"]?.integerValue ?? Int64(rows.count)
        var lines = Table.aligned(rows).map { $0.indented() }
        lines.append(total == 0 ? "no answer flips" : Line("\(total) \(total == 1 ? "answer" : "answers") \(would ? "would flip" : "flipped")"))
        if impact["truncated"]?.boolValue == true { lines.append(Line("only the first \(rows.count) are named", .dim)) }
        if let users = impact["users_concerned"]?.integerValue { lines.append("\(users) users hold the roles concerned") }
        return lines
    }

    private static func turn(_ flip: JSONValue, _ yes: String, _ no: String) -> Span {
        let after = flip["after"]?.boolValue == true
        return Span("\(flip["before"]?.boolValue == true ? yes : no) → \(after ? yes : no)", after ? .good : .bad)
    }
}
