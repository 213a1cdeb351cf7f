import Testing

@testable import GateCore

@Suite("A full disk")
struct DiskFullTests {
    @Test("refuses the write that does not fit, keeps everything else, and is forgotten when there is room")
    func full() async throws {
        let database = try TestDatabase()
        var writer: GateWriter? = try await database.writer()
        try await writer?.put(.load([.company(Company(id: "acme")), .flag(Flag(code: "embed", enabled: true))]))
        try await writer?.put(.setStates("embed", companies: ["acme": true], groups: [:]))
        writer = nil

        writer = try await database.writer(prepare: ["PRAGMA max_page_count = 80"])
        let text = String(repeating: "x", count: 1_000)
        var refusals = 0
        for number in 0..<400 {
            let before = try #require(writer?.store.current)
            let flag = Flag(code: FlagCode(unchecked: "filler\(number)"), description: text)
            let error = await refusalOf { [writer] in try await writer?.put(.put(.flag(flag))) }
            guard let error else { continue }
            refusals += 1
            #expect(error.code == .storageFull)
            #expect(error.engineCode.map { $0 & 0xFF } == 13)
            #expect(writer?.snapshot.facts == before.snapshot.facts)
            let (stored, head) = try database.loaded()
            #expect(stored.facts == before.snapshot.facts)
            #expect(head.hash == before.chainHead)
            // Reads go on.
            #expect(writer?.snapshot.verdict("embed", for: "acme").value == true)
            if refusals == 20 { break }
        }
        #expect(refusals == 20)
        let full = try #require(writer?.snapshot)
        writer = nil

        writer = try await database.writer()
        #expect(writer?.snapshot.facts == full.facts)
        try await writer?.put(.put(.flag(Flag(code: "roomy", description: text))))
        #expect(try database.audit().problems == [])
        #expect(try database.loaded().snapshot.facts == writer?.snapshot.facts)
    }
}
