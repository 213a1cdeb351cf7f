import HashTreeCollections
import Testing

@testable import GateCore

@Suite("A rollout's audience")
struct AudienceTests {
    /// From the reference implementation of MurmurHash3_x86_32, seed 0.
    @Test(
        "is drawn by MurmurHash3",
        arguments: [
            ("", 0), ("a", 0x3C25_69B2), ("ab", 0x9BBF_D75F), ("abc", 0xB3DD_93FA), ("abcd", 0x43ED_676A), ("Hello, world!", 0xC036_3E43),
            ("The quick brown fox jumps over the lazy dog", 0x2E4F_F723),
        ] as [(String, UInt32)])
    func murmur(text: String, hash: UInt32) { #expect(MurmurHash3.hash(Array(text.utf8)) == hash) }

    @Test("never loses a company when the percentage rises, and has the share within half a point, of 100 000 companies")
    func percentages() {
        let companies = (0..<100_000).map { Company(id: CompanyID(unchecked: "company-\($0)")) }
        let rollout = Rollout(flag: "embed", stages: (0...100).map { RolloutStage(name: StageName(unchecked: "s\($0)"), percentage: $0) })
        var before = [Bool](repeating: false, count: companies.count)
        var worst = 0.0
        for stage in 0...100 {
            let audience = Audience(rollout, upTo: stage)
            let now = companies.map(audience.contains)
            #expect(zip(before, now).allSatisfy { !$0 || $1 }, "\(stage) % lost a company")
            let share = Double(now.count { $0 }) / 1_000
            #expect(abs(share - Double(stage)) <= 0.5, "\(share) of \(stage) %")
            worst = max(worst, abs(share - Double(stage)))
            before = now
        }
        #expect(before.allSatisfy { $0 })
        print("100 000 companies, 0 to 100 %: none dropped at any step, the share at most \((worst * 1_000).rounded() / 1_000) points off")
    }

    @Test("is the union of the stages up to the current one, in the statuses that reach it")
    func stages() throws {
        let stages = [
            RolloutStage(name: "qa", groups: ["qa"]), RolloutStage(name: "beta", companies: ["globex"]), RolloutStage(name: "all", percentage: 100),
        ]
        let companies: [Entity] = [
            .company(Company(id: "gate-qa", groups: ["qa"])), .company(Company(id: "globex")), .company(Company(id: "acme")),
            .flag(Flag(code: "f", enabled: true)),
        ]
        func on(_ status: Rollout.Status, _ stage: Int) throws -> [CompanyID] {
            var state = Snapshot(incarnation: "test")
            try state.apply(
                companies.map { .put($0) } + [.put(.rollout(Rollout(flag: "f", stages: stages, status: status, stage: stage)))], revision: 1)
            return state.companies.keys.filter { state.verdict("f", for: $0).value }.sorted()
        }
        for status in [Rollout.Status.running, .paused, .completed] {
            #expect(try on(status, 0) == ["gate-qa"])
            #expect(try on(status, 1) == ["gate-qa", "globex"])
            #expect(try on(status, 2) == ["acme", "gate-qa", "globex"])
        }
        #expect(try on(.draft, 2) == [] && on(.stopped, 2) == [])
    }

    @Test("says in the trace which stage reached the company, and its bucket where a percentage did")
    func trace() throws {
        let stages = [RolloutStage(name: "qa", groups: ["qa"]), RolloutStage(name: "most", percentage: 99)]
        let state = try Snapshot(
            .company(Company(id: "gate-qa", groups: ["qa"])), .company(Company(id: "acme")), .flag(Flag(code: "f", enabled: true)),
            .rollout(Rollout(flag: "f", stages: stages, status: .running, stage: 1)))
        #expect(state.trace("f", for: "gate-qa").json["stage"] == "qa")
        let acme = state.trace("f", for: "acme").json
        #expect(acme["reason"] == "rollout" && acme["stage"] == "most")
        #expect(acme["bucket"]?.integerValue == Int64(Audience.bucket(of: "acme", seed: "f")))
        #expect(state.trace("f", for: "acme").decidedBy == .rollout("f"))
        #expect(!state.verdict("f", for: "nobody").value, "whom nobody registered is in no percentage")
    }
}
