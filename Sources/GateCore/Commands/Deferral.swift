/// When a write is to be done, or undone, other than now.
package enum Deferral: Hashable, Sendable {
    /// Now, and its inverse after this time (`--for`).
    case lasting(TimeSpan)
    /// Then (`--at`).
    case at(Timestamp)

    /// Nothing is scheduled further ahead.
    package static let furthest = TimeSpan(seconds: 366 * 86_400)
}
