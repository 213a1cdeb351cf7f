/// What came of a write, in one word.
package enum WriteResult: String, Sendable, CaseIterable {
    case changed
    /// Everything was so already.
    case unchanged
    /// It had been done before, under the same idempotency key.
    case replayed
    /// By a rule or a precondition.
    case refused
    /// The storage did not take it, or could not say whether it had.
    case failed

    init(_ outcome: GateWriter.Outcome) {
        self = outcome.replayed ? .replayed : outcome.receipt["changed"] == true ? .changed : .unchanged
    }

    init(_ error: GateError) {
        switch error.code {
        case .storageFull, .storageFailed, .databaseLocked, .databaseDamaged, .databaseBehind, .outcomeUnknown, .unexpected: self = .failed
        default: self = .refused
        }
    }
}
