import ArgumentParser
import Foundation
import GateCore
import Logging
import Testing

@testable import GateServer

/// What the server is told, and what it refuses to be told.
@Suite("Configuration", .timeLimit(.minutes(10)))
struct ConfigurationTests {
    private static let jwt = ["--jwt-jwks", "keys.json", "--jwt-issuer", "https://sso.test", "--jwt-audience", "gate"]

    private static func configuration(_ arguments: [String]) async throws -> ServerConfiguration {
        try await ServerConfiguration(ServerOptions.parse(arguments))
    }

    @Test("Without a word it listens on the loopback, takes no users, and lets no origin in")
    func defaults() async throws {
        let configuration = try await Self.configuration([])
        #expect(configuration.address == ServerConfiguration.Address(host: "127.0.0.1", port: 8080))
        #expect(configuration.database == "gate.db" && configuration.users == nil && configuration.corsOrigins.isEmpty)
        #expect(configuration.logLevel == .info && configuration.logFormat == nil)
        #expect(configuration.adminAddress == nil && configuration.bootstrapTokenFile == nil && configuration.seeds.isEmpty)
    }

    @Test(
        "The embed's origin is what a page there says of itself",
        arguments: [
            ("https://crm.example.com", "https://crm.example.com"), ("https://CRM.example.com/embed/?a#b", "https://crm.example.com"),
            ("https://crm.example.com:443/embed", "https://crm.example.com"), ("https://crm.example.com:8443", "https://crm.example.com:8443"),
            ("http://crm.example.com", "https://crm.example.com"), ("http://crm.example.com:80/", "https://crm.example.com"),
            ("http://127.0.0.1:9000/embed", "http://127.0.0.1:9000"), ("http://localhost:80", "http://localhost"),
        ])
    func embedOrigin(url: String, origin: String) async throws {
        #expect(try await Self.configuration(["--crm-embed-url", url]).embedOrigin == origin)
    }

    @Test("An embed URL without a host, or with a user, is refused", arguments: ["https://", "https:///embed", "https://user@crm.test", "crm.test"])
    func embedURLRefused(url: String) async throws {
        await #expect(throws: GateError.self) { try await Self.configuration(["--crm-embed-url", url]) }
    }

    @Test("A file has what the flags do not say, and every kind of setting can stand in it")
    func file() async throws {
        try await TestFolder.with { folder in
            let path = folder + "/gate.yaml"
            let text = """
                database: from-file.db
                port: 9999
                admin-listen: "127.0.0.1:9998"
                cors-origin: ["https://a.test", "https://b.test"]
                limit: body_bytes=100
                jwt-jwks: keys.json
                jwt-issuer: https://sso.test
                jwt-audience: gate
                """
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            let configuration = try await Self.configuration(["--config", path, "--port", "7777", "--jwt-audience", "other"])
            #expect(configuration.database == "from-file.db" && configuration.address.port == 7777)
            #expect(configuration.adminAddress?.port == 9998 && configuration.corsOrigins == ["https://a.test", "https://b.test"])
            #expect(configuration.limits == ["body_bytes": 100], "one text where a list is meant")
            #expect(configuration.users?.rules.audience == "other" && configuration.users?.rules.issuer == "https://sso.test")
            await #expect(throws: GateError.self) { try await Self.configuration(["--config", folder + "/none.yaml"]) }
            try Data("port: seventy".utf8).write(to: URL(fileURLWithPath: path))
            await #expect(throws: GateError.self) { try await Self.configuration(["--config", path]) }
        }
    }

    @Test(
        "What would be exposed, or taken from anybody, is refused by name",
        arguments: [
            (["--host", "0.0.0.0"], "--tls-certificate"), (["--host", "::"], "--tls-certificate"),
            (["--host", "gate.example.com"], "--tls-certificate"),
            (["--host", "127.example.com"], "--tls-certificate"), (["--host", "0.0.0.0", "--admin-listen", "127.0.0.1:9000"], "--tls-certificate"),
            (["--host", "0.0.0.0", "--trust-proxy", "10.0.0.0/8"], "--admin-listen"),
            (["--host", "0.0.0.0", "--tls-certificate", "c", "--tls-key", "k"], "--admin-listen"), (["--tls-certificate", "c"], "--tls-key"),
            (["--tls-key", "k"], "--tls-certificate"), (["--admin-listen", "0.0.0.0:9000"], "--tls-certificate"),
            (["--jwt-jwks", "k", "--jwt-audience", "a"], "--jwt-issuer"), (["--jwt-jwks", "k", "--jwt-issuer", "i"], "--jwt-audience"),
            (["--jwt-jwks", "k", "--jwt-issuer", "", "--jwt-audience", "a"], "--jwt-issuer"),
            (["--cors-origin", "*"], "--cors-origin"), (["--cors-origin", "https://*.test"], "--cors-origin"),
            (["--cors-origin", "https://a.test/"], "--cors-origin"), (["--cors-origin", "a.test"], "--cors-origin"),
            (["--cors-origin", "https://A.test"], "--cors-origin"), (["--cors-origin", "null"], "--cors-origin"),
            (["--admin-listen", "9000"], "--admin-listen"), (["--admin-listen", "localhost:x"], "--admin-listen"), (["--port", "65536"], "--port"),
            (["--port=-1"], "--port"), (["--threads", "0"], "--threads"),
            (["--log-level", "loud"], "--log-level"), (["--log-level", "INFO"], "--log-level"), (["--log-format", "xml"], "--log-format"),
        ])
    func refused(arguments: [String], named: String) async throws {
        let error = await #expect(throws: GateError.self) { try await Self.configuration(arguments) }
        #expect([.parameterInvalid, .parameterMissing].contains(error?.code))
        #expect(error?.detail.contains(named) == true, "\(error?.detail ?? "")")
    }

    @Test(
        "What is safe is taken",
        arguments: [
            ["--host", "localhost"], ["--host", "::1"], ["--host", "127.0.0.9"],
            ["--host", "0.0.0.0", "--trust-proxy", "10.0.0.0/8", "--admin-listen", "127.0.0.1:0"],
            ["--host", "::", "--tls-certificate", "c", "--tls-key", "k", "--admin-listen", "[::1]:9000"], jwt,
            ["--cors-origin", "http://localhost:5173", "--cors-origin", "https://app.test"],
        ])
    func taken(arguments: [String]) async throws { _ = try await Self.configuration(arguments) }

    @Test("Addresses are told as URLs, those of IPv6 in brackets")
    func urls() {
        let address = ServerConfiguration.Address(host: "::1", port: 0)
        #expect(address.url(port: 80, isSecure: false) == "http://[::1]:80")
        #expect(ServerConfiguration.Address(host: "localhost", port: 0).url(port: 81, isSecure: true) == "https://localhost:81")
    }

    @Test("Every option can stand in the environment and the file")
    func complete() throws {
        let options = try ServerOptions.parse([
            "--database", "d", "--seeds", "s", "--host", "h", "--port", "1", "--admin-listen", "a", "--threads", "1", "--bootstrap-token-file", "b",
            "--jwt-jwks", "j", "--jwt-issuer", "i", "--jwt-audience", "a", "--jwt-cookie", "c", "--jwt-company-claim", "c", "--jwt-user-claim", "u",
            "--jwt-roles-claim", "r", "--tls-certificate", "t", "--tls-key", "k", "--trust-proxy", "p", "--cors-origin", "o", "--limit", "l",
            "--public-url", "p", "--crm-embed-url", "u", "--webhook-allow", "w", "--log-level", "debug", "--log-format", "json",
            "--config", "f", "--demo",
        ])
        // All but --config, which names the file, and --demo, which is said where the server is started.
        let names = Mirror(reflecting: options).children.compactMap(\.label).count
        #expect(options.given.count == names - 2)
    }

    @Test(
        "Flags come before the environment, that before the file",
        .enabled(if: ChildServer.isBuilt, "skipped: \(ChildServer.executable) is not built"))
    func precedence() async throws {
        try await TestFolder.with { folder in
            try Data("database: file.db\nport: 0\n".utf8).write(to: URL(fileURLWithPath: folder + "/gate.yaml"))
            func databases() throws -> [String] {
                try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".db") && !$0.contains("-events") }.sorted()
            }
            let environment = ["GATE_CONFIG": "gate.yaml", "GATE_DATABASE": "environment.db"]
            let flag = try await ChildServer.run(["--database", "flag.db"], environment: environment, in: folder)
            #expect(flag.status == 0 && flag.output.hasPrefix("gate-server listening on http://127.0.0.1:"), "\(flag.errors)")
            #expect(try databases() == ["flag.db"])
            #expect(try await ChildServer.run([], environment: environment, in: folder).status == 0)
            #expect(try databases() == ["environment.db", "flag.db"])
            #expect(try await ChildServer.run(["--config", "gate.yaml"], in: folder).status == 0)
            #expect(try databases() == ["environment.db", "file.db", "flag.db"])
        }
    }

    @Test(
        "A refusal is one line that says what to do, and an exit status",
        .enabled(if: ChildServer.isBuilt, "skipped: \(ChildServer.executable) is not built"))
    func refusal() async throws {
        try await TestFolder.with { folder in
            let outcome = try await ChildServer.run(["--port", "0"], environment: ["GATE_HOST": "0.0.0.0"], in: folder)
            #expect(outcome.status != 0 && outcome.output.isEmpty)
            #expect(outcome.errors.contains("--tls-certificate") && outcome.errors.contains("parameter_missing"))
            let limits = try await ChildServer.run(["--port", "0"], environment: ["GATE_LIMIT": "body_bytes=5,nonsense=1"], in: folder)
            #expect(limits.status != 0 && limits.errors.contains("nonsense=1"))
        }
    }
}
