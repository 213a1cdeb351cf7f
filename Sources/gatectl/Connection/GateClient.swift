import AsyncHTTPClient
import GateCore
import NIOCore
import NIOHTTP1
import NIOPosix

/// Talks to one server. Redirects are not followed, proxies not used, answers bounded.
struct GateClient: Sendable {
    static let largestAnswer = 64 << 20
    private static let connectTimeout = TimeAmount.seconds(5)
    private static let pauseBeforeRetry = Duration.milliseconds(300)

    let server: Server
    private let http: HTTPClient

    /// Opens a client for the time of the work.
    ///
    /// - Parameter idleTimeout: how long a connection may be silent; nil sets no bound beside that of the whole exchange.
    static func with<Result>(
        _ server: Server, idleTimeout: Duration? = nil, _ work: (GateClient) async throws -> Result
    ) async throws -> Result {
        let idle = idleTimeout.map { TimeAmount.seconds($0.components.seconds) }
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: connectTimeout, read: idle), proxy: nil, decompression: .disabled)
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        let client = GateClient(server: server, http: HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration))
        do {
            let result = try await work(client)
            try? await client.http.shutdown()
            return result
        } catch {
            try? await client.http.shutdown()
            throw error
        }
    }

    /// Sends the request; when the connection fails, once more, with the same Idempotency-Key.
    ///
    /// - Throws: `Failure` for every answer but success, and when no answer comes.
    func send(_ request: Request) async throws -> Answer {
        do {
            return try await attempt(request)
        } catch let first as Disconnection {
            guard !first.mayHaveActed || request.content?.isRepeatable ?? true else { throw first.failure(of: request, server) }
            try? await Task.sleep(for: Self.pauseBeforeRetry)
            do {
                return try await attempt(request)
            } catch var second as Disconnection {
                second.mayHaveActed = second.mayHaveActed || first.mayHaveActed
                throw second.failure(of: request, server)
            }
        }
    }

    /// Reads a stream of server-sent events until it ends or breaks.
    ///
    /// - Returns: why it came to an end.
    /// - Throws: `Failure` where the server refuses, and what `body` throws.
    func stream(_ request: Request, _ body: (ServerSentEvent) throws -> Void) async throws -> String {
        var parser = EventStreamParser()
        do {
            let response = try await http.execute(prepared(request), deadline: .distantFuture)
            guard response.status == .ok else {
                let refusal = try await response.body.collect(upTo: Self.largestAnswer)
                let answer = Answer(status: Int(response.status.code), headers: response.headers, body: Array(refusal.readableBytesView))
                // What passes is worth another attempt.
                if answer.status >= 500 || answer.status == 429 { return "the server answered \(answer.status)" }
                throw Failure(answer)
            }
            for try await bytes in response.body {
                for event in try parser.take(bytes.readableBytesView) { try body(event) }
            }
            return "the server closed it"
        } catch let failure as Failure {
            throw failure
        } catch let error as GateError {
            throw error
        } catch {
            return Disconnection(error).cause
        }
    }

    /// Takes an answer of any size piece by piece.
    ///
    /// - Throws: `Failure` where the server refuses or the connection breaks, and what `body` throws.
    func download(_ request: Request, _ body: (ByteBuffer) throws -> Void) async throws {
        do {
            let response = try await http.execute(prepared(request), timeout: .seconds(request.timeout.components.seconds))
            guard response.status == .ok else {
                let refusal = try await response.body.collect(upTo: Self.largestAnswer)
                throw Failure(Answer(status: Int(response.status.code), headers: response.headers, body: Array(refusal.readableBytesView)))
            }
            for try await piece in response.body { try body(piece) }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Disconnection(error).failure(of: request, server)
        }
    }

    private func attempt(_ request: Request) async throws -> Answer {
        let answer: Answer
        do {
            let response = try await http.execute(prepared(request), timeout: .seconds(request.timeout.components.seconds))
            let body = try await response.body.collect(upTo: Self.largestAnswer)
            answer = Answer(status: Int(response.status.code), headers: response.headers, body: Array(body.readableBytesView))
        } catch let failure as Failure {
            throw failure
        } catch is NIOTooManyBytesError {
            throw Failure(
                .failed, "answer_too_large", "the server's answer is larger than \(Self.largestAnswer >> 20) MiB",
                advice: "ask for less with --limit")
        } catch {
            throw Disconnection(error)
        }
        if (300..<400).contains(answer.status) {
            let target = answer.header("Location") ?? "elsewhere"
            throw Failure(.failed, "redirected", "the server redirects to \(target), which is not followed", advice: "name that address as --url")
        }
        guard (200..<300).contains(answer.status) else { throw Failure(answer) }
        return answer
    }

    private func prepared(_ request: Request) -> HTTPClientRequest {
        var prepared = HTTPClientRequest(url: server.url + request.target)
        prepared.method = HTTPMethod(rawValue: request.method.rawValue)
        prepared.headers.add(name: "Accept", value: "\(request.accepts), application/problem+json")
        prepared.headers.add(name: "User-Agent", value: "gatectl/\(Gatectl.version)")
        if let token = server.token { prepared.headers.add(name: "Authorization", value: "Bearer \(token)") }
        for (name, value) in request.headers { prepared.headers.add(name: name, value: value) }
        if let content = request.content {
            prepared.headers.add(name: "Content-Type", value: content.mediaType)
            switch content {
            case .json(let value): prepared.body = .bytes(JSONWriter.bytes(value))
            case .lines(let file): prepared.body = .stream(file.pieces, length: file.size.map { .known($0) } ?? .unknown)
            }
        }
        return prepared
    }
}

/// The exchange ended without an answer.
private struct Disconnection: Error {
    /// Whether the request may have reached the server before it ended.
    var mayHaveActed: Bool
    let cause: String

    init(_ error: any Error) {
        switch error {
        case let error as HTTPClientError:
            switch error {
            case .connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout:
                (mayHaveActed, cause) = (false, "it does not answer the connection")
            case .deadlineExceeded: (mayHaveActed, cause) = (true, "no answer came in time")
            case .remoteConnectionClosed: (mayHaveActed, cause) = (true, "it closed the connection without an answer")
            default: (mayHaveActed, cause) = (true, error.shortDescription)
            }
        case let error as NIOConnectionError:
            let reason = error.connectionErrors.first.map { "\($0.error)" } ?? error.dnsAError.map { "\($0)" } ?? "no connection"
            (mayHaveActed, cause) = (false, reason)
        case let error as IOError where error.errnoCode == ECONNREFUSED: (mayHaveActed, cause) = (false, "connection refused")
        default:
            // A TLS handshake that fails comes before the request; anything else may come after it.
            let text = "\(error)"
            (mayHaveActed, cause) = (!text.hasPrefix("handshakeFailed"), text)
        }
    }

    func failure(of request: Request, _ server: Server) -> Failure {
        if mayHaveActed, request.headers.contains(where: { $0.name == Session.idempotencyKey }) {
            return Failure(
                .unreachable, "outcome_unknown",
                "outcome unknown, see gatectl history: the connection to \(server.url) broke after the change was sent (\(cause))")
        }
        return Failure(
            .unreachable, "unreachable", "\(server.url) cannot be reached: \(cause)",
            advice: "the address comes from \(server.addressFrom)", "is the server running? see: gatectl doctor")
    }
}
