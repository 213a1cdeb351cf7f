import GateCore

/// How an entity differs between two states, member by member.
enum Difference {
    /// Of a list of `{"entity", "before", "after"}`.
    static func lines(_ changes: [JSONValue]) -> [Line] {
        changes.flatMap { lines($0["entity"]?.entityName ?? "?", before: $0["before"], after: $0["after"]) }
    }

    static func lines(_ name: String, before: JSONValue?, after: JSONValue?) -> [Line] {
        let (old, new) = (before?.objectValue, after?.objectValue)
        switch (old, new) {
        case (nil, nil): return [Line("  \(name)", .dim)]
        case (nil, let new?): return [Line("+ \(name)", .good)] + new.members.filter { isTelling($0.value) }.map { member($0.name, nil, $0.value) }
        case (_?, nil): return [Line("- \(name)", .bad)]
        case (let old?, let new?):
            let names = old.members.map(\.name) + new.members.map(\.name).filter { old[$0] == nil }
            return [Line("~ \(name)", .caution)] + names.filter { old[$0] != new[$0] }.map { member($0, old[$0], new[$0]) }
        }
    }

    /// What is empty says nothing about a thing that is new.
    private static func isTelling(_ value: JSONValue) -> Bool { ![.null, "", .array([]), .object([:])].contains(value) }

    private static func member(_ name: String, _ before: JSONValue?, _ after: JSONValue?) -> Line {
        let wording: Wording = name == "enabled" ? .state : .plain
        let arrow: [Span] = before == nil ? [] : [Span(before.span(wording).text), " → "]
        return Line(["    ", Span("\(name): ", .dim)] + arrow + [Span(after.span(wording).text)])
    }
}
