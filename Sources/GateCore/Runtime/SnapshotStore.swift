import Synchronization

/// The current snapshot. Readers take it once per request; only the writer publishes.
package final class SnapshotStore: Sendable {
    /// A published snapshot. Taking it copies one reference.
    package final class Published: Sendable {
        package let snapshot: Snapshot
        /// The hash of the last change: the head of the chain.
        package let chainHead: [UInt8]

        init(_ snapshot: Snapshot, chainHead: [UInt8]) {
            self.snapshot = snapshot
            self.chainHead = chainHead
        }
    }

    private let published: Mutex<Published>

    package init(_ snapshot: Snapshot, chainHead: [UInt8]) { published = Mutex(Published(snapshot, chainHead: chainHead)) }

    package var current: Published { published.withLock { $0 } }

    func publish(_ snapshot: Snapshot, chainHead: [UInt8]) {
        let next = Published(snapshot, chainHead: chainHead)
        published.withLock { $0 = next }
    }
}
