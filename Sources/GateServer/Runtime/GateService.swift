import GateCore
import Logging

/// What the endpoints work with.
struct GateService: Sendable {
    var writer: GateWriter
    var history: HistoryReader
    var events: EventStore
    var eventReader: EventReader
    var authenticator: Authenticator
    var limits: RequestLimits
    var tokenUses: TokenUses
    var streams: StreamHub
    var databasePath: String
    var clock: @Sendable () -> Timestamp
    var logger: Logger

    var store: SnapshotStore { writer.store }
}
