import ArgumentParser
import AsyncHTTPClient
import Foundation
import GateCore
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Testing

@testable import GateServer

/// The whole server as its composition root makes it: on a database in a folder of its own, on a free port of the loopback, with
/// a clock that stands until the test moves it. What it is asked goes through a real client.
struct TestServer: Sendable {
    static let issuer = "https://sso.test"
    static let audience = "gate"
    /// No limit on how often somebody may ask: for tests that are about something else.
    static let unlimited = ["evaluations_per_user=0", "writes_per_token=0", "failed_logins_per_minute=0"].flatMap { ["--limit", $0] }

    /// Hundreds of servers at once would only wait for each other.
    private static let turns = Turns(4)

    let folder: String
    let url: String
    /// The admin API's; the same as `url` unless it has a listener of its own.
    let adminURL: String
    let clock: TestClock
    /// The text of the bootstrap token.
    let admin: String
    private let signer: DemoSigner
    /// The server's own scheduler, which looks at the clock by itself too: for tests that do not wait until it does.
    let scheduler: Scheduler

    var port: Int { Int(url.split(separator: ":").last ?? "") ?? 0 }

    /// Runs a server while the work is done, then shuts it down and waits for it.
    ///
    /// - Parameters:
    ///   - options: further options of the command line. Those of `unlimited` are among the defaults.
    ///   - seeds: YAML manifests.
    ///   - folder: of a server that ran before, with its database; nil for a fresh one.
    ///   - logger: what the server logs with.
    static func running<Result: Sendable>(
        _ options: [String] = unlimited, seeds: String = TestUniverse.seeds, in folder: String? = nil, clock: TestClock = TestClock(),
        logger: Logger = quiet, _ work: @Sendable (TestServer) async throws -> Result
    ) async throws -> Result {
        guard let folder else {
            return try await turns.taken {
                try await TestFolder.with { try await running(options, seeds: seeds, in: $0, clock: clock, logger: logger, work) }
            }
        }
        try FileManager.default.createDirectory(atPath: folder + "/seeds", withIntermediateDirectories: true)
        try Data(seeds.utf8).write(to: URL(fileURLWithPath: folder + "/seeds/universe.yaml"))
        let signer = try DemoSigner(folder: folder + "/keys")
        let configuration = try await ServerConfiguration(ServerOptions.parse(arguments(folder, signer) + options))
        let composition = try await Composition(configuration, clock: { clock.now }, logger: logger)
        return try await serve(composition, expecting: configuration.adminAddress == nil ? 1 : 2) { listeners in
            guard let url = listeners.first(where: { $0.name == nil })?.url else { throw GateError(.unexpected, "the server did not start") }
            let admin = try String(contentsOfFile: folder + "/admin.token", encoding: .utf8).filter { $0 != "\n" }
            return try await work(
                TestServer(
                    folder: folder, url: url, adminURL: listeners.first { $0.name == "admin" }?.url ?? url, clock: clock, admin: admin,
                    signer: signer, scheduler: composition.scheduler))
        }
    }

    private static func arguments(_ folder: String, _ signer: DemoSigner) -> [String] {
        [
            "--database", folder + "/gate.db", "--seeds", folder + "/seeds", "--port", "0", "--threads", "1",
            "--bootstrap-token-file", folder + "/admin.token", "--jwt-jwks", signer.keySetPath, "--jwt-issuer", issuer,
            "--jwt-audience", audience, "--jwt-roles-claim", "roles", "--cors-origin", TestUniverse.origin,
        ]
    }

    /// Hummingbird keeps a request's id in its logger, so this one keeps metadata although it writes nothing.
    static var quiet: Logger {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }

    private static func serve<Result: Sendable>(
        _ composition: Composition, expecting count: Int, _ work: ([Composition.Listening]) async throws -> Result
    ) async throws -> Result {
        let up = AsyncStream<Composition.Listening>.makeStream()
        let group = ServiceGroup(
            configuration: .init(services: [Running(composition: composition, up: up.continuation)], logger: quiet))
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { up.continuation.finish() }
                try await group.run()
            }
            var listeners: [Composition.Listening] = []
            for await listener in up.stream {
                listeners.append(listener)
                if listeners.count == count { break }
            }
            let outcome: Swift.Result<Result, any Error>
            do { outcome = .success(try await work(listeners)) } catch { outcome = .failure(error) }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return try outcome.get()
        }
    }

    /// A user's JWT.
    func user(_ company: String, _ user: String, roles: [String] = [], ttl: Int64 = 3_600) throws -> String {
        try signer.sign(
            company: CompanyID(company), user: UserID(user), issuer: Self.issuer, audience: Self.audience, ttl: TimeSpan(seconds: ttl),
            roles: roles.map { RoleName(unchecked: $0) }, now: clock.now)
    }
}

private struct Running: Service {
    let composition: Composition
    let up: AsyncStream<Composition.Listening>.Continuation

    func run() async throws { try await composition.run(shutdownSignals: []) { up.yield($0) } }
}

extension TestServer {
    /// Sends a request and reads the whole answer.
    ///
    /// - Parameter path: from the slash on, with its query. Paths of the admin API go to its listener.
    func send(
        _ method: HTTPMethod, _ path: String, by token: String? = nil, _ headers: [(String, String)] = [], body: [UInt8]? = nil
    ) async throws -> Answer {
        try await stream(method, path, by: token, headers, body: body.map { .bytes($0) })
    }

    func stream(
        _ method: HTTPMethod, _ path: String, by token: String?, _ headers: [(String, String)], body: HTTPClientRequest.Body?
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: (path.hasPrefix("/v1/admin") || path == "/metrics" ? adminURL : url) + path)
        request.method = method
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        request.body = body
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let bytes = try await response.body.collect(upTo: 1 << 26)
        return Answer(status: Int(response.status.code), headers: response.headers, bytes: Array(bytes.readableBytesView))
    }

    func get(_ path: String, by token: String? = nil, _ headers: [(String, String)] = []) async throws -> Answer {
        try await send(.GET, path, by: token, headers)
    }

    /// Reads something of the admin API as an admin.
    func read(_ path: String, _ headers: [(String, String)] = []) async throws -> Answer {
        try await send(.GET, "/v1/admin\(path)", by: admin, headers)
    }

    /// Writes with a reason.
    ///
    /// - Parameters:
    ///   - path: behind `/v1/admin`; a query in it goes before the reason.
    ///   - token: an admin's unless given.
    func write(
        _ method: HTTPMethod, _ path: String, _ json: JSONValue? = nil, by token: String? = nil, _ headers: [(String, String)] = []
    ) async throws -> Answer {
        try await send(
            method, "/v1/admin\(path)\(path.contains("?") ? "&" : "?")reason=a%20test", by: token ?? admin,
            headers + (json == nil ? [] : [("Content-Type", "application/json")]), body: json.map { JSONWriter.bytes($0) })
    }

    /// A write that has to succeed; gives the receipt.
    @discardableResult
    func change(_ method: HTTPMethod, _ path: String, _ json: JSONValue? = nil) async throws -> JSONValue {
        let answer = try await write(method, path, json)
        try #require((200..<300).contains(answer.status), "\(method) \(path): \(answer.text)")
        return try answer.json
    }

    /// A new API token's text.
    func token(_ kind: String, flags: [String] = [], companies: [String] = []) async throws -> String {
        var members: JSONObject = ["kind": .string(kind)]
        if !flags.isEmpty { members["flags"] = .array(flags.map { .string($0) }) }
        if !companies.isEmpty { members["companies"] = .array(companies.map { .string($0) }) }
        return try #require(try await change(.POST, "/tokens", .object(members))["token"]?.stringValue)
    }

    /// The revision that the server is at.
    func revision() async throws -> Int64 { try #require(try await read("/status").json["revision"]?.integerValue) }
}
