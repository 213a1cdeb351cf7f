/// Reads the events through a connection of its own, so that no look at them waits for the store or delays it.
package actor EventReader {
    private let executor = QueueExecutor(label: "gate.events.reader")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private let file: EventFile

    /// - Parameter path: of a file that a store has opened before.
    package init(path: String) throws(GateError) { file = try EventFile(reading: path) }

    /// Events in the order of their sequence: those after a number, or without one the newest.
    package func events(_ filter: EventFile.Filter, limit: Int) throws(GateError) -> [StoredEvent] { try file.events(filter, limit: limit) }
}
