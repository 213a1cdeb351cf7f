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
