import Synchronization
import Testing

@testable import GateCore

/// What the guards find, and what they leave alone.
@Suite("What guards find", .timeLimit(.minutes(10)))
struct GuardFindingTests {
    private static let start = GuardBench.start

    private static func companies(_ store: EventStore) async throws -> [CompanyID?] { try await store.openFindings().map(\.finding.company) }

    @Test("A company that was stopped goes on failing: that stops no other")
    func othersStay() async throws {
        let bench = try await GuardBench()
        let store = try bench.store()
        // All that its pages still send, long after the fifth error.
        _ = try await store.append((0..<300).map { _ in bench.event("failed") })
        #expect(try await Self.companies(store) == ["acme"])
        for _ in 0..<2 {
            _ = try await store.append((0..<20).map { _ in bench.event("created", "globex") } + [bench.event("failed", "globex")])
        }
        #expect(try await Self.companies(store) == ["acme"], "two errors of forty are no reason to hold globex too")
        // When globex breaks as well, it is stopped.
        _ = try await store.append((0..<5).map { _ in bench.event("failed", "globex") })
        #expect(try await Self.companies(store).count == 2)
    }

    @Test("One user of many has 10 000 errors: nothing stops, and it is told of once")
    func oneOfMany() async throws {
        let bench = try await GuardBench()
        let store = try bench.store()
        _ = try await store.append((0..<100).map { bench.event("created", user: "u\($0 % 40)") })
        for _ in 0..<100 {
            _ = try await store.append(
                (0..<100).map { _ in bench.event("failed", user: "bad") } + (0..<20).map { bench.event("created", user: "u\($0)") })
        }
        let found = try await store.openFindings().map(\.finding)
        #expect(found.map(\.kind) == [.warning] && found[0].reason.contains("one user's errors go on and count no more"))
        #expect(found.map(\.company) == ["acme"])
    }

    @Test("An error whose code says that the input was wrong is no outcome, be the code a word or a number")
    func userErrors() async throws {
        let bench = try await GuardBench()
        let store = try bench.store()
        _ = try await store.append((0..<9).map { _ in bench.event("failed", "acme", ["error_code": "typo"]) })
        _ = try await store.append((0..<9).map { _ in bench.event("failed", "acme", ["error_code": 422]) })
        #expect(await store.levels(of: "f").isEmpty)
        _ = try await store.append((0..<5).map { _ in bench.event("failed", "acme", ["error_code": 500]) })
        #expect(try await Self.companies(store) == ["acme"])
    }

    @Test("What comes too often is told of once within its span, and stops nothing")
    func alerts() async throws {
        let bench = try await GuardBench()
        let store = try bench.store()
        func drop(_ count: Int, after seconds: Int64) async throws {
            let moment = Self.start + TimeSpan(seconds: seconds)
            _ = try await store.append((0..<count).map { _ in bench.event("dropped", "globex", at: moment) })
        }
        try await drop(3, after: 0)
        #expect(try await store.openFindings().isEmpty)
        try await drop(40, after: 600)
        let found = try await store.openFindings().map(\.finding)
        #expect(found.map(\.kind) == [.warning] && found[0].reason == "dropped came more than 3 times within 10m")
        try await drop(3, after: 601)
        #expect(try await store.openFindings().count == 1)
        try await drop(1, after: 602)
        #expect(try await store.openFindings().count == 2)
        // A clock that was set back by an hour counts from there.
        try await drop(3, after: -3_000)
        #expect(try await store.openFindings().count == 2)
        try await drop(1, after: -2_999)
        #expect(try await store.openFindings().count == 3)
    }

    @Test("What comes too often is told of although the commit that first had it failed")
    func alertAfterFailure() async throws {
        let bench = try await GuardBench()
        let store = try bench.store()
        let batch = (0..<4).map { _ in bench.event("dropped") }
        var failures = 0
        while true {
            bench.callsToGo.withLock { $0 = failures }
            guard await refusalOf({ try await store.append(batch) }) != nil else { break }
            failures += 1
        }
        bench.callsToGo.withLock { $0 = nil }
        #expect(failures > 10)
        #expect(try await store.openFindings().count == 1)
    }

    @Test("Whether a stop helped is seen by what still comes in, counted or not; of a bypass too")
    func recovery() async throws {
        let bench = try await GuardBench()
        let store = try bench.store()
        let reader = try EventReader(path: EventFile.path(beside: bench.database.path))
        _ = try await store.append((0..<5).map { _ in bench.event("failed") } + [bench.event("bypass", "globex")])
        let stops = try await store.openFindings()
        #expect(stops.map(\.finding.company) == ["acme", "globex"])
        try await bench.writer.put(.setStates("f", companies: ["acme": false, "globex": false], groups: [:]))
        // Past the minute in which they would still count.
        let late = Self.start + TimeSpan(seconds: 300)
        _ = try await store.append([bench.event("failed", at: late), bench.event("bypass", "globex", at: late)])
        for stop in stops {
            let soon = try await reader.recovery(of: stop, now: late + TimeSpan(seconds: 30))
            #expect(!soon.isRecovered && soon.errors == 1 && soon.last == late)
            let then = try await reader.recovery(of: stop, now: late + TimeSpan(seconds: 60))
            #expect(then.isRecovered && then.after == TimeSpan(seconds: 300))
            #expect(then.json["after"] == "5m")
        }
    }

    @Test("What is done with goes when the events go, what is not stays")
    func purge() async throws {
        let bench = try await GuardBench()
        let store = try bench.store()
        let file = try bench.file()
        for company in ["acme", "globex", "umbrella"] as [CompanyID] {
            let finding = GuardFinding(
                kind: .trip, flag: "f", company: company, flagEpoch: 0, companyEpoch: 0, reason: "r", numbers: [:], decidedAt: Self.start)
            try file.insert(finding)
        }
        try await store.settle(1, at: Self.start, revision: 1, recovery: .recovered)
        try await store.settle(2, at: Self.start, revision: 2, recovery: .watching)
        func kept() throws -> [CompanyID?] { try file.findings(of: "f", kind: .trip, limit: 9).map(\.finding.company).reversed() }
        #expect(try await !store.purge(now: Self.start + EventStore.retention))
        #expect(try kept() == ["acme", "globex", "umbrella"])
        #expect(try await !store.purge(now: Self.start + EventStore.retention + TimeSpan(seconds: 1)))
        #expect(try kept() == ["globex", "umbrella"])
    }

    @Test("A stop that is to be made comes before a thousand that are watched")
    func order() async throws {
        let bench = try await GuardBench()
        let file = try bench.file()
        let finding = GuardFinding(
            kind: .trip, flag: "f", company: "acme", flagEpoch: 0, companyEpoch: 0, reason: "r", numbers: [:], decidedAt: Self.start)
        try file.transaction { () throws(GateError) in
            for id in 1...1_000 {
                try file.insert(finding)
                try file.settle(Int64(id), at: Self.start, revision: 1, recovery: .watching)
            }
            try file.insert(finding)
        }
        let open = try file.openFindings()
        #expect(open.first?.id == 1_001 && open.first?.settledAt == nil && open.count == 1_000)
    }
}
