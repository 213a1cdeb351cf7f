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

    /// How many connections may at one time be told that they are too many.
    static let courtesies = 256

    /// 0 = none.
    let maximum: Int
    private let open = Atomic<Int>(0)

    init(maximum: Int = 2_000) {
        self.maximum = maximum
    }

    /// Connections there are, those being turned away included.
    var count: Int { open.load(ordering: .relaxed) }

    /// Counts a new connection. Whatever the answer, `left()` follows once it has closed.
    func entered() -> Admission {
        let now = open.wrappingAdd(1, ordering: .relaxed).newValue
        if maximum == 0 || now <= maximum { return .admitted }
        return now <= maximum + Self.courtesies ? .excess(allowed: maximum) : .surplus
    }

    /// A connection has closed.
    func left() {
        open.wrappingSubtract(1, ordering: .relaxed)
    }
}
