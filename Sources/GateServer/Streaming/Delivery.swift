import GateCore
import NIOCore
import Synchronization

/// What is known of one revision's way to the live streams concerned: how many there are, and to how many it was written.
final class Delivery: Sendable {
    struct Report: Sendable {
        var streams = 0
        var written = 0
        /// From the publication to the last write so far.
        var elapsed = TimeAmount.zero
        /// Every loop has looked, and every write has come to an end.
        var isComplete = false
    }

    private struct State: Sendable {
        var loopsToGo: Int
        var streams = 0
        var written = 0
        var settled = 0
        var lastAt: NIODeadline
    }

    let reach: Reach
    private let began = NIODeadline.now()
    private let state: Mutex<State>

    init(_ reach: Reach, loops: Int) {
        self.reach = reach
        state = Mutex(State(loopsToGo: loops, lastAt: began))
    }

    /// A loop has begun as many writes.
    func looked(streams: Int) {
        state.withLock {
            $0.loopsToGo -= 1
            $0.streams += streams
        }
    }

    /// A write has come to its end.
    func settled(written: Bool, at now: NIODeadline) {
        state.withLock {
            $0.settled += 1
            guard written else { return }
            $0.written += 1
            $0.lastAt = now
        }
    }

    var report: Report {
        state.withLock {
            Report(
                streams: $0.streams, written: $0.written, elapsed: $0.lastAt - began,
                isComplete: $0.loopsToGo == 0 && $0.settled == $0.streams)
        }
    }
}
