/// Something that a foreign definition says and a manifest cannot.
package struct LeftOut: Hashable, Sendable {
    package enum Effect: String, Sendable, CaseIterable {
        /// Somebody may get another answer than the foreign system gave.
        case answers
        /// The answers are the same without it: labels, notes, order.
        case bookkeeping
    }

    /// Where it stands in the file: a JSON pointer.
    package var pointer: String
    /// The flag that it is about, by its foreign name.
    package var flag: String?
    package var why: String
    package var effect: Effect

    package init(_ pointer: String, flag: String? = nil, _ why: String, effect: Effect = .answers) {
        (self.pointer, self.flag, self.why, self.effect) = (pointer, flag, why, effect)
    }

    package var json: JSONValue {
        [
            "pointer": .string(pointer), "flag": flag.map { .string($0) } ?? .null, "effect": .string(effect.rawValue), "why": .string(why),
        ]
    }
}
