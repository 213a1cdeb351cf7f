import ArgumentParser
import GateCore

/// What a file of JSON lines brings.
protocol ImportedKind: Sendable {
    static var kind: EntityKind { get }
    static var things: String { get }
    static var exampleLine: String { get }
    static var exampleCommand: String { get }
}

enum ImportedCompanies: ImportedKind {
    static let kind = EntityKind.company
    static let things = "companies"
    static let exampleLine = "{\"kind\":\"company\",\"id\":\"acme\",\"name\":\"Acme Inc.\",\"groups\":[\"beta\"]}"
    static let exampleCommand = "gatectl company import companies.ndjson --reason \"from the CRM\""
}

enum ImportedUsers: ImportedKind {
    static let kind = EntityKind.user
    static let things = "users' permissions and roles"
    static let exampleLine =
        "{\"kind\":\"user\",\"company_id\":\"acme\",\"user_id\":\"ana\",\"permissions\":{\"tickets_ticket_create\":true},\"roles\":[]}"
    static let exampleCommand = "gatectl permission import users.ndjson --reason \"from the SSO\""
}

/// `import` of any of these, streamed: a file may be larger than memory.
struct ImportEntities<Imported: ImportedKind>: GateCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "import", abstract: "Import \(Imported.things) from a file of JSON lines.",
            discussion: """
                Each line is one manifest, as in \(Imported.exampleLine). The server commits every 10 000 lines; a bad line ends the import \
                and is named by its number. Importing the same file again changes only what is not yet so.

                \(examples(Imported.exampleCommand))
                """)
    }

    @Argument(help: "The file; - is standard input.", completion: .file()) var file: String
    @OptionGroup var options: WriteOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) async throws {
        let console = session.console
        let lines = try LineFile(file, of: Imported.kind) { progress in
            console.progress("sent \(progress.lines) lines, \(progress.bytes >> 20) MiB")
        }
        var request = Request.admin(.post, ["import"])
        request.content = .lines(lines)
        request.timeout = .seconds(7200)
        let answer: Answer
        do {
            answer = try await session.write(request, options)
        } catch {
            if console.showsProgress { console.tell([""]) }
            throw error
        }
        if console.showsProgress { console.tell([""]) }
        try session.show(answer) { body in
            let outcome = "lines: \(body.words("lines")), changes: \(body.words("changes")), now revision \(body.words("revision"))"
            return [Line(outcome)] + (options.dryRun ? [Receipt.dryRun] : [])
        }
    }
}
