import ArgumentParser
import GateCore

/// What every write takes.
struct WriteOptions: ParsableArguments {
    static let longestReason = 500

    @Option(help: ArgumentHelp("Why, for the history. Asked for on a terminal; needed everywhere else.", valueName: "text"))
    var reason: String?

    @Flag(name: .customLong("dry-run"), help: "Say what would change and whom it concerns; write nothing.")
    var dryRun = false

    @Option(
        help: ArgumentHelp(
            "Wait this long for the live streams to be written; 0s not at all. (default: 2s for what front ends see)", valueName: "time"))
    var wait: String?

    @Option(name: .customLong("for"), help: ArgumentHelp("Take it back by itself after this time, as in 2h.", valueName: "span"))
    var lasting: String?

    @Option(help: ArgumentHelp("Do it then, as in 2026-12-01T09:00Z.", valueName: "time"))
    var at: String?

    /// When it is to be done or undone, other than now.
    func deferral() throws -> [Request.Parameter] {
        guard lasting == nil || at == nil else { throw Failure(.usage, "parameter_invalid", "--for and --at cannot be given at once") }
        if let lasting { return [.init("for", try TimeSpan(lasting).description)] }
        return Request.Parameter.ifGiven("at", try at.map { text throws(GateError) in try Timestamp(text) })
    }

    /// The reason, asked for where somebody is there to answer.
    ///
    /// - Throws: a usage failure without one, or with one that the server would refuse.
    func reason(_ console: Console) throws -> String {
        var given = reason
        if given == nil, console.mayAsk { given = console.ask("Reason, for the history") }
        guard let given, !given.isEmpty else {
            throw Failure(.usage, "reason_missing", "a change needs a reason: add --reason \"…\"")
        }
        try JSONReader.check(given, longest: Self.longestReason, what: "the reason")
        return given
    }
}

/// For writes that name a company.
struct NewCompanyOption: ParsableArguments {
    @Flag(name: .customLong("new-company"), help: "Register a company that is not known yet, instead of refusing it.")
    var newCompany = false

    var query: [Request.Parameter] { newCompany ? [.init("new_company", "true")] : [] }
}
