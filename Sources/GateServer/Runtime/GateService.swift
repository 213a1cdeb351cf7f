import GateCore
import Logging

/// What the endpoints work with.
struct GateService: Sendable {
    var writer: GateWriter
    var history: HistoryReader
    var backups: Backups
    var events: EventStore
    var eventReader: EventReader
    var authenticator: Authenticator
    var limits: RequestLimits
    var tokenUses: TokenUses
    var streams: StreamHub
    var streamTokens: StreamTokens
    var metrics: ServerMetrics
    var connections: ConnectionLimit
    /// Ranges that webhooks may lead to although they are not public.
    var webhookAllowed: [AddressRange]
    /// The proxies that are trusted to say for whom they ask.
    var trustedProxies: AddressRange?
    var databasePath: String
    /// How clients reach the server, where that is not the address it listens on.
    var publicURL: String?
    var clock: @Sendable () -> Timestamp
    var logger: Logger

    var store: SnapshotStore { writer.store }
}
