import GateCore

/// Lets one refresh run at a time and at most one begin a minute. Who comes while one runs waits for that one.
actor RefreshTurn {
    private let interval: TimeSpan
    private var lastBegan: Timestamp?
    private var isRunning = false
    /// One for each request that waits; the server's limit on connections bounds it.
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(interval: TimeSpan) { self.interval = interval }

    /// Runs the refresh, or waits for the one under way, or returns at once where the last began less than the
    /// interval ago. A clock that was set back does not lock refreshing out.
    ///
    /// The state is settled before each `await`, so entering the actor again meanwhile finds it whole.
    func take(now: Timestamp, _ refresh: @Sendable () async -> Void) async {
        if isRunning {
            await withCheckedContinuation { waiting.append($0) }
            return
        }
        if let lastBegan, now >= lastBegan, now < lastBegan + interval { return }
        lastBegan = now
        isRunning = true
        await refresh()
        isRunning = false
        let ready = waiting
        waiting = []
        for continuation in ready { continuation.resume() }
    }
}
