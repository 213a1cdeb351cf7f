import Testing

@testable import GateCore

@Suite("A slot map")
struct SlotMapTests {
    @Test("agrees with a dictionary through generated settings and removals, across words of 64")
    func agreesWithDictionary() {
        let seed = Seed("slot map")
        var random = seed.generator
        var map = SlotMap<Int>()
        var dictionary: [Int: Int] = [:]
        for turn in 0..<5_000 {
            let slot = random.below(200)
            let value: Int? = random.once(in: 3) ? nil : turn
            map[slot] = value
            dictionary[slot] = value
            let probe = random.below(300)
            #expect(map[probe] == dictionary[probe], "slot \(probe) at turn \(turn); \(seed)")
            #expect(map.isEmpty == dictionary.isEmpty)
        }
        #expect(map.entries.map(\.slot) == dictionary.keys.sorted(), "\(seed)")
        #expect(map.entries.map(\.element) == dictionary.keys.sorted().map { dictionary[$0]! }, "\(seed)")
    }

    @Test("has nothing at the slot of a flag that is missing")
    func missingSlot() {
        var map = SlotMap<Int>()
        map[0] = 1
        #expect(map[FlagTable.missing] == nil)
        #expect(map[1_000] == nil)
    }
}
