import Testing

@testable import GateCore

/// Every call into SQLite that a write makes fails once, in every way that it can.
@Suite("A write whose n-th call into SQLite fails", .timeLimit(.minutes(10)))
struct WriteFaultTests {
    /// The kinds of write. Each makes a real change whenever it is made.
    enum Kind: String, CaseIterable, Sendable {
        case flag, state, hold, user, role, gate, company, token, undo, apply, delete
    }

    enum Way: String, CaseIterable, Sendable {
        /// The call is not made, and fails.
        case before
        /// A step is made, and fails all the same.
        case after
        /// From the n-th on, all fail: nothing answers any more until the fault is gone.
        case lasting
        /// The same, where the n-th step is still made: a commit that happens and is never heard of.
        case lastingAfter
    }

    /// SQLITE_IOERR_FSYNC and SQLITE_FULL.
    private static let codes: [Int32] = [1034, 13]

    static let seeds: [Entity] = [
        .company(Company(id: "acme")), .permission(Permission(key: "create")), .permission(Permission(key: "view")), .role(Role(name: "agent")),
        .flag(Flag(code: "basis", enabled: true)), .flag(Flag(code: "embed", enabled: true, prerequisites: ["basis"])),
    ]

    static func command(_ kind: Kind, _ turn: Int, _ database: TestDatabase, _ state: Snapshot) throws -> Command {
        // Always another than now, whether the last write came through or not.
        let even =
            switch (kind, state.entity(.flagState("embed", "acme")).entity, state.entity(.user("acme", "ada")).entity) {
            case (.state, .flagState(let now)?, _): !now.enabled
            case (.user, _, .user(let now)?): now.grants["create"] == false
            default: turn.isMultiple(of: 2)
            }
        switch kind {
        case .flag: return .put(.flag(Flag(code: "embed", description: "turn \(turn)", prerequisites: ["basis"])))
        case .state: return .setStates("embed", companies: ["acme": even, "globex": !even], groups: [:])
        case .hold:
            let held = state.entity(.hold("embed", "acme")).entity != nil
            return held ? .delete(.hold("embed", "acme")) : .put(.hold(Hold(flag: "embed", company: "acme")))
        case .user:
            let grants = Grants(["create": even, "view": !even], roles: even ? ["agent"] : [])
            return .put(.user(User(company: "acme", id: "ada", grants: grants)))
        case .role: return .put(.role(Role(name: "agent", description: "turn \(turn)", permissions: even ? ["create", "view"] : ["view"])))
        case .gate: return .put(.gate(Gate(name: "canOpen", description: "turn \(turn)", permissions: ["view", "create"], flags: ["embed"])))
        case .company: return .put(.company(Company(id: "acme", name: "turn \(turn)", groups: even ? ["qa", "beta"] : ["beta"])))
        case .token:
            return .put(
                .token(
                    Token(
                        id: "t", kind: .ops, name: "turn \(turn)", flags: ["embed"], companies: ["acme"], createdAt: Timestamp(microseconds: 1),
                        expiresAt: Timestamp(microseconds: 2), digest: "digest \(turn)")))
        case .undo:
            return .undo(try ChangeLog(SQLiteConnection(path: database.path, mode: .readOnly)).change(state.revision), force: false)
        case .apply:
            let entities: [Entity] = [
                .flag(Flag(code: "embed", owner: "turn \(turn)", enabled: true)),
                .flagState(FlagState(flag: "embed", company: "acme", enabled: even)),
            ]
            return .apply(entities, prune: false, force: true, expecting: nil)
        case .delete:
            return state.flags["lone"] == nil ? .put(.flag(Flag(code: "lone", prerequisites: ["basis"]))) : .delete(.flag("lone"))
        }
    }

    @Test("leaves the whole change or nothing, and the writer with what is in the file", arguments: Kind.allCases, Way.allCases)
    func fails(kind: Kind, way: Way) async throws {
        for withKey in [false, true] {
            for code in way == .before ? Self.codes : [Self.codes[0]] {
                try await walk(kind, way, withKey, code)
            }
        }
    }

    private func walk(_ kind: Kind, _ way: Way, _ withKey: Bool, _ code: Int32) async throws {
        let database = try TestDatabase()
        let faults = Faults()
        let writer = try await database.writer(faults: faults)
        try await writer.put(.load(Self.seeds))
        // Every statement of this kind is prepared beforehand: then the numbers of the calls do not move.
        for turn in -4..<0 { try await writer.put(Self.command(kind, turn, database, writer.snapshot)) { $0.idempotency = Self.key(withKey, turn) } }

        var number = 1
        while true {
            let command = try Self.command(kind, number, database, writer.snapshot)
            let turn = number
            let lasting = way == .lasting || way == .lastingAfter
            let afterStep = way == .after || way == .lastingAfter
            faults.arm(
                Faults.Plan(counted: { call, made in afterStep ? call == .step && made : !made }, number: number, lasting: lasting, code: code))
            let before = writer.snapshot
            let error = await refusalOf { try await writer.put(command) { $0.idempotency = Self.key(withKey, turn) } }
            let failed = faults.disarm()
            let what: Comment = "\(kind) \(way), call \(number), key \(withKey), code \(code), error \(String(describing: error))"
            try await check(writer, database, before, error, what)
            if failed == 0 {
                #expect(error == nil, what)
                break
            }
            if let error { #expect([.storageFailed, .storageFull, .outcomeUnknown].contains(error.code), what) }
            number += 1
        }
        #expect(number > 6, "\(kind) makes only \(number) calls")
        #expect(try database.audit().problems == [])
    }

    private static func key(_ wanted: Bool, _ turn: Int) -> WriteRequest.Idempotency? {
        wanted ? WriteRequest.Idempotency(token: "t", key: "key \(turn)", requestDigest: [1, 2, 3]) : nil
    }

    private func check(_ writer: GateWriter, _ database: TestDatabase, _ before: Snapshot, _ error: GateError?, _ what: Comment) async throws {
        let (stored, head) = try database.loaded()
        let published = writer.store.current
        #expect([before.revision, before.revision + 1].contains(stored.revision), what)
        if stored.revision == before.revision { #expect(stored.facts == before.facts, what) }
        if error == nil { #expect(stored.revision == before.revision + 1, what) }
        // Where the writer could not find out, it finds out with the next write.
        if error?.code != .outcomeUnknown {
            #expect(published.snapshot.facts == stored.facts, what)
            #expect(published.snapshot.revision == stored.revision, what)
            #expect(published.chainHead == head.hash, what)
        }
        let next = await refusalOf { try await writer.put(.put(.flag(Flag(code: "after", description: "\(stored.revision)")))) }
        #expect(next == nil, "the following write: \(what)")
        let after = try database.loaded()
        #expect(after.head.position.revision == stored.revision + 1, what)
        #expect(writer.store.current.chainHead == after.head.hash, what)
        #expect(writer.snapshot.facts == after.snapshot.facts, what)
        #expect(try database.folded().facts == after.snapshot.facts, what)
    }

    @Test("while a statement is prepared leaves nothing behind, for each statement of each kind", arguments: Kind.allCases)
    func failsToPrepare(kind: Kind) async throws {
        var number = 1
        while true {
            let database = try TestDatabase()
            let faults = Faults()
            let writer = try await database.writer(faults: faults)
            try await writer.put(.load(Self.seeds))
            let before = writer.snapshot
            let command = try Self.command(kind == .undo ? .flag : kind, 0, database, before)
            faults.arm(Faults.Plan(counted: { call, _ in call == .prepare }, number: number, code: 1))
            let error = await refusalOf { try await writer.put(command) { $0.idempotency = Self.key(true, 0) } }
            let failed = faults.disarm()
            if failed == 0 {
                #expect(error == nil)
                break
            }
            let what: Comment = "\(kind), statement \(number)"
            #expect(error?.code == .storageFailed, what)
            #expect(try database.loaded().snapshot.facts == before.facts, what)
            #expect(writer.snapshot.facts == before.facts, what)
            let again = try await writer.put(command) { $0.idempotency = Self.key(true, 0) }
            #expect(!again.replayed, what)
            #expect(try database.loaded().snapshot.facts == writer.snapshot.facts, what)
            #expect(try database.audit().problems == [], what)
            number += 1
        }
        #expect(number > 3)
    }
}
