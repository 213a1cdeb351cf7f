import ArgumentParser
import GateCore
import Logging

/// `gate-server`: feature flags and permission gates over HTTP, with SQLite inside.
@main
struct GateServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gate-server",
        abstract: "Serves feature flags and permission gates.",
        discussion: """
            Every flag can also be set in the environment (--jwt-issuer as GATE_JWT_ISSUER) and in the file that --config names; \
            flags come first, then the environment, then the file.

            EXAMPLES
              gate-server --demo
              gate-server --database gate.db --seeds seeds --bootstrap-token-file admin.token \\
                  --jwt-jwks https://sso.example.com/jwks.json --jwt-issuer https://sso.example.com --jwt-audience gate
            """,
        version: SystemController.version,
        subcommands: [Serve.self, DemoToken.self],
        defaultSubcommand: Serve.self)
}

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Serves (this is what gate-server does without a subcommand).")

    @OptionGroup var options: ServerOptions

    func run() async throws {
        do {
            let configuration = try await ServerConfiguration(options)
            LineLogHandler.bootstrap(configuration.logFormat, configuration.logLevel)
            defer { LogSink.standardError.flush() }
            try await Composition(configuration).run()
        } catch let error as GateError {
            throw StartFailure(error)
        }
    }
}

/// Says in one line why the server does not start.
struct StartFailure: Error, CustomStringConvertible {
    let description: String
    init(_ error: GateError) { description = "\(error.detail) (\(error.code.rawValue))" }
}

struct DemoToken: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "demo-token", abstract: "Signs a demo user's token with the key under .gate/.")

    @Option(help: "The user's company.") var company: String
    @Option(help: "The user's id.") var user: String
    @Option(help: "How long the token is valid: 90s, 15m, 2h, 7d.") var ttl = "1h"

    func run() async throws {
        do throws(GateError) {
            let signer = try DemoSigner(folder: Demo.folder)
            let token = try signer.sign(
                company: CompanyID(company), user: UserID(user), issuer: Demo.issuer, audience: Demo.audience, ttl: TimeSpan(ttl), now: .now())
            print(token)
        } catch {
            throw StartFailure(error)
        }
    }
}
