import ArgumentParser
import GateCore

/// The changes, newest first.
struct History: GateCommand {
    static let configuration = CommandConfiguration(
        abstract: "What was changed, when, by whom and why; newest first.",
        discussion: examples("gatectl history cdp_create_ticket_embed --company acme", "gatectl history --actor seeds --limit 5"))

    static let columns: [Table.Column] = [
        .init("REVISION", "revision"), .init("AT", "at"), .init("ACTOR", "actor"),
        .init("WHAT") { change in
            let entities = change["entities"]?.arrayValue ?? []
            guard let first = entities.first?["entity"]?.entityName else { return change["command"]?["command"].span() ?? "–" }
            return Span(entities.count == 1 ? first : "\(first), and \(entities.count - 1) more")
        },
        .init("REASON", "reason"),
    ]

    @Argument(help: "Only those that concern this flag.", transform: FlagCode.argument) var flag: FlagCode?
    @Option(help: ArgumentHelp("Only those that concern this company.", valueName: "id"), transform: CompanyID.argument) var company: CompanyID?
    @Option(help: ArgumentHelp("Only those by this actor, as in token/… or seeds.", valueName: "actor")) var actor: String?
    @Option(help: ArgumentHelp("At most so many, 1 to 1000.", valueName: "n")) var limit = 20
    @Option(help: ArgumentHelp("Go on from this revision: the \"next\" of an earlier page.", valueName: "revision")) var after: Int64?
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) async throws {
        var pages = PageOptions.all
        (pages.limit, pages.after) = (limit, after.map(String.init))
        try pages.validate()
        let filters =
            Request.Parameter.ifGiven("flag", flag) + Request.Parameter.ifGiven("company", company) + Request.Parameter.ifGiven("actor", actor)
        try await session.list(.get("changes", query: filters), pages, Self.columns)
    }
}

/// A revision on the command line.
struct RevisionArgument: ParsableArguments {
    @Argument(help: "The change's revision.") var revision: Int64

    func validate() throws {
        guard revision > 0 else { throw ValidationError("a revision is a whole number from 1") }
    }
}

/// One change with before and after.
struct ShowChange: ReadCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "One change: what it was before and after, who made it and why.", discussion: examples("gatectl show 42"))

    @OptionGroup var change: RevisionArgument
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func request() throws -> Request { .get("changes", String(change.revision)) }

    func lines(_ body: JSONValue) -> [Line] {
        let head = ["revision", "at", "actor", "reason", "hash"].map { [Span($0, .bold), body[$0].span()] }
        return Table.aligned(head) + Difference.lines(body["entities"]?.arrayValue ?? [])
    }
}

/// The inverse of a change, as a new one.
struct UndoChange: WriteCommand {
    static let configuration = CommandConfiguration(
        commandName: "undo", abstract: "Undo a change, by a new one.",
        discussion: """
            Refused when something it touched was changed again since, unless --force.

            \(examples("gatectl undo 42 --reason \"wrong company\"", "gatectl undo 42 --dry-run --reason \"wrong company\""))
            """)

    @OptionGroup var change: RevisionArgument
    @Flag(help: "Undo it even though what it touched was changed again since.") var force = false
    @OptionGroup var options: WriteOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions
    var defaultWait: String? { Receipt.patience }

    func request() throws -> Request {
        .admin(.post, ["changes", String(change.revision), "undo"], body: force ? ["force": true] : [:])
    }
}

struct AuditCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Whether the history is whole.", discussion: examples("gatectl audit verify"),
        subcommands: [VerifyAudit.self])
}

/// Has the server check its history, and fails when it does not hold.
struct VerifyAudit: GateCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Verify the hash chain, and that the history adds up to the state; exit code 1 when not.",
        discussion: examples("gatectl audit verify --output json"))

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) async throws {
        var request = Request.get("audit")
        request.timeout = .seconds(600)
        let answer = try await session.client.send(request)
        try session.show(answer, as: Self.lines)
        if try answer.json()["valid"]?.boolValue != true { throw ExitStatus.failed.exitCode }
    }

    static func lines(_ body: JSONValue) -> [Line] {
        let valid = body["valid"]?.boolValue == true
        let verdict = Span(valid ? "valid" : "NOT valid", valid ? .good : .bad)
        return [
            ["the history is ", verdict, Span(": revision \(body.words("revision")), \(body.words("checked")) changes checked")],
            Line("chain head \(body.words("chain_head"))", .dim),
        ] + (body["problems"]?.arrayValue ?? []).map { Line($0.stringValue ?? $0.text, .bad).indented() }
    }
}
