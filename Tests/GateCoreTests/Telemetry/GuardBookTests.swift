import Synchronization
import Testing

@testable import GateCore

/// Events through the real file: what the guards count, what they find, and what is left after a failure or a restart.
@Suite("Guards over events", .timeLimit(.minutes(10)))
struct GuardBookTests {
    private static let start = GuardBench.start

    private static func fast(_ store: EventStore, _ company: CompanyID? = "acme") async -> Int? {
        await store.levels(of: "f").first { $0.company == company }?.state.fast
    }

    @Test("count the first outcome of an attempt, and no error that was the user's own")
    func attempts() async throws {
        let bench = try await GuardBench()
        let store = try bench.store()
        _ = try await store.append([
            bench.event("failed", attempt: "a"), bench.event("failed", attempt: "a"), bench.event("created", attempt: "a"),
            bench.event("failed", attempt: "b", ["error_code": "typo"]), bench.event("created", attempt: "b"),
            bench.event("failed", "globex", attempt: "a"),
        ])
        #expect(await Self.fast(store) == 1_609 - 588)
        #expect(await Self.fast(store, "globex") == 1_609)
        #expect(await Self.fast(store, nil) == 2 * 1_609 - 588)
    }

    @Test("count for companies that the flag is on for, and for a minute after it went off")
    func whileOn() async throws {
        let bench = try await GuardBench()
        let store = try bench.store()
        _ = try await store.append([bench.event("failed", "umbrella"), bench.event("failed", "nobody")])
        #expect(await store.levels(of: "f").isEmpty)
        try await bench.writer.put(.put(.flagState(FlagState(flag: "f", company: "acme", enabled: false))))
        _ = try await store.append([bench.event("failed", at: Self.start + TimeSpan(seconds: 59))])
        #expect(await Self.fast(store) == 1_609)
        _ = try await store.append([bench.event("failed", at: Self.start + TimeSpan(seconds: 61))])
        #expect(await Self.fast(store) == 1_609)
        let reader = try EventReader(path: EventFile.path(beside: bench.database.path))
        let counted = try await reader.tallies(of: "f", since: Self.start)
        #expect(counted == [OutcomeTally(stage: "", company: "acme", metric: "create_error", isError: true, count: 1)])
    }

    @Test("stand after a restart where they stood, with what was found and not yet acted upon")
    func restart() async throws {
        let bench = try await GuardBench()
        var store: EventStore? = try bench.store()
        _ = try await store!.append((0..<5).map { _ in bench.event("failed") } + [bench.event("created", "globex")])
        let before = await store!.levels(of: "f").map(\.json.text).sorted()
        #expect(try await store!.openFindings().map(\.finding.company) == ["acme"])
        store = nil
        let again = try bench.store()
        #expect(await again.levels(of: "f").map(\.json.text).sorted() == before)
        let open = try await again.openFindings()
        #expect(open.count == 1 && open[0].finding.reason.contains("fast tripped (level 8045, line 8006"))
        // Nothing counts after a trip, until an epoch begins.
        _ = try await again.append((0..<9).map { _ in bench.event("failed") })
        #expect(try await again.openFindings().count == 1)
        try await again.settle(open[0].id, at: Self.start, revision: 7, recovery: .watching)
        #expect(try await again.openFindings().map(\.recovery) == [.watching])
        try await again.settle(open[0].id, at: Self.start, recovery: .recovered)
        #expect(try await again.openFindings().isEmpty)
    }

    @Test("are as they were when a commit fails, and count the events when they come again")
    func failure() async throws {
        let bench = try await GuardBench()
        let store = try bench.store()
        _ = try await store.append([bench.event("failed")])
        let batch = [bench.event("failed"), bench.event("failed")]
        var failures = 0
        for call in 0... {
            bench.callsToGo.withLock { $0 = call }
            let error = await refusalOf { try await store.append(batch) }
            let isDone = bench.callsToGo.withLock { $0 ?? 0 >= 0 }
            guard error != nil else {
                #expect(isDone, "call \(call) failed, and nobody was told")
                break
            }
            failures += 1
            #expect(await Self.fast(store) == 1_609, "call \(call)")
        }
        #expect(failures > 20)
        #expect(await Self.fast(store) == 3 * 1_609)
    }

    @Test("begin anew in an epoch, and for a flag that was deleted and made again")
    func epochs() async throws {
        let bench = try await GuardBench()
        let store = try bench.store()
        _ = try await store.append((0..<3).map { _ in bench.event("failed") })
        try await bench.writer.put(.put(.hold(Hold(flag: "f"))))
        try await bench.writer.put(.delete(.hold("f", nil)))
        _ = try await store.append([bench.event("failed")])
        #expect(await Self.fast(store) == 1_609)
        try await bench.writer.put(.delete(.flag("f")))
        try await bench.writer.put(
            .load([
                .flag(Flag(code: "f", enabled: true)), .flagState(FlagState(flag: "f", company: "acme", enabled: true)),
                .guard(GuardBench.conditions),
            ]))
        _ = try await store.append([bench.event("failed")])
        #expect(await Self.fast(store) == 1_609)
    }

    @Test(
        "hold a company for a bypass that its user reports, and the flag when a second company follows, an API token reports, or an origin is foreign"
    )
    func zeroTolerance() async throws {
        let bench = try await GuardBench()
        let store = try bench.store()
        _ = try await store.append([bench.event("bypass"), bench.event("bypass")])
        #expect(try await store.openFindings().map(\.finding.company) == ["acme"])
        _ = try await store.append([bench.event("created", "globex", ["origin": "https://crm.test"])])
        #expect(try await store.openFindings().count == 1)
        _ = try await store.append([bench.event("created", "globex", ["origin": "https://crm.test.evil"])])
        #expect(try await store.openFindings().map(\.finding.company) == ["acme", nil])

        let other = try await GuardBench()
        let second = try other.store()
        var reported = other.event("bypass")
        reported.isReportedByToken = true
        _ = try await second.append([reported])
        #expect(try await second.openFindings().map(\.finding.company) == [nil])
    }
}
