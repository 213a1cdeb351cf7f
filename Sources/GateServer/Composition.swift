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

    /// A listener that is up.
    struct Listening: Sendable {
        /// Nil for the one that front ends use.
        var name: String?
        var url: String
    }

    init(
        _ configuration: ServerConfiguration, clock: @escaping @Sendable () -> Timestamp = Timestamp.now, logger: Logger = Logger(label: "gate")
    ) async throws {
        self.configuration = configuration
        self.logger = logger
        let writer = try GateWriter(database: Database(path: configuration.database, newIncarnation: Self.incarnation()), clock: clock)
        try await FirstChange(configuration: configuration, clock: clock).make(with: writer)
        var verifier: TokenVerifier?
        if let users = configuration.users {
            let keys = try await JWKSSource(JWKSLocation(users.keys), logger: logger, clock: clock)
            verifier = TokenVerifier(keys: keys, rules: users.rules)
        }
        let authenticator = Authenticator(verifier: verifier, cookieName: configuration.users?.cookie ?? Authenticator.defaultCookieName)
        let limits = RequestLimits(configuration.limits)
        threads = MultiThreadedEventLoopGroup(numberOfThreads: configuration.threads ?? System.coreCount)
        let streams = try await StreamHub(
            writer.store, eventLoops: threads.makeIterator(), mostPerUser: limits.streamsPerUser, clock: clock,
            keyGeneration: { authenticator.generation })
        // The database's lock, held by now, keeps others out of the events' file too.
        let eventsPath = EventFile.path(beside: configuration.database)
        let events = EventStore(try EventFile(path: eventsPath))
        service = GateService(
            writer: writer, history: try HistoryReader(path: configuration.database), events: events,
            eventReader: try EventReader(path: eventsPath), authenticator: authenticator, limits: limits,
            tokenUses: TokenUses(logger: logger) { uses in try await writer.noteUses(uses) }, streams: streams,
            databasePath: configuration.database, clock: clock, logger: logger)
        connections = ConnectionLimit(maximum: service.limits.connections)
    }

    /// Serves until SIGTERM or SIGINT: then it takes no more connections, finishes what it has begun, and returns.
    ///
    /// - Parameter listening: told of each listener once it is up.
    func run(
        shutdownSignals: [UnixSignal] = [.sigterm, .sigint], listening: @escaping @Sendable (Listening) -> Void = Self.say
    ) async throws {
        let routes = Routes(service: service, cors: CORS(origins: configuration.corsOrigins))
        var listeners: [any Service] = []
        if let admin = configuration.adminAddress {
            listeners.append(try listener(routes.router(Routes.administration + SystemController.health), at: admin, name: "admin", tls: admin.isLoopback ? nil : configuration.tls, listening))
            listeners.append(try listener(routes.router(Routes.published), at: configuration.address, name: nil, tls: configuration.tls, listening))
        } else {
            let all = Routes.published + Routes.administration
            listeners.append(try listener(routes.router(all), at: configuration.address, name: nil, tls: configuration.tls, listening))
        }
        let retention = EventRetention(events: service.events, clock: service.clock, logger: logger)
        var group = ServiceGroupConfiguration(
            services: [service.tokenUses, service.streams, retention] + listeners, gracefulShutdownSignals: shutdownSignals, logger: logger)
        group.maximumGracefulShutdownDuration = .seconds(8)
        group.maximumCancellationDuration = .seconds(1)
        let served: Result<Void, any Error>
        do { served = .success(try await ServiceGroup(configuration: group).run()) } catch { served = .failure(error) }
        try await threads.shutdownGracefully()
        try served.get()
    }

    private func listener(
        _ router: Router<GateRequestContext>, at address: ServerConfiguration.Address, name: String?, tls: ServerConfiguration.TLS?,
        _ listening: @escaping @Sendable (Listening) -> Void
    ) throws -> any Service {
        let service = service
        let answers = ReadyAnswersTable { loop in HotAnswers(service, CORS(origins: configuration.corsOrigins), on: loop) }
        let channel = GateHTTPChannel.Configuration(connections: connections, answers: name == nil ? answers : nil, isSecure: tls != nil)
        let server = try tls.map { try HTTPServerBuilder.tls(.gate(channel), tlsConfiguration: Self.tls($0)) } ?? .gate(channel)
        return Application(
            router: router, server: server,
            configuration: .init(address: .hostname(address.host, port: address.port), backlog: 4_096),
            onServerRunning: { channel in
                guard let port = channel.localAddress?.port else { return }
                announce(Listening(name: name, url: address.url(port: port, isSecure: tls != nil)), listening)
            },
            eventLoopGroupProvider: .shared(threads), logger: logger)
    }

    private static func tls(_ files: ServerConfiguration.TLS) throws -> TLSConfiguration {
        TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(files.certificate).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: files.key, format: .pem)))
    }

    private func announce(_ listener: Listening, _ listening: @Sendable (Listening) -> Void) {
        if listener.name == nil, let demo = configuration.demo {
            do { try demo.writeContext(url: listener.url) } catch {
                logger.warning("the demo's gatectl context could not be written", metadata: ["error": "\(error)"])
            }
        }
        listening(listener)
    }

    /// Says on standard output where the server listens: scripts wait for this line.
    @Sendable private static func say(_ listener: Listening) {
        StandardOutput.print("gate-server \(listener.name.map { "\($0) " } ?? "")listening on \(listener.url)")
    }

    /// Eight random bytes in hexadecimal.
    private static func incarnation() -> String {
        var random = SystemRandomNumberGenerator()
        return (0..<8).map { _ in UInt8.random(in: .min ... .max, using: &random) }.hexadecimal
    }
}
