import ArgumentParser
import GateCore

/// A flag's stop conditions. They are defined by manifests.
struct GuardCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "guard", abstract: "The stop conditions of a flag, and how near they are.",
        discussion: examples("gatectl guard levels cdp_create_ticket_embed", "gatectl guard get cdp_create_ticket_embed"),
        subcommands: [GuardGet.self, GuardLevels.self])
}

struct GuardGet: ReadCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Show a flag's guard.", discussion: examples("gatectl guard get cdp_create_ticket_embed"))

    @Argument(help: "The flag's code.", transform: FlagCode.argument) var flag: FlagCode
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func request() throws -> Request { .get("flags", flag.rawValue, "guard") }
    func lines(_ body: JSONValue) -> [Line] { body.objectValue?.details ?? [] }
}

struct GuardLevels: ReadCommand {
    static let configuration = CommandConfiguration(
        commandName: "levels", abstract: "Each detector's level against the line at which it stops the flag.",
        discussion: examples("gatectl guard levels cdp_create_ticket_embed"))

    static let columns: [Table.Column] = [
        .init("COMPANY") { Span($0["company_id"]?.stringValue ?? "(whole flag)") }, .init("METRIC", "metric"),
        .init("FAST") { level($0["fast"]) }, .init("SLOW") { level($0["slow"]) }, .init("ERRORS", "errors"), .init("OUTCOMES", "outcomes"),
        .init("TRIPPED", "tripped"),
    ]

    @Argument(help: "The flag's code.", transform: FlagCode.argument) var flag: FlagCode
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func request() throws -> Request { .get("flags", flag.rawValue, "guard", "levels") }
    func lines(_ body: JSONValue) -> [Line] { Table(Self.columns, of: body["data"]?.arrayValue ?? []).lines }

    private static func level(_ line: JSONValue?) -> Span {
        guard let line else { return Span("–", .dim) }
        return Span("\(line.words("level")) of \(line.words("threshold"))")
    }
}
