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
    private let guards: GuardService
    let scheduler: Scheduler
    private let logger: Logger
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
        let metrics = ServerMetrics()
        let writer = try GateWriter(
            database: Database(path: configuration.database, newIncarnation: Self.incarnation()), clock: clock, wrote: metrics.wrote)
        writer.store.observe { Logger.current.info("a change was committed", metadata: $0.logMetadata) }
        try await withLogger(logger) { _ in try await FirstChange(configuration: configuration, clock: clock).make(with: writer) }
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
            keyGeneration: { authenticator.generation }, delivered: metrics.delivered)
        // The database's lock, held by now, keeps others out of the events' file too.
        let eventsPath = EventFile.path(beside: configuration.database)
        let (findings, found) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let events = try EventStore(
            try EventFile(path: eventsPath), store: writer.store, embedOrigin: configuration.embedOrigin, clock: clock, found: { found.yield() })
        let eventReader = try EventReader(path: eventsPath)
        guards = GuardService(
            events: events, reader: eventReader, writer: writer, metrics: metrics, clock: clock, logger: logger, signals: findings)
        scheduler = Scheduler(writer: writer, clock: clock, logger: logger)
        service = GateService(
            writer: writer, history: try HistoryReader(path: configuration.database), backups: Backups(database: configuration.database),
            events: events, eventReader: eventReader, authenticator: authenticator, limits: limits,
            tokenUses: TokenUses(logger: logger) { uses in try await writer.noteUses(uses) }, streams: streams,
            streamTokens: .beside(database: configuration.database, logger: logger), metrics: metrics,
            connections: ConnectionLimit(maximum: limits.connections), webhookAllowed: configuration.webhookAllowed,
            trustedProxies: configuration.trustedProxies, databasePath: configuration.database, publicURL: configuration.publicURL, clock: clock,
            logger: logger)
    }

    /// Serves until SIGTERM or SIGINT: then it takes no more connections, finishes what it has begun, and returns.
    ///
    /// - Parameter listening: told of each listener once it is up.
    func run(
        shutdownSignals: [UnixSignal] = [.sigterm, .sigint], listening: @escaping @Sendable (Listening) -> Void = Self.say
    ) async throws {
        let routes = Routes(service: service, cors: CORS(origins: configuration.corsOrigins))
        let listeners = try listenerPlans().map { plan in try listener(plan, routes, listening) }
        let retention = EventRetention(events: service.events, clock: service.clock, logger: logger)
        let webhooks = WebhookSender(
            writer: service.writer, allowed: service.webhookAllowed, metrics: service.metrics, clock: service.clock, logger: logger)
        var group = ServiceGroupConfiguration(
            services: [service.tokenUses, service.streams, retention, guards, scheduler, webhooks] + listeners,
            gracefulShutdownSignals: shutdownSignals, logger: logger)
        group.maximumGracefulShutdownDuration = .seconds(8)
        group.maximumCancellationDuration = .seconds(1)
        let served: Result<Void, any Error>
        // What is logged on a request's behalf bears the request's own logger; all else this one.
        do {
            served = .success(try await withLogger(logger) { _ in try await ServiceGroup(configuration: group).run() })
        } catch {
            served = .failure(error)
        }
        try await threads.shutdownGracefully()
        try served.get()
    }

    /// One listener: where, for whom, with what.
    private struct ListenerPlan {
        /// Nil for the one that front ends use.
        var name: String?
        var address: ServerConfiguration.Address
        var endpoints: [Endpoint]
        var tls: ServerConfiguration.TLS?
        /// Whether it serves the API's document, of what is on it.
        var isDescribed = true
    }

    private func listenerPlans() -> [ListenerPlan] {
        var published = Routes.published + PublicFile.sdk.map { $0.endpoint(at: "/sdk/\($0.name)") }
        var plans: [ListenerPlan] = []
        if let demo = configuration.demo {
            published += DemoController(signer: demo.signer, standIn: demo.standIn).endpoints
            let endpoints = DemoController.standInEndpoints { demo.host.url }
            let address = ServerConfiguration.Address(host: configuration.address.host, port: 0)
            plans.append(ListenerPlan(name: "crm-stand-in", address: address, endpoints: endpoints, isDescribed: false))
        }
        if let admin = configuration.adminAddress {
            let endpoints = Routes.administration + SystemController.health
            plans.append(ListenerPlan(name: "admin", address: admin, endpoints: endpoints, tls: admin.isLoopback ? nil : configuration.tls))
        } else {
            published += Routes.administration
        }
        return plans + [ListenerPlan(address: configuration.address, endpoints: published, tls: configuration.tls)]
    }

    private func listener(_ plan: ListenerPlan, _ routes: Routes, _ listening: @escaping @Sendable (Listening) -> Void) throws -> any Service {
        let service = service
        let answers = ReadyAnswersTable { loop in HotAnswers(service, CORS(origins: configuration.corsOrigins), on: loop) }
        let isSecure = plan.tls != nil
        let cookie = configuration.users?.cookie ?? Authenticator.defaultCookieName
        let endpoints =
            plan.isDescribed
            ? DocumentationController.documenting(plan.endpoints, url: plan.name == nil ? configuration.publicURL : nil, cookie: cookie)
            : plan.endpoints
        let channel = GateHTTPChannel.Configuration(
            connections: service.connections, answers: plan.name == nil ? answers : nil, isSecure: isSecure,
            refused: service.metrics.refused)
        let server = try plan.tls.map { try HTTPServerBuilder.tls(.gate(channel), tlsConfiguration: Self.tls($0)) } ?? .gate(channel)
        return Application(
            router: routes.router(endpoints), server: server,
            configuration: .init(address: .hostname(plan.address.host, port: plan.address.port), backlog: 4_096),
            onServerRunning: { channel in
                guard let port = channel.localAddress?.port else { return }
                announce(Listening(name: plan.name, url: plan.address.url(port: port, isSecure: isSecure)), listening)
            },
            eventLoopGroupProvider: .shared(threads), logger: logger)
    }

    private static func tls(_ files: ServerConfiguration.TLS) throws -> TLSConfiguration {
        TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(files.certificate).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: files.key, format: .pem)))
    }

    private func announce(_ listener: Listening, _ listening: @Sendable (Listening) -> Void) {
        do {
            try configuration.demo?.heard(listener)
        } catch {
            logger.warning("the demo's gatectl context could not be written", metadata: ["error": "\(error)"])
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
