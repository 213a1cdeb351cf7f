import Configuration
import GateCore
import Logging
import SystemPackage

/// What the server was told: flags before environment before file before defaults.
struct ServerConfiguration: Sendable {
    struct Users: Sendable {
        var keys: String
        var rules: TokenRules
        var cookie: String
    }

    struct Address: Sendable, Hashable {
        var host: String
        var port: Int

        /// Names other than `localhost` may resolve to anything, `127.example.com` too.
        var isLoopback: Bool {
            guard host != "localhost", host != "::1" else { return true }
            let parts = host.split(separator: ".", omittingEmptySubsequences: false)
            return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
        }

        /// - Parameter port: the one that was bound, where 0 was asked for.
        func url(port: Int, isSecure: Bool) -> String {
            "http\(isSecure ? "s" : "")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        }
    }

    struct TLS: Sendable {
        var certificate: String
        var key: String
    }

    var database: String
    var seeds: [String]
    var address: Address
    var adminAddress: Address?
    var threads: Int?
    var bootstrapTokenFile: String?
    var users: Users?
    var tls: TLS?
    /// The proxies in front, which end TLS and say for whom they ask.
    var trustedProxies: AddressRange?
    var corsOrigins: [String]
    /// The origin of `--public-url`: how clients reach the server.
    var publicURL: String?
    /// The origin of `--crm-embed-url`.
    var embedOrigin: String?
    var webhookAllowed: [AddressRange]
    var limits: [String: Int]
    var logLevel: Logger.Level
    /// Nil leaves it to where the log goes.
    var logFormat: LogLine.Format?
    var demo: Demo?

    /// - Throws: `parameter_invalid`, `parameter_missing`, naming the setting.
    init(_ options: ServerOptions) async throws {
        let settings = try await Settings(options)
        let demo = options.demo ? try Demo() : nil
        self.demo = demo
        database = settings["database"] ?? demo?.database ?? "gate.db"
        seeds = settings["seeds"].map { [$0] } ?? demo?.seeds ?? []
        address = Address(host: settings["host"] ?? "127.0.0.1", port: try settings.number("port", in: 0...65_535) ?? 8080)
        adminAddress = try settings["admin-listen"].map(Self.address)
        threads = try settings.number("threads", in: 1...1_024)
        bootstrapTokenFile = settings["bootstrap-token-file"] ?? demo?.tokenFile
        corsOrigins = try settings.list("cors-origin").map { text throws(GateError) in try Self.origin(text, of: "cors-origin") }
        publicURL = try settings["public-url"].map { text throws(GateError) in try Self.origin(text, of: "public-url") }
        trustedProxies = try settings["trust-proxy"].map(Self.proxies)
        embedOrigin = try settings["crm-embed-url"].map(Self.embedOrigin)
        webhookAllowed = try settings.list("webhook-allow").map { text throws(GateError) in try AddressRange(text) }
        limits = try Self.limits(settings.list("limit"))
        logLevel = try settings.choice("log-level", of: Logger.Level.self) ?? .info
        logFormat = try settings.choice("log-format", of: LogLine.Format.self)
        users = try Self.users(settings, demo)
        switch (settings["tls-certificate"], settings["tls-key"]) {
        case (let certificate?, let key?): tls = TLS(certificate: certificate, key: key)
        case (nil, nil): tls = nil
        default: throw GateError(.parameterMissing, "TLS needs both --tls-certificate and --tls-key")
        }
        try checkExposure()
    }

    /// Beyond this machine nothing goes in the clear, and the admin API is not where front ends are.
    private func checkExposure() throws(GateError) {
        for address in [address, adminAddress].compactMap({ $0 }) where !address.isLoopback { try checkExposure(of: address) }
    }

    private func checkExposure(of address: Address) throws(GateError) {
        guard demo == nil else { throw GateError(.parameterInvalid, "the demo listens on loopback only") }
        guard tls != nil || trustedProxies != nil else {
            throw GateError(
                .parameterMissing,
                "listening on \(address.host) needs --tls-certificate and --tls-key, or --trust-proxy CIDR for a proxy that ends TLS")
        }
        guard adminAddress != nil else {
            throw GateError(.parameterMissing, "listening on \(address.host) needs --admin-listen HOST:PORT, which keeps the admin API apart")
        }
    }

    private static func users(_ settings: Settings, _ demo: Demo?) throws -> Users? {
        guard let keys = settings["jwt-jwks"] ?? demo?.signer.keySetPath else { return nil }
        let rules = try TokenRules(
            issuer: settings["jwt-issuer"] ?? demo.map { _ in Demo.issuer } ?? "",
            audience: settings["jwt-audience"] ?? demo.map { _ in Demo.audience } ?? "",
            companyClaim: settings["jwt-company-claim"] ?? TokenRules.defaultCompanyClaim,
            userClaim: settings["jwt-user-claim"] ?? TokenRules.defaultUserClaim, rolesClaim: settings["jwt-roles-claim"])
        return Users(keys: keys, rules: rules, cookie: settings["jwt-cookie"] ?? Authenticator.defaultCookieName)
    }

    private static func address(_ text: String) throws(GateError) -> Address {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]), (0...65_535).contains(port) else {
            throw GateError(.parameterInvalid, "--admin-listen must be HOST:PORT, not \(quoted(text))")
        }
        return Address(host: text[..<colon].filter { $0 != "[" && $0 != "]" }, port: port)
    }

    private static func proxies(_ text: String) throws(GateError) -> AddressRange {
        let range: AddressRange
        do throws(GateError) { range = try AddressRange(text) } catch { throw error.with { $0.detail = "--trust-proxy: \($0.detail)" } }
        guard !range.isEverything else {
            throw GateError(.parameterInvalid, "--trust-proxy \(text) would trust everybody: name the proxies' addresses")
        }
        return range
    }

    private static func origin(_ text: String, of setting: String) throws(GateError) -> String {
        let rest = text.hasPrefix("https://") ? text.dropFirst(8) : text.hasPrefix("http://") ? text.dropFirst(7) : ""
        guard !rest.isEmpty, !rest.contains("/"), !rest.contains("*"), text == text.lowercased() else {
            throw GateError(
                .parameterInvalid, "--\(setting) must be an origin as browsers send it, such as https://app.example.com, not \(quoted(text))")
        }
        return text
    }

    private static func embedOrigin(_ text: String) throws(GateError) -> String {
        let schemes = ["https://", "http://"]
        guard let scheme = schemes.first(where: { text.lowercased().hasPrefix($0) }) else {
            throw GateError(.parameterInvalid, "--crm-embed-url must be a URL such as https://crm.example.com, not \(quoted(text))")
        }
        var host = text.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }.lowercased()
        // An origin never has its scheme's own port: with it, every event would come from somewhere else.
        let ownPort = scheme == "https://" ? ":443" : ":80"
        if host.hasSuffix(ownPort) { host.removeLast(ownPort.count) }
        guard !host.isEmpty, !host.contains("@") else {
            throw GateError(.parameterInvalid, "--crm-embed-url must name a host and no user, not \(quoted(text))")
        }
        // The panel forces https but on this machine.
        let isHere = ["localhost", "127.0.0.1", "[::1]"].contains { host == $0 || host.hasPrefix($0 + ":") }
        return (isHere ? scheme : "https://") + host
    }

    private static func limits(_ texts: [String]) throws(GateError) -> [String: Int] {
        var limits: [String: Int] = [:]
        for text in texts {
            let parts = text.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, RequestLimits.defaults[String(parts[0])] != nil, let value = Int(parts[1]),
                (0...RequestLimits.largest).contains(value)
            else {
                throw GateError(
                    .parameterInvalid,
                    "--limit must be NAME=N, N from 0 to \(RequestLimits.largest), with a name of \(RequestLimits.defaults.keys.sorted().joined(separator: ", ")), not \(quoted(text))"
                )
            }
            limits[String(parts[0])] = value
        }
        return limits
    }
}

/// The settings of all sources, the first that has one counting.
private struct Settings {
    private let reader: ConfigReader

    init(_ options: ServerOptions) async throws {
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        for (key, setting) in options.given {
            values[AbsoluteConfigKey([key], context: [:])] =
                switch setting {
                case .text(let text): ConfigValue(.string(text), isSecret: false)
                case .list(let list): ConfigValue(.stringArray(list), isSecret: false)
                }
        }
        let environment = EnvironmentVariablesProvider().prefixKeys(with: "gate")
        var providers: [any ConfigProvider] = [InMemoryProvider(name: "flags", values: values), environment]
        if let path = options.config ?? ConfigReader(provider: environment).string(forKey: "config") {
            do {
                providers.append(try await FileProvider<YAMLSnapshot>(filePath: FilePath(path)))
            } catch {
                throw GateError(.parameterInvalid, "the configuration file \(path) cannot be read: \(error)")
            }
        }
        reader = ConfigReader(providers: providers)
    }

    subscript(key: String) -> String? {
        // A file may have a number or a boolean where a flag has text.
        reader.string(forKey: ConfigKey([key])) ?? reader.int(forKey: ConfigKey([key])).map { String($0) }
    }

    /// A file may have one text where a list is meant.
    func list(_ key: String) -> [String] { reader.stringArray(forKey: ConfigKey([key])) ?? self[key].map { [$0] } ?? [] }

    /// One of a closed set of words.
    func choice<Word: RawRepresentable<String> & CaseIterable>(_ key: String, of words: Word.Type) throws(GateError) -> Word? {
        guard let text = self[key] else { return nil }
        guard let word = Word(rawValue: text) else {
            let known = words.allCases.map(\.rawValue).joined(separator: ", ")
            throw GateError(.parameterInvalid, "--\(key) must be one of \(known), not \(quoted(text))")
        }
        return word
    }

    func number(_ key: String, in range: ClosedRange<Int>) throws(GateError) -> Int? {
        guard let text = self[key] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw GateError(.parameterInvalid, "--\(key) must be a whole number from \(range.lowerBound) to \(range.upperBound), not \(quoted(text))")
        }
        return number
    }
}
