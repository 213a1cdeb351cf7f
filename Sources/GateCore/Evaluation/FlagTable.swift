/// A flag as it is evaluated: its definition, its flag-wide hold, and its prerequisites as slots.
package struct FlagEntry: Sendable {
    package var flag: Flag
    /// The revision that last changed the definition.
    package var revision: Revision
    /// The revision of the flag-wide hold; 0 without one.
    package var heldAt: Revision = 0
    /// When the flag's epoch began: the revision that last lifted its hold; 0 before.
    package var epoch: Revision = 0
    package var rollout: Revised<Rollout>? { didSet { audience = (rollout?.value).flatMap { Audience($0) } } }
    package var conditions: Revised<Guard>?
    /// Whom the rollout reaches; nil when it reaches nobody.
    package private(set) var audience: Audience?
    /// The slots of the prerequisites; `FlagTable.missing` where one does not exist.
    package fileprivate(set) var prerequisites: [Int] = []
    /// Every flag that stands on this one, directly or not.
    package fileprivate(set) var dependents: [Int] = []
    /// `{"code":"…","enabled":…,"enabled_for_company":`, as the answers to front ends have it.
    package fileprivate(set) var answerPrefix: [UInt8] = []
}

/// All flags, each in a slot: a small number that is its own for as long as the process lives.
///
/// Slots make an evaluation a few array reads. They are never stored: another process numbers otherwise.
package struct FlagTable: Sendable {
    package static let missing = -1

    private var entries: [FlagEntry?] = []
    private var slots: [FlagCode: Int] = [:]
    /// The taken slots, by the bytes of the codes.
    package private(set) var order: [Int] = []

    package init() {}

    package var count: Int { order.count }

    package func slot(_ code: FlagCode) -> Int? { slots[code] }

    package subscript(slot: Int) -> FlagEntry? { slot >= 0 && slot < entries.count ? entries[slot] : nil }

    package subscript(code: FlagCode) -> FlagEntry? { slots[code].flatMap { entries[$0] } }

    /// Reads an entry in place, without a copy.
    @inline(__always)
    package func withEntry<Result>(_ slot: Int, _ body: (borrowing FlagEntry) -> Result) -> Result? {
        guard slot >= 0, slot < entries.count, entries[slot] != nil else { return nil }
        return body(entries[slot].unsafelyUnwrapped)
    }

    /// Stores a definition. `link` must follow before the next evaluation.
    package mutating func put(_ flag: Flag, revision: Revision) {
        if let slot = slots[flag.code] {
            entries[slot]!.flag = flag
            entries[slot]!.revision = revision
        } else {
            slots[flag.code] = entries.count
            entries.append(FlagEntry(flag: flag, revision: revision))
        }
    }

    /// Removes a definition. `link` must follow before the next evaluation.
    package mutating func remove(_ code: FlagCode) {
        guard let slot = slots.removeValue(forKey: code) else { return }
        entries[slot] = nil
    }

    /// Edits what belongs to a flag beside its definition.
    package mutating func edit(_ slot: Int, _ edit: (inout FlagEntry) -> Void) { edit(&entries[slot]!) }

    /// Resolves names to slots, after definitions have changed.
    package mutating func link() {
        order = slots.sorted { $0.key < $1.key }.map(\.value)
        var direct: [[Int]] = Array(repeating: [], count: entries.count)
        for slot in order {
            let flag = entries[slot]!.flag
            let prerequisites = flag.prerequisites.map { slots[$0] ?? Self.missing }
            for prerequisite in prerequisites where prerequisite != Self.missing { direct[prerequisite].append(slot) }
            entries[slot]!.prerequisites = prerequisites
            entries[slot]!.answerPrefix = Array("{\"code\":\"\(flag.code)\",\"enabled\":\(flag.enabled),\"enabled_for_company\":".utf8)
        }
        for slot in order { entries[slot]!.dependents = Self.closure(of: slot, over: direct) }
    }

    private static func closure(of slot: Int, over direct: [[Int]]) -> [Int] {
        guard !direct[slot].isEmpty else { return [] }
        var found: Set<Int> = []
        var open = direct[slot]
        while let next = open.popLast() {
            if found.insert(next).inserted { open += direct[next] }
        }
        return found.sorted()
    }
}
