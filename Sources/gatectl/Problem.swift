import GateCore

/// A problem (RFC 9457) as the server sends it, or as this program says its own, and how it reads to a person.
struct Problem: Sendable {
    let body: JSONObject

    init(_ body: JSONObject) { self.body = body }

    init(code: String, detail: String) {
        self.init(["type": "about:blank", "title": "gatectl refused", "detail": .string(detail), "code": .string(code)])
    }

    var code: String? { body["code"]?.stringValue }
    var detail: String { body["detail"]?.stringValue ?? body["title"]?.stringValue ?? "the server refused, without saying why" }

    /// The facts that the server gave, one a line.
    var facts: [String] {
        var facts: [String] = []
        if let pointer = body["pointer"]?.stringValue, !pointer.isEmpty, !detail.contains(pointer) { facts.append("at \(pointer)") }
        if let limit = limit { facts.append(limit) }
        let nearest = body["nearest"]?.arrayValue?.compactMap(\.stringValue) ?? []
        if !nearest.isEmpty { facts.append("did you mean \(nearest.joined(separator: ", "))?") }
        let dependents = body["dependents"]?.arrayValue ?? []
        if !dependents.isEmpty { facts.append("still used by \(dependents.map(\.entityName).joined(separator: ", "))") }
        let cycle = body["cycle"]?.arrayValue?.compactMap(\.stringValue) ?? []
        if !cycle.isEmpty { facts.append("the cycle is \(cycle.joined(separator: " → "))") }
        for row in body["criteria"]?.arrayValue ?? [] {
            facts.append(
                "\(row.words("criterion")): needed \(row.words("needed")), measured \(row.words("measured")): \(row["go"] == true ? "go" : "no-go")")
        }
        for conflict in body["conflicts"]?.arrayValue ?? [] {
            let entity = (conflict["entity"] ?? conflict).entityName
            facts.append(conflict["revision"]?.integerValue.map { "\(entity) was changed by revision \($0)" } ?? entity)
        }
        return facts
    }

    private var limit: String? {
        let facts = body["limit"]?.objectValue ?? body
        guard let allowed = facts["allowed"]?.integerValue else { return nil }
        let provided = facts["provided"]?.integerValue.map { ", \($0) given" } ?? ""
        return "at most \(allowed) allowed\(provided)"
    }

    /// What to do next, by the stable code.
    var next: [String] {
        switch code {
        case "company_unknown": ["register it with: gatectl company add ID, or repeat with --new-company"]
        case "flag_unknown": ["see: gatectl flag list"]
        case "gate_unknown": ["see: gatectl gate list"]
        case "permission_unknown": ["see: gatectl permission list-keys"]
        case "role_unknown": ["see: gatectl role list"]
        case "token_unknown": ["see: gatectl token list"]
        case "change_unknown": ["see: gatectl history"]
        case "has_dependents": ["take it out of these first"]
        case "rollout_no_go": ["wait for more data, or see: gatectl rollout status; --force takes the step all the same"]
        case "schedule_unknown": ["see: gatectl schedule list"]
        case "undo_conflict": ["look at these with gatectl show REV; --force undoes it all the same"]
        case "apply_conflict": ["--force overrules what was turned off since"]
        case "plan_changed": ["the state moved on: look at a new plan with gatectl plan, then apply its hash"]
        case "revision_mismatch": ["somebody changed it in between, or it exists already: look again, then repeat"]
        case "credential_missing", "credential_invalid": ["name a token with --token-file or GATE_TOKEN, or: gatectl login"]
        case "right_missing": ["this needs a token of another kind; see: gatectl doctor"]
        case "outcome_unknown" where !detail.contains("gatectl history"): ["see whether it happened: gatectl history"]
        default: []
        }
    }
}

extension JSONValue {
    /// How an entity's reference, `{"kind": …}` and what names it, reads: `flag x for company y`.
    var entityName: String {
        if let ref = try? EntityRef(JSONReader(self)) { return ref.description }
        if let kind = self["kind"]?.stringValue, let name = (self["name"] ?? self["code"] ?? self["id"] ?? self["key"])?.stringValue {
            return "\(kind) \(name)"
        }
        return stringValue ?? text
    }
}
