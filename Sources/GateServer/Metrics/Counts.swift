/// A counter for each of a closed set of words, those that never came up included.
struct Counts<Word: RawRepresentable & CaseIterable & Hashable & Sendable>: Sendable where Word.RawValue == String {
    private var counts: [Word: Int] = [:]

    init() {}

    subscript(word: Word) -> Int { counts[word] ?? 0 }

    mutating func add(_ word: Word, _ more: Int = 1) { counts[word, default: 0] += more }

    func samples(_ label: String) -> [Exposition.Sample] { Word.allCases.map { Exposition.Sample([(label, $0.rawValue)], self[$0]) } }
}
