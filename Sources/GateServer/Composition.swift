import GateCore
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle
import UnixSignals

/// The composition root: everything is made here, and given what it needs.
struct Composition: Sendable {
    private let configuration: ServerConfiguration
    private let service: GateService
    private let logger: Logger
    private let connections: ConnectionLimit
    private let threads: MultiThreadedEventLoopGroup

    init(_ configuration: ServerConfiguration, clock: @escaping @Sendable () -> Timestamp = Timestamp.now) async throws {
        self.configuration = configuration
        let logger = Logger(label: "gate")
        self.logger = logger
        let writer = try GateWriter(database: Database(path: configuration.database, newIncarnation: Self.incarnation()), clock: clock)
        try await FirstChange(configuration: configuration, clock: clock).make(with: writer)
        var verifier: TokenVerifier?
        if let users = configuration.users {
            let keys = try await JWKSSource(JWKSLocation(users.keys), logger: logger, clock: clock)
            verifier = TokenVerifier(keys: keys, rules: users.rules)
        }
        service = GateService(
            writer: writer, history: try HistoryReader(path: configuration.database),
            authenticator: Authenticator(verifier: verifier, cookieName: configuration.users?.cookie ?? Authenticator.defaultCookieName),
            limits: RequestLimits(configuration.limits),
            tokenUses: TokenUses(logger: logger) { uses in try await writer.noteUses(uses) },
            databasePath: configuration.database, clock: clock, logger: logger)
        connections = ConnectionLimit(maximum: service.limits.connections)
        threads = MultiThreadedEventLoopGroup(numberOfThreads: configuration.threads ?? System.coreCount)
    }

    /// Serves until SIGTERM or SIGINT: then it takes no more connections, finishes what it has begun, and returns.
    func run() async throws {
        let routes = Routes(service: service, cors: CORS(origins: configuration.corsOrigins))
        var listeners: [any Service] = []
        if let admin = configuration.adminAddress {
            listeners.append(try listener(routes.router(Routes.administration + SystemController.health), at: admin, name: "admin", tls: nil))
            listeners.append(try listener(routes.router(Routes.published), at: configuration.address, name: nil, tls: configuration.tls))
        } else {
            let all = Routes.published + Routes.administration
            listeners.append(try listener(routes.router(all), at: configuration.address, name: nil, tls: configuration.tls))
        }
        var group = ServiceGroupConfiguration(
            services: [service.tokenUses] + listeners, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        group.maximumGracefulShutdownDuration = .seconds(8)
        group.maximumCancellationDuration = .seconds(1)
        try await ServiceGroup(configuration: group).run()
    }

    private func listener(
        _ router: Router<GateRequestContext>, at address: ServerConfiguration.Address, name: String?, tls: ServerConfiguration.TLS?
    ) throws -> any Service {
        let service = service
        let answers = ReadyAnswersTable { _ in HotAnswers(service, CORS(origins: configuration.corsOrigins)) }
        let channel = GateHTTPChannel.Configuration(connections: connections, answers: name == nil ? answers : nil, isSecure: tls != nil)
        let server = try tls.map { try HTTPServerBuilder.tls(.gate(channel), tlsConfiguration: Self.tls($0)) } ?? .gate(channel)
        return Application(
            router: router, server: server,
            configuration: .init(address: .hostname(address.host, port: address.port), backlog: 4_096),
            onServerRunning: { listening in await announce(listening, name: name, isSecure: tls != nil) },
            eventLoopGroupProvider: .shared(threads), logger: logger)
    }

    private static func tls(_ files: ServerConfiguration.TLS) throws -> TLSConfiguration {
        TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(files.certificate).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: files.key, format: .pem)))
    }

    /// Says on standard output where the server listens: scripts wait for this line.
    private func announce(_ channel: any Channel, name: String?, isSecure: Bool) async {
        guard let address = channel.localAddress, let port = address.port else { return }
        let host = address.protocol == .inet6 ? "[\(configuration.address.host)]" : configuration.address.host
        let url = "http\(isSecure ? "s" : "")://\(host):\(port)"
        if name == nil, let demo = configuration.demo {
            do { try demo.writeContext(url: url) } catch { logger.warning("the demo's gatectl context could not be written", metadata: ["error": "\(error)"]) }
        }
        StandardOutput.print("gate-server \(name.map { "\($0) " } ?? "")listening on \(url)")
    }

    /// Eight random bytes in hexadecimal.
    private static func incarnation() -> String {
        var random = SystemRandomNumberGenerator()
        return (0..<8).map { _ in UInt8.random(in: .min ... .max, using: &random) }.hexadecimal
    }
}
