import Foundation
import GateCore

/// Which server to talk to, and with what credential. Flags count before the environment, the environment before the context.
///
/// A context's token goes to that context's server only: a `--url` or GATE_URL that names another gets none of it.
struct Server: Sendable {
    /// Scheme, host and port, and a prefix of the path if there is one; no slash at the end.
    let url: String
    let token: String?
    /// Whose words decided the address, for `doctor`.
    let addressFrom: String
    /// Where the token was read from, for `doctor`.
    let tokenFrom: String
    /// The file the token was read from, where it was one.
    let tokenFile: String?

    /// What decides: the flags, the environment, and the named servers.
    private struct Sources {
        let options: GlobalOptions
        let environment: [String: String]
        let contexts: Contexts

        /// A variable that is set to something.
        func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

        /// The context that counts where no flag names one.
        var fallback: String? { variable("GATE_CONTEXT") ?? contexts.current }
    }

    init(_ options: GlobalOptions, environment: [String: String], contexts: Contexts) throws {
        let sources = Sources(options: options, environment: environment, contexts: contexts)
        let named = try options.context.map(contexts.named)
        let address = try Self.address(sources, named)
        url = try Self.checked(address.url)
        addressFrom = address.from
        (token, tokenFile, tokenFrom) = try Self.credential(sources, named, for: url)
    }

    private static func address(_ sources: Sources, _ named: Context?) throws -> (url: String, from: String) {
        if let url = sources.options.url { return (url, "--url") }
        if let named { return (named.url, "--context") }
        if let url = sources.variable("GATE_URL") { return (url, "GATE_URL") }
        if let name = sources.fallback { return (try sources.contexts.named(name).url, "the context \(name)") }
        throw Failure(
            .usage, "server_missing", "no server is named",
            advice: "name one with --url, GATE_URL or --context, or keep one with: gatectl login --url URL")
    }

    /// - Parameter url: where the token would go.
    private static func credential(
        _ sources: Sources, _ named: Context?, for url: String
    ) throws -> (token: String?, file: String?, from: String) {
        func content(of path: String, _ from: String) throws -> (String?, String?, String) { (try read(path), path, from) }

        if let file = sources.options.tokenFile { return try content(of: absolutePath(file), "--token-file") }
        if named == nil, let text = sources.variable("GATE_TOKEN") {
            return (try checkedToken(text, from: "GATE_TOKEN"), nil, "GATE_TOKEN")
        }
        guard let context = named ?? sources.fallback.flatMap({ sources.contexts[$0] }), let file = context.tokenFile,
            (try? checked(context.url)) == url
        else { return (nil, nil, "nowhere") }
        return try content(of: file, named == nil ? "the context \(sources.fallback ?? "")" : "--context")
    }

    /// The server of a context, with that context's token.
    init(context name: String) throws {
        var options = GlobalOptions()
        (options.output, options.noInput, options.url, options.tokenFile, options.context) = (nil, false, nil, nil, name)
        let environment = ProcessInfo.processInfo.environment
        try self.init(options, environment: environment, contexts: Contexts(environment: environment))
    }

    /// For `login`, which has address and token from elsewhere.
    init(url: String, token: String) throws {
        self.url = try Self.checked(url)
        self.token = try Self.checkedToken(token, from: "what was typed")
        (addressFrom, tokenFrom, tokenFile) = ("--url", "the prompt", nil)
    }

    /// What a person should know before the token is used.
    var warnings: [String] {
        var warnings: [String] = []
        if let tokenFile, PrivateFile.isReadableByOthers(tokenFile) {
            warnings.append("\(tokenFile) can be read by others: chmod 600 it")
        }
        let host = URLComponents(string: url)?.host ?? ""
        if url.hasPrefix("http://"), token != nil, !(["localhost", "::1", "[::1]"].contains(host) || host.hasPrefix("127.")) {
            warnings.append("the token goes to \(host) over plain http")
        }
        return warnings
    }

    /// An address in its one form: http or https, without credentials, query and fragment.
    static func checked(_ text: String) throws -> String {
        guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(), ["http", "https"].contains(scheme),
            let host = parts.host, !host.isEmpty, parts.user == nil, parts.password == nil, parts.query == nil, parts.fragment == nil
        else {
            throw Failure(.usage, "url_invalid", "\(quoted(text)) is not a server's address: write it as in http://127.0.0.1:8080")
        }
        let path = parts.percentEncodedPath
        return scheme + "://" + (host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host) + (parts.port.map { ":\($0)" } ?? "")
            + String(path.reversed().drop { $0 == "/" }.reversed())
    }

    private static func read(_ path: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Failure(.usage, "token_file_unreadable", "the token file \(path) cannot be read")
        }
        return try checkedToken(String(decoding: data.prefix(4096), as: UTF8.self), from: path)
    }

    /// A token is one word of visible ASCII. The error never shows it.
    private static func checkedToken(_ text: String, from origin: String) throws -> String {
        let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !token.isEmpty, token.utf8.count <= 4000, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Failure(.usage, "token_malformed", "\(origin) does not hold a token: one line of visible ASCII")
        }
        return token
    }
}
