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
        var isComplete: Bool { loopsToGo == 0 && settled == streams }
        var loopsToGo: Int
        var streams = 0
        var written = 0
        var settled = 0
        var lastAt: NIODeadline
    }

    let reach: Reach
    private let began = NIODeadline.now()
    private let state: Mutex<State>
    private let completed: @Sendable (TimeAmount) -> Void

    /// - Parameter completed: told the time to the last write, once every write has come to an end, if there was one.
    init(_ reach: Reach, loops: Int, completed: @escaping @Sendable (TimeAmount) -> Void = { _ in }) {
        self.reach = reach
        self.completed = completed
        state = Mutex(State(loopsToGo: loops, lastAt: began))
    }

    /// A loop has begun as many writes.
    func looked(streams: Int) {
        change {
            $0.loopsToGo -= 1
            $0.streams += streams
        }
    }

    /// A write has come to its end.
    func settled(written: Bool, at now: NIODeadline) {
        change {
            $0.settled += 1
            guard written else { return }
            $0.written += 1
            $0.lastAt = now
        }
    }

    /// The change that makes it complete is the last one.
    private func change(_ edit: (inout State) -> Void) {
        let time = state.withLock { state -> TimeAmount? in
            edit(&state)
            return state.isComplete && state.written > 0 ? state.lastAt - began : nil
        }
        if let time { completed(time) }
    }

    var report: Report {
        state.withLock {
            Report(
                streams: $0.streams, written: $0.written, elapsed: $0.lastAt - began,
                isComplete: $0.isComplete)
        }
    }
}
