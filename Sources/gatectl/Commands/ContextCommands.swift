import ArgumentParser
import GateCore

struct ContextCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "context", abstract: "Named servers: which there are, and which one commands talk to.",
        discussion: examples(
            "gatectl context add staging --url https://gate.staging.example --token-file ~/.gate-staging", "gatectl context use staging"),
        subcommands: [ListContexts.self, UseContext.self, AddContext.self, RemoveContext.self])
}

/// A command on the file of contexts; it talks to no server.
protocol ContextCommand: AsyncParsableCommand {
    var global: GlobalOptions { get }
    /// - Returns: what to tell the person.
    func edit(_ contexts: inout Contexts) throws -> String
}

extension ContextCommand {
    func run() async throws {
        try await reporting(global) { console, environment in
            var contexts = try Contexts(environment: environment)
            let message = try edit(&contexts)
            try contexts.save()
            console.tell([Line(message)])
        }
    }
}

struct ListContexts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the named servers.", discussion: examples("gatectl context list"))

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() async throws {
        try await reporting(global) { console, environment in
            let contexts = try Contexts(environment: environment)
            let rows = contexts.names.map { name in
                [
                    Span(name == contexts.current ? "*" : ""), Span(name, .bold), Span(contexts[name]?.url ?? "–"),
                    Span(contexts[name]?.tokenFile ?? "–"),
                ]
            }
            try console.show(contexts.json, as: Table(["", "NAME", "URL", "TOKEN FILE"], rows: rows).lines)
        }
    }
}

struct UseContext: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "use", abstract: "Make a named server the one that commands talk to.", discussion: examples("gatectl context use staging"))

    @Argument(help: "Its name.") var name: String
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func edit(_ contexts: inout Contexts) throws -> String {
        let context = try contexts.named(name)
        contexts.use(name)
        return "commands now talk to \(name), \(context.url)"
    }
}

struct AddContext: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Name a server; --url says where it is, --token-file where its token lies.",
        discussion: examples("gatectl context add demo --url http://127.0.0.1:8080 --token-file .gate/admin.token"))

    @Argument(help: "Its name.") var name: String
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func edit(_ contexts: inout Contexts) throws -> String {
        guard let url = global.url else { throw Failure(.usage, "url_missing", "say where the server is: add --url URL") }
        let name = try Contexts.checkedName(name)
        contexts[name] = Context(url: try Server.checked(url), tokenFile: global.tokenFile.map(absolutePath))
        if contexts.current == nil { contexts.use(name) }
        return "\(name) is \(url)"
    }
}

struct RemoveContext: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Forget a named server. Its token's file stays.", discussion: examples("gatectl context remove staging"))

    @Argument(help: "Its name.") var name: String
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func edit(_ contexts: inout Contexts) throws -> String {
        _ = try contexts.named(name)
        contexts[name] = nil
        return "\(name) is forgotten"
    }
}
