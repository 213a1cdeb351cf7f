import Synchronization

/// Counts connections, and says which ones are too many.
///
/// Beyond the limit a connection is told so (503) and closed. Being told takes a moment, in which it holds a file descriptor
/// too: beyond a second bound, connections are closed without a word. So a flood can never take all descriptors.
final class ConnectionLimit: Sendable {
    enum Admission: Equatable {
        /// Let in.
        case admitted
        /// One too many: to be told so.
        case excess(allowed: Int)
        /// One of too many too many: to be closed at once.
        case surplus
    }

    /// Connections there are of each kind.
    private struct Counts {
        var admitted = 0
        var excess = 0
    }

    /// How many connections may at one time be told that they are too many.
    static let courtesies = 256

    /// 0 = none.
    let maximum: Int
    private let counts = Mutex(Counts())

    init(maximum: Int = 2_000) {
        self.maximum = maximum
    }

    /// Connections that were let in and have not closed yet.
    var count: Int { counts.withLock { $0.admitted } }

    /// Counts a new connection. Its admission is given back to `left` when it has closed.
    func entered() -> Admission {
        counts.withLock { counts in
            if maximum == 0 || counts.admitted < maximum {
                counts.admitted += 1
                return .admitted
            }
            guard counts.excess < Self.courtesies else { return .surplus }
            counts.excess += 1
            return .excess(allowed: maximum)
        }
    }

    /// A connection has closed.
    func left(_ admission: Admission) {
        counts.withLock { counts in
            switch admission {
            case .admitted: counts.admitted -= 1
            case .excess: counts.excess -= 1
            case .surplus: break
            }
        }
    }
}
