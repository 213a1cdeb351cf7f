import Foundation

/// The generator of the generated tests: small, and the same numbers from the same seed everywhere.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    /// True once in so many times.
    mutating func once(in times: Int) -> Bool { Int.random(in: 0..<times, using: &self) == 0 }

    mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// Distinct elements, at most so many, in a random order.
    mutating func some<Element>(of elements: [Element], atMost most: Int) -> [Element] {
        Array(elements.shuffled(using: &self).prefix(below(min(most, elements.count) + 1)))
    }
}

/// What a generated test starts from: `GATE_TEST_SEED` to replay a failure, else a new number; printed either way.
struct Seed: CustomStringConvertible {
    let value: UInt64

    /// - Parameter standing: for figures that are allowed to be missed once in a while: the same number each time instead of a new one.
    init(_ test: String, standing: UInt64? = nil) {
        let given = ProcessInfo.processInfo.environment["GATE_TEST_SEED"].flatMap { UInt64($0) }
        value = given ?? standing ?? UInt64.random(in: 1...UInt64(UInt32.max))
        print("seed of \(test): GATE_TEST_SEED=\(value)")
    }

    var generator: SplitMix64 { SplitMix64(seed: value) }
    var description: String { "GATE_TEST_SEED=\(value)" }
}
