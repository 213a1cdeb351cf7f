import Testing

@testable import GateCore

@Suite("A write's conditions")
struct IdempotencyTests {
    private func seeded(_ clock: TestClock = TestClock()) async throws -> (TestDatabase, GateWriter) {
        let database = try TestDatabase()
        let writer = try await database.writer(clock: clock)
        try await writer.put(.load([.company(Company(id: "acme")), .flag(Flag(code: "embed", enabled: true))]))
        return (database, writer)
    }

    private func key(_ token: String, _ key: String, _ digest: [UInt8]) -> WriteRequest.Idempotency {
        WriteRequest.Idempotency(token: token, key: key, requestDigest: digest)
    }

    private let on = Command.setStates("embed", companies: ["acme": true], groups: [:])
    private let off = Command.setStates("embed", companies: ["acme": false], groups: [:])

    @Test("the same key with the same request gives the same receipt again, and does nothing")
    func replay() async throws {
        let (database, writer) = try await seeded()
        let key = key("t", "k", [1])
        let first = try await writer.put(on) { $0.idempotency = key }
        try await writer.put(off)
        let second = try await writer.put(on) { $0.idempotency = key }
        #expect(!first.replayed && second.replayed)
        #expect(second.receipt == first.receipt && second.created == first.created && first.created)
        #expect(writer.snapshot.revision == 3)
        #expect(!writer.snapshot.verdict("embed", for: "acme").value)
        #expect(try database.changes().count == 3)
    }

    @Test("the same key with another request is refused, and nothing is done")
    func mismatch() async throws {
        let (_, writer) = try await seeded()
        let (one, two) = (key("t", "k", [1]), key("t", "k", [2]))
        try await writer.put(on) { $0.idempotency = one }
        let error = await refusalOf { [off] in try await writer.put(off) { $0.idempotency = two } }
        #expect(error?.code == .idempotencyMismatch)
        #expect(writer.snapshot.revision == 2)
    }

    @Test("another token's same key is another key")
    func otherToken() async throws {
        let (_, writer) = try await seeded()
        let (one, two) = (key("t", "k", [1]), key("u", "k", [2]))
        try await writer.put(on) { $0.idempotency = one }
        let other = try await writer.put(off) { $0.idempotency = two }
        #expect(!other.replayed)
        #expect(writer.snapshot.revision == 3)
    }

    @Test("a key is forgotten after 24 hours, and not before")
    func forgotten() async throws {
        let clock = TestClock()
        let (_, writer) = try await seeded(clock)
        let key = key("t", "k", [1])
        try await writer.put(on) { $0.idempotency = key }
        clock.advance(TimeSpan(seconds: 86_400))
        #expect(try await writer.put(on) { $0.idempotency = key }.replayed)
        try await writer.put(off)
        clock.advance(TimeSpan(seconds: 1))
        let again = try await writer.put(on) { $0.idempotency = key }
        #expect(!again.replayed && again.receipt["changed"] == true)
        #expect(writer.snapshot.revision == 4)
    }

    @Test("a write that changes nothing is kept under its key as well")
    func unchanged() async throws {
        let (_, writer) = try await seeded()
        try await writer.put(on)
        let key = key("t", "k", [1])
        let first = try await writer.put(on) { $0.idempotency = key }
        #expect(first.receipt["changed"] == false && first.receipt["revision"] == 2)
        try await writer.put(off)
        let second = try await writer.put(on) { $0.idempotency = key }
        #expect(second.replayed && second.receipt == first.receipt)
    }

    @Test("a refused write leaves its key free")
    func refused() async throws {
        let (_, writer) = try await seeded()
        let key = key("t", "k", [1])
        let error = await refusalOf { try await writer.put(.delete(.flag("gone"))) { $0.idempotency = key } }
        #expect(error?.code == .flagUnknown)
        #expect(try await !writer.put(on) { $0.idempotency = key }.replayed)
    }

    @Test("a key survives the server")
    func survives() async throws {
        let database = try TestDatabase()
        var writer: GateWriter? = try await database.writer()
        let key = key("t", "k", [1])
        let first = try await writer?.put(.put(.flag(Flag(code: "embed")))) { $0.idempotency = key }
        writer = nil
        let second = try await database.writer().put(.put(.flag(Flag(code: "embed")))) { $0.idempotency = key }
        #expect(second.replayed && second.receipt == first?.receipt)
    }

    @Test("If-Match with the entity's revision writes; with another it is refused and says which it is")
    func ifMatch() async throws {
        let (_, writer) = try await seeded()
        try await writer.put(on) { $0.ifMatch = (.flagState("embed", "acme"), 0) }
        let error = await refusalOf { [off] in try await writer.put(off) { $0.ifMatch = (.flagState("embed", "acme"), 0) } }
        #expect(error?.code == .revisionMismatch)
        #expect(error?.conflicts == [EntityConflict(entity: .flagState("embed", "acme"), revision: 2)])
        #expect(writer.snapshot.verdict("embed", for: "acme").value)
        try await writer.put(off) { $0.ifMatch = (.flagState("embed", "acme"), 2) }
        #expect(!writer.snapshot.verdict("embed", for: "acme").value)
        let stale = await refusalOf { [on] in try await writer.put(on) { $0.ifMatch = (.flagState("embed", "acme"), 2) } }
        #expect(stale?.code == .revisionMismatch)
    }

    @Test("If-Match holds a write that would change nothing to its condition too")
    func ifMatchUnchanged() async throws {
        let (_, writer) = try await seeded()
        let error = await refusalOf { try await writer.put(.delete(.hold("embed", nil))) { $0.ifMatch = (.hold("embed", nil), 1) } }
        #expect(error?.code == .revisionMismatch)
        #expect(try await writer.put(.delete(.hold("embed", nil))) { $0.ifMatch = (.hold("embed", nil), 0) }.receipt["changed"] == false)
    }

    @Test("of two writers with one precondition exactly one wins, a hundred times")
    func race() async throws {
        let (database, writer) = try await seeded()
        for _ in 0..<100 {
            let revision = writer.snapshot.entity(.flag("embed")).revision
            let wins = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<2 {
                    let patch: JSONValue = ["description": .string("\(number) after \(revision)")]
                    group.addTask {
                        await refusalOf { try await writer.put(.patch(.flag("embed"), patch)) { $0.ifMatch = (.flag("embed"), revision) } } == nil
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(wins == 1)
        }
        #expect(try database.audit().checked == 101)
    }

    @Test("a dry run plans what the write then does, and does nothing")
    func dryRun() async throws {
        let (database, writer) = try await seeded()
        let reader = try HistoryReader(path: database.path)
        let request = WriteRequest(on, actor: "token/t", reason: "test", authority: .full)
        let plan = try await reader.plan(request, on: writer.snapshot, now: Timestamp(microseconds: 0))
        #expect(writer.snapshot.revision == 1)
        let outcome = try await writer.write(request)
        #expect(outcome.receipt["impact"] == plan.impact.json)
        #expect(try database.changes().first?.operations == plan.operations)
        #expect(writer.snapshot.values == plan.next.values)
    }

    @Test("a write for a company that nobody knows names it, so that the nearest known ones can be told")
    func nearest() async throws {
        let (_, writer) = try await seeded()
        let error = await refusalOf {
            try await writer.put(.setStates("embed", companies: ["acne": true], groups: [:])) { $0.newCompany = false }
        }
        #expect(error?.code == .companyUnknown)
        #expect(error?.missing == .company("acne"))
        #expect(writer.snapshot.names(near: .company("acne")) == ["acme"])
        #expect(writer.snapshot.names(near: .company("qqqqqq")) == [])
    }
}
