import Synchronization

/// For which companies a flag was on until a moment ago: what their pages still report counts.
package final class LatelyOn: Sendable {
    /// How long after it went off.
    package static let span = TimeSpan(seconds: 60)

    private struct Place: Hashable {
        var flag: FlagCode
        var company: CompanyID
    }

    private let ends: Mutex<(offAt: [Place: Timestamp], purgedAt: Timestamp)>
    private let clock: @Sendable () -> Timestamp

    /// - Parameter store: follows its publications from now on; what went off before is not known.
    package init(_ store: SnapshotStore, clock: @escaping @Sendable () -> Timestamp) {
        self.clock = clock
        ends = Mutex(([:], clock()))
        store.observe { [weak self] publication in self?.note(publication.impact) }
    }

    private func note(_ impact: Impact) {
        let now = clock()
        ends.withLock { ends in
            for flip in impact.flips {
                if case .flag(let code, false) = flip.answer { ends.offAt[Place(flag: code, company: flip.company)] = now }
            }
            guard now - Self.span > ends.purgedAt else { return }
            ends.offAt = ends.offAt.filter { $0.value > now - Self.span }
            ends.purgedAt = now
        }
    }

    package func contains(_ flag: FlagCode, _ company: CompanyID, at now: Timestamp) -> Bool {
        // A moment that a clock set back has not come to yet is no moment ago.
        ends.withLock { $0.offAt[Place(flag: flag, company: company)].map { $0 > now - Self.span && $0 < now + Self.span } ?? false }
    }
}
