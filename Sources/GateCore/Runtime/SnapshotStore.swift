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

    /// A new state, with the one before it and what made the difference.
    package struct Publication: Sendable {
        package let before: Published
        package let after: Published
        package let changes: [EntityChange]
        package let impact: Impact
        package let actor: String
    }

    private let observers = Mutex<[@Sendable (Publication) -> Void]>([])

    /// Who is told of each publication, in order, on the writer's own thread: it must not take long.
    package func observe(_ body: @escaping @Sendable (Publication) -> Void) { observers.withLock { $0.append(body) } }

    func publish(_ snapshot: Snapshot, chainHead: [UInt8], _ plan: Plan, actor: String) {
        let next = Published(snapshot, chainHead: chainHead)
        let before = published.withLock { published in
            defer { published = next }
            return published
        }
        let publication = Publication(before: before, after: next, changes: plan.changes, impact: plan.impact, actor: actor)
        for observer in observers.withLock({ $0 }) { observer(publication) }
    }
}
