extension StringProtocol {
    /// Whether both are the same bytes. Swift's `==` also holds for canonical equivalents: the Kelvin sign equals `K`.
    func hasSameBytes(as other: some StringProtocol) -> Bool { utf8.elementsEqual(other.utf8) }

    /// Compares every byte whatever it finds, so that the time taken says nothing about where the first difference is.
    /// Only a difference in length, which is public, ends it early.
    func hasSameBytesInConstantTime(as other: some StringProtocol) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        var difference: UInt8 = 0
        for (left, right) in zip(utf8, other.utf8) { difference |= left ^ right }
        return difference == 0
    }
}
