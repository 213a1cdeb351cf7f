import ArgumentParser
import GateCore

/// Keeps a server's address and a token under a name, once the server took the token.
struct Login: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Keep a server and a token under a name, and talk to it from now on.",
        discussion: """
            The token is read from a prompt that does not show it, or from standard input; never from the command's words, which others can see.

            \(examples("gatectl login production --url https://gate.example", "gatectl login demo --url http://127.0.0.1:8080 < .gate/admin.token"))
            """)

    @Argument(help: "The context's name; else the one that --context names, else default.") var name: String?
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() async throws {
        try await reporting(global) { console, environment in
            var contexts = try Contexts(environment: environment)
            let name = try Contexts.checkedName(name ?? global.context ?? "default")
            guard let url = global.url ?? environment["GATE_URL"] ?? contexts[name]?.url else {
                throw Failure(.usage, "url_missing", "say where the server is: add --url URL")
            }
            let server = try Server(url: url, token: try token(console, for: url))
            for warning in server.warnings { console.warn(warning) }
            try await GateClient.with(server) { client in
                do {
                    _ = try await client.send(.get("status"))
                } catch let failure as Failure where failure.problem.code == GateError.Code.rightMissing.rawValue {
                    // A token for evaluations only: the server knows it, which is all that is asked here.
                }
            }
            let file = contexts.tokenFile(of: name)
            try PrivateFile.write((server.token ?? "") + "\n", to: file)
            contexts[name] = Context(url: server.url, tokenFile: file)
            contexts.use(name)
            try contexts.save()
            console.tell(["commands now talk to \(name), \(server.url); the token lies in \(file)"])
        }
    }

    private func token(_ console: Console, for url: String) throws -> String {
        let given = console.mayAsk ? console.askSecretly("Token for \(url.printable)") : global.noInput && Console.inputIsTerminal ? nil : readLine()
        guard let given, !given.isEmpty else {
            throw Failure(.usage, "token_missing", "no token was given", advice: "type it at the prompt, or: gatectl login … < FILE")
        }
        return given
    }
}
