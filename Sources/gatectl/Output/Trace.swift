import GateCore

/// A gate's decision or a flag's evaluation, clause by clause.
enum Trace {
    /// `{"gate", "company_id", "user_id", "allowed", "reason", "checks"}`.
    static func decision(_ body: JSONValue) -> [Line] {
        let allowed = body["allowed"]?.boolValue == true
        let subject = "user \(body.words("user_id")) of company \(body.words("company_id"))"
        let verdict = Span(allowed ? "allowed" : "denied", allowed ? .good : .bad)
        return [["\(body.words("gate")), \(subject): ", verdict, Span(allowed ? "" : " (\(body.words("reason")))")]]
            + (body["checks"]?.arrayValue ?? []).flatMap { clause($0, depth: 1) }
    }

    /// The trace of a flag for a company.
    static func flag(_ body: JSONValue) -> [Line] {
        let on = isSatisfied(body)
        return [
            [
                "\(name(body)) for company \(body.words("company_id")): ", Span(on ? "on" : "off", on ? .good : .bad),
                Span(" (\(body.words("reason")))"),
            ]
        ] + decidedBy(body, depth: 1) + prerequisites(body, depth: 1)
    }

    private static func clause(_ check: JSONValue, depth: Int) -> [Line] {
        let satisfied = isSatisfied(check)
        let role = check["role"]?.stringValue.map { " \($0)" } ?? ""
        let line: Line = [
            Span(satisfied ? "yes  " : "no   ", satisfied ? .good : .bad), Span("\(check["kind"]?.stringValue ?? "flag") \(name(check))", .bold),
            Span("  \(check.words("reason"))\(role)"),
        ]
        return [line.indented(by: depth * 2)] + decidedBy(check, depth: depth) + prerequisites(check, depth: depth + 1)
    }

    private static func prerequisites(_ clause: JSONValue, depth: Int) -> [Line] {
        (clause["prerequisites"]?.arrayValue ?? []).flatMap { self.clause($0, depth: depth) }
    }

    /// Who brought it about: there only in what `explain` answers.
    private static func decidedBy(_ clause: JSONValue, depth: Int) -> [Line] {
        guard let source = clause["decided_by"] else { return [] }
        let text =
            source == .null
            ? "nothing was ever set here"
            : "\(source["entity"]?.entityName ?? "?"), revision \(source.words("revision")), \(source.words("at")) by "
                + "\(source.words("actor")): \(source.words("reason"))"
        return [Line(text, .dim).indented(by: depth * 2 + 5)]
    }

    private static func isSatisfied(_ clause: JSONValue) -> Bool { (clause["satisfied"] ?? clause["value"])?.boolValue == true }
    private static func name(_ clause: JSONValue) -> String { (clause["key"] ?? clause["code"] ?? clause["flag"]).span().text }
}
