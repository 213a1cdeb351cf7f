import GateCore
import Logging

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Makes a line of each event and hands it on.
struct LineLogHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let format: LogLine.Format
    private let clock: @Sendable () -> Timestamp
    private let put: @Sendable ([UInt8]) -> Void

    init(
        label: String, _ format: LogLine.Format, level: Logger.Level, clock: @escaping @Sendable () -> Timestamp = Timestamp.now,
        put: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.label = label
        self.format = format
        self.clock = clock
        self.put = put
        logLevel = level
    }

    /// Sends everything that is logged from here on to standard error.
    ///
    /// - Parameter format: nil is text on a terminal and JSON elsewhere.
    static func bootstrap(_ format: LogLine.Format?, _ level: Logger.Level) {
        let format = format ?? (isatty(STDERR_FILENO) == 1 ? .text : .json)
        LoggingSystem.bootstrap { label in LineLogHandler(label: label, format, level: level) { LogSink.standardError.put($0) } }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let more = event.metadata { all.merge(more) { $1 } }
        if let error = event.error { all["error"] = "\(error)" }
        put(LogLine(at: clock(), level: event.level, logger: label, message: event.message.description, metadata: all).bytes(format))
    }
}
