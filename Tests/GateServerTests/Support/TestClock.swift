import GateCore
import Synchronization

/// A clock that stands until it is moved.
final class TestClock: Sendable {
    private let time: Mutex<Timestamp>

    /// - Parameter now: 2026-03-01T00:00:00Z unless given.
    init(_ now: Timestamp = TestClaims.now) { time = Mutex(now) }

    var now: Timestamp { time.withLock { $0 } }

    func pass(seconds: Int64) { time.withLock { $0 = $0 + TimeSpan(seconds: seconds) } }
}
