import AsyncHTTPClient
import GateCore
import NIOCore
import NIOHTTP1

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Where the keys for users' tokens are: a file, or an https URL (http for loopback hosts only).
enum JWKSLocation: Hashable, Sendable {
    case file(path: String)
    case web(url: String)

    static let longestBytes = 64 * 1024
    static let timeLimit = TimeAmount.seconds(5)

    /// - Parameter text: a path, or a URL, which is known by its `://`.
    /// - Throws: `parameter_invalid`.
    init(_ text: String) throws(GateError) {
        guard text.contains("://") else {
            guard !text.isEmpty else { throw GateError(.parameterInvalid, "the place of the key set is empty: name a file or an https URL") }
            self = .file(path: text)
            return
        }
        guard let request = try? HTTPClient.Request(url: text), ["http", "https"].contains(request.scheme) else {
            throw GateError(.parameterInvalid, "the key set's URL is not valid: name a file or an https URL")
        }
        guard request.url.user == nil, request.url.password == nil else {
            throw GateError(.parameterInvalid, "the key set's URL must not hold a user name or a password")
        }
        guard request.scheme == "https" || Self.isLoopback(request.host) else {
            throw GateError(.parameterInvalid, "the key set's URL must be https: over http anybody on the way could put in a key")
        }
        self = .web(url: text)
    }

    /// What logs call it: without the query, which may hold a secret.
    var name: String {
        switch self {
        case .file(let path): path
        case .web(let url): String(url.prefix { $0 != "?" && $0 != "#" })
        }
    }

    /// Reads the document, once.
    ///
    /// A cancelled caller does not stop it: others may be waiting for the same answer, and a client that hangs up
    /// must not be able to use up the one refresh of the minute.
    ///
    /// - Parameter limit: for the whole of it, connecting included.
    /// - Throws: `parameter_invalid`: not readable, longer than 64 KiB, not complete in time, a status other than 200.
    func read(
        on eventLoopGroup: any EventLoopGroup = HTTPClient.defaultEventLoopGroup, within limit: TimeAmount = timeLimit
    ) async throws(GateError) -> [UInt8] {
        switch self {
        case .file(let path): return try SmallFile.contents(of: path, longest: Self.longestBytes)
        case .web(let url):
            // A client of its own, for at most one request a minute: redirects are not followed, so https stays https.
            let client = HTTPClient(
                eventLoopGroup: eventLoopGroup,
                configuration: .init(redirectConfiguration: .disallow, timeout: .init(connect: limit, read: limit)))
            let result: Result<HTTPClient.Response, any Error>
            do {
                let request = try HTTPClient.Request(url: url, headers: ["accept": "application/jwk-set+json, application/json"])
                let body = ResponseAccumulator(request: request, maxBodySize: Self.longestBytes)
                result = .success(try await client.execute(request: request, delegate: body, deadline: .now() + limit).futureResult.get())
            } catch {
                result = .failure(error)
            }
            try? await client.shutdown()
            return try Self.body(of: result, name: name)
        }
    }

    private static func body(of result: Result<HTTPClient.Response, any Error>, name: String) throws(GateError) -> [UInt8] {
        switch result {
        case .success(let response) where response.status == .ok: return response.body.map { Array($0.readableBytesView) } ?? []
        case .success(let response): throw GateError(.parameterInvalid, "\(name) answered \(response.status.code) instead of a key set")
        case .failure(let error): throw GateError(.parameterInvalid, "\(name) cannot be fetched: \(error)")
        }
    }

    private static func isLoopback(_ host: String) -> Bool {
        if host.lowercased() == "localhost" { return true }
        let host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        guard let address = try? SocketAddress(ipAddress: host, port: 0) else { return false }
        return address.ipAddress == "::1" || address.ipAddress?.hasPrefix("127.") == true
    }
}
