import ArgumentParser
import Foundation
import GateCore

/// One command at work: the server it talks to and the console it answers on.
struct Session: Sendable {
    static let idempotencyKey = "Idempotency-Key"

    let client: GateClient
    let console: Console

    /// Prints the API's body as it came, or, for people, as lines.
    func show(_ answer: Answer, as lines: (JSONValue) -> [Line]) throws {
        let body = try answer.json()
        switch console.output {
        case .json: try console.show(body: answer.body)
        case .table: try console.show(lines(body))
        }
    }

    /// Prints a list, page after page until the server has no next one, or the one page that was asked for.
    func list(_ request: Request, _ pages: PageOptions, _ columns: [Table.Column]) async throws {
        var elements: [JSONValue] = []
        let next = try await eachPage(of: request, pages) { answer, body in
            if console.output == .json { try console.show(body: answer.body) } else { elements += body["data"]?.arrayValue ?? [] }
        }
        guard console.output == .table else { return }
        try console.show(Table(columns, of: elements).lines + (next.map { [Line("more: --after \($0)", .dim)] } ?? []))
    }

    /// All elements of a list.
    func elements(of request: Request) async throws -> [JSONValue] {
        var elements: [JSONValue] = []
        _ = try await eachPage(of: request, PageOptions.all) { elements += $1["data"]?.arrayValue ?? [] }
        return elements
    }

    /// - Returns: where the list goes on, when it was cut off.
    private func eachPage(of request: Request, _ pages: PageOptions, _ visit: (Answer, JSONValue) throws -> Void) async throws -> String? {
        var next = pages.after
        repeat {
            var page = request
            page.query += [.init("limit", String(pages.limit ?? PageOptions.largest))] + Request.Parameter.ifGiven("after", next)
            let answer = try await client.send(page)
            let body = try answer.json()
            try visit(answer, body)
            let following = body["next"].flatMap { $0.stringValue ?? $0.integerValue.map(String.init) }
            next = following == next ? nil : following
        } while next != nil && pages.limit == nil
        return next
    }

    /// Sends a write, with its reason and a key under which a repetition is recognised.
    ///
    /// - Parameter wait: how long the receipt is held for live streams, unless the options say otherwise.
    func write(_ request: Request, _ options: WriteOptions, wait: String? = nil) async throws -> Answer {
        var request = request
        request.query.append(.init("reason", try options.reason(console)))
        request.query += try options.deferral()
        if options.dryRun { request.query.append(.init("dry_run", "true")) }
        if let wait = options.wait ?? wait, wait != "0s", !options.dryRun { request.query.append(.init("wait", wait)) }
        request.headers.append((Self.idempotencyKey, UUID().uuidString))
        return try await client.send(request)
    }
}

/// A command that talks to a server.
protocol GateCommand: AsyncParsableCommand {
    var global: GlobalOptions { get }
    /// How long a connection may be silent, where that is bounded by itself.
    var idleTimeout: Duration? { get }
    func run(_ session: Session) async throws
}

extension GateCommand {
    var idleTimeout: Duration? { nil }

    func run() async throws {
        try await reporting(global) { console, environment in
            let server = try Server(global, environment: environment, contexts: Contexts(environment: environment))
            for warning in server.warnings { console.warn(warning) }
            try await GateClient.with(server, idleTimeout: idleTimeout) { try await run(Session(client: $0, console: console)) }
        }
    }
}

/// A command that asks one thing and prints the answer.
protocol ReadCommand: GateCommand {
    func request() throws -> Request
    func lines(_ body: JSONValue) -> [Line]
}

extension ReadCommand {
    func run(_ session: Session) async throws { try session.show(try await session.client.send(request()), as: lines) }
}

/// A command that changes one thing and prints the receipt.
protocol WriteCommand: GateCommand {
    var options: WriteOptions { get }
    func request() throws -> Request
    /// How long to wait for live streams unless told otherwise; nil for what no front end sees at once.
    var defaultWait: String? { get }
}

extension WriteCommand {
    var defaultWait: String? { nil }

    func run(_ session: Session) async throws {
        let answer = try await session.write(request(), options, wait: defaultWait)
        try session.show(answer, as: Receipt.lines)
        let waited = (options.wait ?? defaultWait).map { $0 != "0s" } ?? false
        if waited, let failure = Receipt.undelivered(try answer.json()) { throw failure }
    }
}

/// Does the work, and turns what it throws into a message on standard error and an exit code.
func reporting(_ options: GlobalOptions, _ work: (Console, [String: String]) async throws -> Void) async throws {
    let environment = ProcessInfo.processInfo.environment
    let console = Console(options, environment: environment)
    let failure: Failure
    do {
        return try await work(console, environment)
    } catch let error as Failure {
        failure = error
    } catch let error as GateError {
        failure = Failure(error)
    } catch let error as ExitCode {
        throw error
    } catch let error as ValidationError {
        throw error
    } catch {
        failure = Failure(.failed, "unexpected", "this went wrong: \(error)")
    }
    console.report(failure)
    throw failure.status.exitCode
}
