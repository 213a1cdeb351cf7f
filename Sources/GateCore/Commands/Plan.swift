import Crypto

/// What a command comes to on a given state: the operations, the state after them, and what would answer differently.
package struct Plan: Sendable {
    /// In an order in which each can be applied; empty when the command changes nothing.
    package var operations: [Operation]
    package var changes: [EntityChange]
    package var next: Snapshot
    package var impact: Impact
    /// The entity that the command is about, when it is about one.
    package var subject: EntityRef?
    /// What the command wrote, what it left as it was included.
    package var touched: [EntityRef] = []
    /// Schedules that this cancelled, because it wrote what they were to take back.
    package var cancelled: [ScheduleID] = []

    package var changesNothing: Bool { operations.isEmpty }

    /// Names the plan: SHA-256 of its operations, in hexadecimal.
    package var hash: String {
        SHA256.hash(data: JSONValue.array(operations.map(\.json)).canonicalBytes).hexadecimal
    }
}

extension Sequence<UInt8> {
    /// Two lower-case digits a byte.
    package var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
