/// A sparse array: which slots are taken is a bit set, the elements lie close together in slot order.
///
/// A company has few explicit states among many flags; a look-up is a bit test and a count of bits.
package struct SlotMap<Element: Sendable>: Sendable {
    private var words: [UInt64] = []
    private var elements: [Element] = []

    package init() {}

    package var isEmpty: Bool { elements.isEmpty }

    package subscript(slot: Int) -> Element? {
        get {
            // `FlagTable.missing` is below 0.
            guard slot >= 0, slot >> 6 < words.count, words[slot >> 6] & (1 << UInt64(slot & 63)) != 0 else { return nil }
            return elements[rank(slot)]
        }
        set {
            let taken = slot >> 6 < words.count && words[slot >> 6] & (1 << UInt64(slot & 63)) != 0
            switch (newValue, taken) {
            case (let element?, true): elements[rank(slot)] = element
            case (let element?, false):
                while words.count <= slot >> 6 { words.append(0) }
                elements.insert(element, at: rank(slot))
                words[slot >> 6] |= 1 << UInt64(slot & 63)
            case (nil, true):
                elements.remove(at: rank(slot))
                words[slot >> 6] &= ~(1 << UInt64(slot & 63))
            case (nil, false): break
            }
        }
    }

    /// The taken slots in order, with their elements.
    package var entries: [(slot: Int, element: Element)] {
        var result: [(Int, Element)] = []
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                result.append((index << 6 | rest.trailingZeroBitCount, elements[result.count]))
                rest &= rest - 1
            }
        }
        return result
    }

    /// How many slots below this one are taken.
    private func rank(_ slot: Int) -> Int {
        var count = 0
        for index in 0..<(slot >> 6) { count += words[index].nonzeroBitCount }
        return count + (words[slot >> 6] & (1 << UInt64(slot & 63) - 1)).nonzeroBitCount
    }
}
