import GateCore
import Synchronization

/// Users' tokens that have been verified, so that the next request with one needs no signature check.
///
/// Bounded by two generations of dictionaries: what is asked for moves to the young one; when that is full it becomes
/// the old one, and what had been old, unasked for since, is forgotten. Every step is O(1), without a list to keep.
final class RememberedTokens: Sendable {
    static let defaultCapacity = 100_000

    private struct Entry: Sendable {
        let identity: UserIdentity
        let generation: Int
    }

    private struct Store: Sendable {
        var young: [String: Entry] = [:]
        var old: [String: Entry] = [:]
    }

    private let store = Mutex(Store())
    private let half: Int

    /// - Parameter capacity: the most tokens that are kept; below 2, none.
    init(capacity: Int = defaultCapacity) { half = max(0, capacity / 2) }

    /// Who the token's user is, where it was verified under the same generation of keys and has not expired.
    /// An entry that fails either is dropped.
    func lookup(_ text: String, now: Timestamp, generation: Int) -> UserIdentity? {
        let (identity, forgotten) = store.withLock { store -> (UserIdentity?, [String: Entry]) in
            if let entry = store.young[text] {
                if entry.generation == generation, entry.identity.expiresAt > now { return (entry.identity, [:]) }
                store.young[text] = nil
            }
            guard let entry = store.old.removeValue(forKey: text) else { return (nil, [:]) }
            guard entry.generation == generation, entry.identity.expiresAt > now else { return (nil, [:]) }
            return (entry.identity, put(entry, under: text, in: &store))
        }
        // Thousands of entries may be freed here: not while others wait for the lock.
        _ = consume forgotten
        return identity
    }

    /// - Parameter generation: that of the keys, taken *before* verifying began: keys that changed meanwhile make the
    ///   entry worthless, never trusted.
    func insert(_ text: String, _ identity: UserIdentity, generation: Int) {
        guard half > 0 else { return }
        let forgotten = store.withLock { store in
            store.old[text] = nil
            return put(Entry(identity: identity, generation: generation), under: text, in: &store)
        }
        _ = consume forgotten
    }

    /// How many tokens are kept at the moment.
    var count: Int { store.withLock { $0.young.count + $0.old.count } }

    /// - Returns: what is forgotten for it, to be freed after the lock.
    private func put(_ entry: Entry, under text: String, in store: inout Store) -> [String: Entry] {
        var forgotten: [String: Entry] = [:]
        if store.young.count >= half, store.young[text] == nil {
            forgotten = store.old
            store.old = store.young
            store.young = [:]
        }
        store.young[text] = entry
        return forgotten
    }
}
