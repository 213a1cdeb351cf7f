import ArgumentParser
import GateCore

/// API tokens, without their secrets.
enum TokenNoun: EntityNoun {
    typealias Name = TokenID

    static let noun = "token"
    static let collection = "tokens"
    static let deleteWord = "revoke"
    static let example = "ops-4f2k9"
    static let columns: [Table.Column] = [
        .init("ID", "id"), .init("KIND", "kind"), .init("NAME", "name"), .init("FLAGS", "flags"), .init("COMPANIES", "companies"),
        .init("EXPIRES", "expires_at"), .init("LAST USED", "last_used_at"),
    ]
}

struct TokenCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "API tokens: make, list, revoke.",
        discussion: examples("gatectl token create --kind read --name dashboard --reason \"for the wall\"", "gatectl token list"),
        subcommands: [CreateToken.self, ListEntities<TokenNoun>.self, DeleteEntity<TokenNoun>.self])
}

/// Makes a token, and shows it this once.
struct CreateToken: GateCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make an API token. It is shown this once.",
        discussion: examples(
            "gatectl token create --kind ops --flag cdp_create_ticket_embed --company acme --expires-in 7d --reason \"on call\"",
            "gatectl token create --kind service --name crm-backend --output json --reason \"new service\" > token.json"))

    @Option(
        help: ArgumentHelp("What it may: \(Token.Kind.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "kind"), transform: Self.kind)
    var kind: Token.Kind

    @Option(help: "What it is for.") var name: String?

    @Option(name: .customLong("flag"), help: ArgumentHelp("Only for this flag; may be repeated.", valueName: "code"), transform: FlagCode.argument)
    var flags: [FlagCode] = []

    @Option(
        name: .customLong("company"), help: ArgumentHelp("Only for this company; may be repeated.", valueName: "id"), transform: CompanyID.argument)
    var companies: [CompanyID] = []

    @Option(name: .customLong("expires-in"), help: ArgumentHelp("For how long, as in 12h or 30d; 90d unless told.", valueName: "span"))
    var expiresIn: String?

    @OptionGroup var options: WriteOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    private static func kind(_ text: String) throws -> Token.Kind {
        guard let kind = Token.Kind(rawValue: text) else {
            throw ValidationError("it must be one of \(Token.Kind.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return kind
    }

    func run(_ session: Session) async throws {
        let span = try expiresIn.map { text throws(GateError) in try TimeSpan(text) }
        let body = members(
            ("kind", .string(kind.rawValue)), ("name", .given(name)), ("flags", .given(flags)), ("companies", .given(companies)),
            ("expires_in", .given(span?.description)))
        let answer = try await session.write(.admin(.post, ["tokens"], body: .object(body)), options)
        try session.show(answer) { body in
            guard body["token"] != nil, let object = body.objectValue else { return Receipt.lines(body) }
            return object.details + [Line("keep the token now: it is not shown again", .caution)]
        }
    }
}
