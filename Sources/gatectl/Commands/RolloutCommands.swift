import ArgumentParser
import GateCore

/// A flag's staged rollout: where it is, whom the next step concerns, and the steps.
struct RolloutCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollout", abstract: "The staged rollout of a flag: look, take steps, roll back.",
        discussion: examples(
            "gatectl rollout status cdp_create_ticket_embed", "gatectl rollout plan cdp_create_ticket_embed",
            "gatectl rollout advance cdp_create_ticket_embed --reason \"beta looks good\"",
            "gatectl rollout rollback cdp_create_ticket_embed --reason \"tickets are lost\""),
        subcommands: [
            RolloutStatus.self, RolloutPlan.self, RolloutAudience.self, RolloutReport.self, RolloutGet.self, RolloutStart.self, RolloutAdvance.self,
            RolloutPause.self, RolloutResume.self, RolloutComplete.self, RolloutRollback.self,
        ])
}

/// The flag whose rollout is meant.
struct RolloutFlag: ParsableArguments {
    @Argument(help: "The flag's code.", transform: FlagCode.argument) var flag: FlagCode

    func path(_ words: String...) -> [String] { ["flags", flag.rawValue, "rollout"] + words }
}

struct RolloutStatus: ReadCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Where the rollout is, what its stage measured, and what stopped it.",
        discussion: examples("gatectl rollout status cdp_create_ticket_embed"))

    @OptionGroup var target: RolloutFlag
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func request() throws -> Request { .admin(.get, target.path("status")) }

    func lines(_ body: JSONValue) -> [Line] {
        let rollout = body["rollout"] ?? .object([:])
        let (stages, index) = (rollout["stages"]?.arrayValue ?? [], Int(rollout["stage"]?.integerValue ?? 0))
        var lines: [Line] = [
            ["\(target.flag): ", Span(rollout.words("status"), .bold), Span(", on for \(body.words("companies_on")) companies")]
        ]
        for (number, stage) in stages.enumerated() {
            let mark = number < index ? "done " : number == index && rollout["status"] != "draft" ? "now  " : "     "
            let whom = ["companies", "groups"].compactMap { name in
                stage[name]?.arrayValue?.isEmpty == false ? "\(name) \(stage.words(name))" : nil
            }
            let share = stage["percentage"]?.integerValue ?? 0
            let text = (whom + (share > 0 ? ["\(share) %"] : [])).joined(separator: "; ")
            lines.append(Line([Span(mark, .good), Span(stage.words("name"), .bold), Span("  \(text)")]).indented())
        }
        if let criteria = body["criteria"]?.arrayValue { lines += GoNoGo.lines(criteria, isGo: body["go"] == true) }
        for hold in body["holds"]?.arrayValue ?? [] {
            let whom = hold["company_id"]?.stringValue.map { "company \($0)" } ?? "every company"
            lines.append(Line("held for \(whom) since revision \(hold.words("revision"))", .bad))
        }
        for stop in body["stops"]?.arrayValue ?? [] {
            lines.append(Line("\(stop.words("at")) revision \(stop.words("revision")): \(stop.words("reason"))", .caution))
            guard let recovery = stop["recovery"] else { continue }
            let isOver = recovery["recovered"] == true
            lines.append(
                Line(
                    isOver
                        ? "recovered: no errors after T+\(recovery.words("after"))"
                        : "not recovered: \(recovery.words("errors_since")) errors since, the last at \(recovery.words("last_error_at"))",
                    isOver ? .good : .bad
                ).indented())
        }
        for warning in body["warnings"]?.arrayValue ?? [] {
            lines.append(Line("\(warning.words("at")) warning: \(warning.words("reason"))", .caution))
        }
        return lines
    }
}

/// The go/no-go table.
enum GoNoGo {
    static func lines(_ criteria: [JSONValue], isGo: Bool) -> [Line] {
        let rows = criteria.map { row in
            [
                Span(row.words("criterion")), Span("needed \(row.words("needed"))"), Span("measured \(row.words("measured"))"),
                row["go"] == true ? Span("go", .good) : Span("no-go", .bad),
            ]
        }
        return Table.aligned(rows).map { $0.indented() } + [Line(isGo ? "go" : "no-go", isGo ? .good : .bad)]
    }
}

/// What the next step would come to.
struct RolloutPlan: GateCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "What the next step would flip, and whether it is go. Exit code 3: no-go.",
        discussion: examples("gatectl rollout plan cdp_create_ticket_embed"))

    @OptionGroup var target: RolloutFlag
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) async throws {
        let rollout = try await session.client.send(.admin(.get, target.path())).json()
        let isLast = (rollout["stage"]?.integerValue ?? 0) + 1 == Int64(rollout["stages"]?.arrayValue?.count ?? 0)
        let step =
            switch rollout["status"]?.stringValue {
            case "draft", "stopped": "start"
            case "paused": "resume"
            default: isLast ? "complete" : "advance"
            }
        let query: [Request.Parameter] = [.init("reason", "plan"), .init("dry_run", "true")]
        let answer = try await session.client.send(.admin(.post, target.path(step), query: query))
        let isGo = try answer.json()["go"] != false
        try session.show(answer) { body in
            let criteria = body["criteria"]?.arrayValue.map { GoNoGo.lines($0, isGo: isGo) } ?? []
            return [["next: ", Span(step, .bold)]] + criteria + Receipt.lines(body)
        }
        if !isGo { throw ExitStatus.refused.exitCode }
    }
}

/// Whom a stage reaches.
struct RolloutAudience: GateCommand {
    static let configuration = CommandConfiguration(
        commandName: "audience", abstract: "The companies that a stage reaches, before the step is taken.",
        discussion: examples("gatectl rollout audience cdp_create_ticket_embed --stage beta"))

    static let columns: [Table.Column] = [
        .init("COMPANY", "company_id"), .init("STAGE", "stage"), .init("BY", "by"), .init("GROUP", "group"), .init("BUCKET", "bucket"),
        .init("OWN STATE", "state", as: .state),
    ]

    @OptionGroup var target: RolloutFlag
    @Option(help: ArgumentHelp("Up to this stage; the current one unless told.", valueName: "name"), transform: StageName.argument)
    var stage: StageName?
    @OptionGroup var pages: PageOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) async throws {
        try await session.list(.admin(.get, target.path("audience"), query: Request.Parameter.ifGiven("stage", stage)), pages, Self.columns)
    }
}

/// The weekly look.
struct RolloutReport: ReadCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "What each stage and company came to, as Markdown or JSON.",
        discussion: examples("gatectl rollout report cdp_create_ticket_embed --since 7d --output table > report.md"))

    @OptionGroup var target: RolloutFlag
    @Option(help: ArgumentHelp("How far back; 7d unless told.", valueName: "span")) var since: String?
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func request() throws -> Request {
        let span = try since.map { text throws(GateError) in try TimeSpan(text) }
        return .admin(.get, target.path("report"), query: Request.Parameter.ifGiven("since", span))
    }

    private static let figures = ["opened", "created", "create_errors", "associated", "associate_failed"]

    func lines(_ body: JSONValue) -> [Line] {
        let headings = ["stage", "company"] + Self.figures + ["create error rate", "associate failure rate"]
        func row(_ first: [String], _ counts: JSONValue) -> Line {
            let cells =
                first + Self.figures.map { counts.words($0) } + ["create_error_rate", "associate_failed_rate"].map { Self.percent(counts[$0]) }
            return Line("| \(cells.joined(separator: " | ")) |")
        }
        var lines: [Line] = [
            Line("# Rollout of \(target.flag)"), "",
            Line("\(body.words("since")) to \(body.words("until")). Status \(body.words("status")), stage \(body.words("stage"))."),
            "", Line("| \(headings.joined(separator: " | ")) |"), Line("|\(String(repeating: " --- |", count: headings.count))"),
        ]
        lines += (body["data"]?.arrayValue ?? []).map { row([$0.words("stage"), $0.words("company_id")], $0) }
        lines.append(row(["**total**", ""], body["total"] ?? .object([:])))
        lines += ["", "| success criterion | needed | measured | met |", "| --- | --- | --- | --- |"]
        for criterion in body["success_criteria"]?.arrayValue ?? [] {
            let cells = [
                criterion.words("criterion").replacing("_", with: " "), "≥ " + Self.percent(criterion["needed"]), Self.percent(criterion["measured"]),
                criterion.words("met"),
            ]
            lines.append(Line("| \(cells.joined(separator: " | ")) |"))
        }
        return lines
    }

    /// A share in percent, to the hundredth; a dash where nothing was measured.
    private static func percent(_ share: JSONValue?) -> String {
        let value: Double? =
            switch share {
            case .number(let number): number
            case .integer(let number): Double(number)
            default: nil
            }
        return value.map { "\(($0 * 10_000).rounded() / 100) %" } ?? "–"
    }
}

struct RolloutGet: ReadCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Show a rollout's definition and progress.", discussion: examples("gatectl rollout get cdp_create_ticket_embed")
    )

    @OptionGroup var target: RolloutFlag
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func request() throws -> Request { .admin(.get, target.path()) }
    func lines(_ body: JSONValue) -> [Line] { body.objectValue?.details ?? [] }
}
