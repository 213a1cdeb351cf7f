import ArgumentParser
import GateCore

/// Another system's form of definitions, with the options that only it needs.
protocol ForeignFormat: ParsableArguments, Sendable {
    /// `unleash`: the word on the command line.
    static var word: String { get }
    static var system: String { get }
    /// What the file is, in that system's words.
    static var file: String { get }
    static var exampleFile: String { get }
    static var exampleOptions: String { get }

    func translate(_ document: JSONValue, companyField: String) throws(GateError) -> Translation
}

struct UnleashFormat: ForeignFormat {
    static let word = "unleash"
    static let system = "Unleash"
    static let file = "An export of one environment, an older state export, or what /api/client/features serves"
    static let exampleFile = "export.json"
    static let exampleOptions = " --environment production"

    @Option(help: ArgumentHelp("Whose switches and strategies count, where the export has several.", valueName: "name"))
    var environment: String?

    func translate(_ document: JSONValue, companyField: String) throws(GateError) -> Translation {
        try UnleashExport.translate(document, companyField: companyField, environment: environment)
    }
}

struct FlagdFormat: ForeignFormat {
    static let word = "flagd"
    static let system = "flagd"
    static let file = "A file of flags, JSON or YAML"
    static let exampleFile = "flags.flagd.json"
    static let exampleOptions = ""

    func translate(_ document: JSONValue, companyField: String) throws(GateError) -> Translation {
        try FlagdDefinition.translate(document, companyField: companyField)
    }
}

struct ImportCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Take over another system's flags: what its file says becomes a plan.",
        discussion: """
            What cannot be expressed here is listed, never silently dropped; whom it concerns is off. A percentage takes other companies \
            than before: that is listed too.

            \(examples("gatectl import unleash export.json", "gatectl import flagd flags.flagd.json --company-field companyId"))
            """,
        subcommands: [ImportDefinitions<UnleashFormat>.self, ImportDefinitions<FlagdFormat>.self])
}

/// `import` of a file in another system's form: a plan, or with `--apply` a change.
struct ImportDefinitions<Format: ForeignFormat>: GateCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: Format.word, abstract: "Take over \(Format.system)'s flags.",
            discussion: """
                \(Format.file). Prints the difference, its impact, the plan's hash, and what is left out, each with its place in the file \
                and whether an answer may be another without it. A rollout that is taken over is a draft: it reaches nobody until it is started.

                \(examples(
                    "gatectl import \(Format.word) \(Format.exampleFile)\(Format.exampleOptions)",
                    "gatectl import \(Format.word) \(Format.exampleFile)\(Format.exampleOptions) --apply --plan HASH --reason \"from \(Format.system)\"",
                    "gatectl import \(Format.word) \(Format.exampleFile)\(Format.exampleOptions) --strict"))
                """)
    }

    @Argument(help: "The file; - is standard input.", completion: .file()) var file: String
    @OptionGroup var format: Format

    @Option(name: .customLong("company-field"), help: ArgumentHelp("The context's field that holds a company's id.", valueName: "name"))
    var companyField = "companyId"

    @Flag(help: "End with 5, and send nothing, when anything is left out without which an answer may be another.") var strict = false
    @Flag(help: "Do it, as one change.") var apply = false
    @Option(help: ArgumentHelp("With --apply: only if the plan is still this one.", valueName: "hash")) var plan: String?
    @Flag(help: "Turn on again even what somebody turned off since the last apply.") var force = false
    @OptionGroup var newCompany: NewCompanyOption
    @OptionGroup var options: WriteOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        guard apply || (plan == nil && options.reason == nil && options.lasting == nil && options.at == nil) else {
            throw ValidationError("--plan, --reason, --for and --at go with --apply: without it nothing is changed")
        }
    }

    func run(_ session: Session) async throws {
        let translation = try format.translate(ForeignFile.read(file == "-" ? file : absolutePath(file)), companyField: companyField)
        let leftOut = LeftOutList(translation.leftOut)
        if strict, translation.changesAnswers {
            if session.console.output == .table { session.console.tell(leftOut.lines) }
            throw leftOut.refusal
        }
        let answer = try await send(translation, session)
        var body = try answer.json().objectValue ?? [:]
        body["left_out"] = leftOut.json
        body["rollouts_to_start"] = .strings(translation.rollouts)
        try session.console.show(.object(body), as: lines(.object(body), translation.rollouts))
        if session.console.output == .table { session.console.tell(leftOut.lines) }
        if let wait = options.wait, wait != "0s", let failure = Receipt.undelivered(.object(body)) { throw failure }
    }

    private func send(_ translation: Translation, _ session: Session) async throws -> Answer {
        var body: JSONObject = ["manifests": .array(translation.manifests), "prune": false, "force": .bool(force)]
        if let plan { body["plan_hash"] = .string(plan) }
        var request = Request.admin(.post, [apply ? "apply" : "plan"], query: newCompany.query, body: .object(body))
        request.timeout = .seconds(60)
        return apply ? try await session.write(request, options) : try await session.client.send(request)
    }

    private func lines(_ body: JSONValue, _ rollouts: [FlagCode]) -> [Line] {
        let steps = rollouts.map { Line("then, to reach companies: gatectl rollout start \($0) --reason …") }
        if apply { return Receipt.lines(body) + steps }
        return PlanManifests.lines(of: body) + steps + [Line("nothing was changed: --apply does it", .caution)]
    }
}

/// What an import leaves out, for people and for scripts.
private struct LeftOutList {
    private let elements: [LeftOut]
    private let changing: Int

    /// What changes answers comes first.
    init(_ elements: [LeftOut]) {
        self.elements = elements.filter { $0.effect == .answers } + elements.filter { $0.effect != .answers }
        changing = elements.count { $0.effect == .answers }
    }

    var json: JSONValue { .array(elements.map(\.json)) }

    var lines: [Line] {
        guard !elements.isEmpty else { return [Line("nothing is left out", .good)] }
        let rows = elements.map { element in
            [
                element.effect == .answers ? Span("answers", .bad) : Span("bookkeeping", .dim), Span(element.pointer),
                Span(element.flag ?? "–"), Span(element.why),
            ]
        }
        let summary = "left out: \(changing) by which answers may be others, \(elements.count - changing) by which they are not"
        return [Line(summary, .caution)] + Table.aligned(rows).map { $0.indented() }
    }

    var refusal: Failure {
        var body = Problem(
            code: "import_incomplete", detail: "\(changing) of what the file says cannot be said here, and answers may be others: nothing was sent"
        ).body
        body["left_out"] = json
        return Failure(.conflict, Problem(body), advice: ["without --strict the rest is taken over, and the list is printed beside it"])
    }
}
