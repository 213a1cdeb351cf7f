import ArgumentParser
import GateCore

/// Why a flag or a gate answers as it does, and who brought that about.
struct Explain: GateCommand {
    static let configuration = CommandConfiguration(
        abstract: "Why a flag is on or off for a company, or a gate open or shut for a user, and who decided it.",
        discussion: examples(
            "gatectl explain cdp_create_ticket_embed --company acme", "gatectl explain canCreateTicket --company acme --user ana"))

    @Argument(help: "A flag's code or a gate's name: no two share one.", transform: FlagCode.argument) var name: FlagCode
    @OptionGroup var about: CompanyOption
    @Option(help: ArgumentHelp("The user; needed for a gate.", valueName: "id"), transform: UserID.argument) var user: UserID?
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) async throws {
        let company = Request.Parameter("company_id", about.company.rawValue)
        var nearest: [JSONValue] = []
        if try await isKnown(session, "flags", &nearest) {
            let answer = try await session.client.send(.get("explain", query: [.init("flag", name.rawValue), company]))
            return try session.show(answer, as: Trace.flag)
        }
        guard try await isKnown(session, "gates", &nearest) else {
            var problem = Problem(code: GateError.Code.entityUnknown.rawValue, detail: "there is no flag and no gate \(name)").body
            if !nearest.isEmpty { problem["nearest"] = .array(nearest) }
            throw Failure(.notFound, Problem(problem), advice: ["see: gatectl flag list, gatectl gate list"])
        }
        guard let user else { throw Failure(.usage, "user_missing", "\(name) is a gate, which decides for a user: add --user ID") }
        let answer = try await session.client.send(
            .get("explain", query: [.init("gate", name.rawValue), company, .init("user_id", user.rawValue)]))
        try session.show(answer, as: Trace.decision)
    }

    /// - Parameter nearest: names close to this one are added where the collection has no such name.
    private func isKnown(_ session: Session, _ collection: String, _ nearest: inout [JSONValue]) async throws -> Bool {
        do {
            _ = try await session.client.send(.get(collection, name.rawValue))
            return true
        } catch let failure as Failure where failure.status == .notFound {
            nearest += failure.problem.body["nearest"]?.arrayValue ?? []
            return false
        }
    }
}

/// A gate's decision, as an exit code.
struct TestGate: GateCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Ask a gate for one user: exit code 0 is allowed, 3 is denied.",
        discussion: examples("gatectl test canCreateTicket --company acme --user ana && echo allowed"))

    @Argument(help: "The gate's name.", transform: GateName.argument) var gate: GateName
    @OptionGroup var subject: SubjectOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) async throws {
        let answer = try await session.client.send(.front("gates", gate.rawValue, query: subject.query))
        try session.show(answer, as: Trace.decision)
        if try answer.json()["allowed"]?.boolValue != true { throw ExitStatus.refused.exitCode }
    }
}
