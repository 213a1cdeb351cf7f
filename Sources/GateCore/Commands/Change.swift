/// An entity before and after a change; nil where it is absent.
package struct EntityChange: Hashable, Sendable {
    package var ref: EntityRef
    package var before: Entity?
    package var after: Entity?

    package var json: JSONValue {
        ["entity": ref.json, "before": before?.shown ?? .null, "after": after?.shown ?? .null]
    }
}

/// One committed transaction: who changed what, when and why, chained to the one before it.
package struct Change: Hashable, Sendable {
    package var revision: Revision
    package var at: Timestamp
    /// `token/<id>`, `seeds`, `guard`, `schedule`.
    package var actor: String
    package var reason: String
    package var command: JSONValue
    package var operations: [Operation]
    /// Before and after of each entity that the operations touch, in their order.
    package var entities: [EntityChange]
    /// Of the change before it; of revision 0 it is 32 zero bytes.
    package var previousHash: [UInt8]
    /// `SHA-256(previous hash ‖ each member, length-prefixed)`.
    package var hash: [UInt8]
}
