import ArgumentParser
import GateCore

/// `list` of any noun.
struct ListEntities<Noun: EntityNoun>: GateCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: Noun.listWord, abstract: "List the \(Noun.collection).",
            discussion: examples("gatectl \(Noun.noun) \(Noun.listWord)\(Noun.Scope.self == WholeServer.self ? "" : " --company acme") --limit 20"))
    }

    @OptionGroup var scope: Noun.Scope
    @OptionGroup var filter: Noun.Filter
    @OptionGroup var pages: PageOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) async throws {
        try await session.list(.admin(.get, scope.path + [Noun.collection], query: filter.query), pages, Noun.columns)
    }
}

/// `get` of any noun.
struct GetEntity<Noun: EntityNoun>: ReadCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "get", abstract: "Show \(Noun.aNoun).", discussion: examples("gatectl \(Noun.noun) get \(Noun.example)"))
    }

    @Argument(help: "Which.", transform: Noun.Name.argument) var name: Noun.Name
    @OptionGroup var scope: Noun.Scope
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func request() throws -> Request { .admin(.get, scope.path + [Noun.collection, name.rawValue]) }
    func lines(_ body: JSONValue) -> [Line] { body.objectValue?.details ?? [] }
}

/// `delete` of any noun.
struct DeleteEntity<Noun: EntityNoun>: WriteCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: Noun.deleteWord, abstract: "\(Noun.deleteWord.capitalised) \(Noun.aNoun).",
            discussion: examples("gatectl \(Noun.noun) \(Noun.deleteWord) \(Noun.example) --reason \"no longer needed\""))
    }

    @Argument(help: "Which.", transform: Noun.Name.argument) var name: Noun.Name
    @OptionGroup var scope: Noun.Scope
    @OptionGroup var options: WriteOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func request() throws -> Request { .admin(.delete, scope.path + [Noun.collection, name.rawValue]) }
}

/// `create` of any noun that can be edited.
struct CreateEntity<Noun: EditableNoun>: WriteCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: Noun.createWord,
            abstract: "\(Noun.createWord.capitalised) \(Noun.aNoun)\(Noun.createReplaces ? ", or replace its definition" : "").",
            discussion: examples("gatectl \(Noun.noun) \(Noun.createWord) \(Noun.example) \(Noun.exampleOptions) --reason \"new\""))
    }

    @Argument(help: "Its name, for good.", transform: Noun.Name.argument) var name: Noun.Name
    @OptionGroup var members: Noun.Members
    @OptionGroup var options: WriteOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func request() throws -> Request {
        var body = members.given
        body[Noun.nameMember] = .string(name.rawValue)
        var request = Request.admin(.put, [Noun.collection, name.rawValue], body: .object(body))
        // Revision 0 stands for "absent": what exists already is never overwritten by accident.
        if !Noun.createReplaces { request.headers.append(("If-Match", "\"0\"")) }
        return request
    }
}

/// `edit` of any noun that can be edited: a merge patch of the members that were given.
struct EditEntity<Noun: EditableNoun>: WriteCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "edit", abstract: "Change members of \(Noun.aNoun); a list that is given replaces the old one.",
            discussion: examples(
                "gatectl \(Noun.noun) edit \(Noun.example) \(Noun.exampleOptions) --reason \"as agreed\"",
                "gatectl \(Noun.noun) edit \(Noun.example) --clear \(Noun.Members.clearable[0]) --reason \"as agreed\""))
    }

    @Argument(help: "Which.", transform: Noun.Name.argument) var name: Noun.Name
    @OptionGroup var members: Noun.Members

    @Option(help: ArgumentHelp("Set back a member: \(Noun.Members.clearable.joined(separator: ", ")).", valueName: "member"))
    var clear: [String] = []

    @OptionGroup var options: WriteOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        if let stranger = clear.first(where: { !Noun.Members.clearable.contains($0) }) {
            throw ValidationError("--clear \(quoted(stranger)): it must be one of \(Noun.Members.clearable.joined(separator: ", "))")
        }
        if let twice = clear.first(where: { members.given[$0] != nil }) { throw ValidationError("\(twice) is set and cleared at once") }
        if members.given.members.isEmpty, clear.isEmpty { throw ValidationError("nothing to change: name what, or see --help") }
    }

    func request() throws -> Request {
        var patch = members.given
        for member in clear { patch[member] = .null }
        return .admin(.patch, [Noun.collection, name.rawValue], body: .object(patch))
    }
}
