import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Writes lines on a thread of its own, so that whoever logs, the writer of flips among them, never waits for whoever reads the log.
///
/// A reader that stands still costs at most `mostWaiting` bytes of memory; beyond that lines are dropped, and counted.
final class LogSink: Sendable {
    static let standardError = LogSink(STDERR_FILENO)
    static let mostWaiting = 1 << 20

    private struct State: Sendable {
        var waiting: [UInt8] = []
        var isWriting = false
        var dropped = 0
    }

    private let descriptor: Int32
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "gate.log", qos: .utility)

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Lines that were not written.
    var dropped: Int { state.withLock { $0.dropped } }

    func put(_ line: [UInt8]) {
        let begins = state.withLock { state in
            guard state.waiting.count + line.count <= Self.mostWaiting else {
                state.dropped += 1
                return false
            }
            state.waiting += line
            defer { state.isWriting = true }
            return !state.isWriting
        }
        if begins { queue.async { self.writeWaiting() } }
    }

    /// Waits until what was put is written, a second at most.
    func flush() {
        let written = DispatchSemaphore(value: 0)
        queue.async { written.signal() }
        _ = written.wait(timeout: .now() + 1)
    }

    private func writeWaiting() {
        while true {
            let lines = state.withLock { state in
                defer { state.waiting = [] }
                state.isWriting = !state.waiting.isEmpty
                return state.waiting
            }
            guard !lines.isEmpty else { return }
            write(lines[...])
        }
    }

    private static func system(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        #else
            Darwin.write(descriptor, bytes.baseAddress, bytes.count)
        #endif
    }

    /// A descriptor that takes nothing more has no reader: there is nobody to tell.
    private func write(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Self.system(descriptor, $0) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                var readiness = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&readiness, 1, 1_000)
            } else if errno != EINTR {
                return
            }
        }
    }
}
