import GateCore

/// A gate's answer, as it is counted.
struct DecisionKey: Hashable, Sendable {
    var gate: GateName
    var isAllowed: Bool
}

/// What one event loop has answered in front of the router.
///
/// Plain numbers, only ever touched on the loop: counting an answer is adding one to a number that the answer already points to.
final class ReadCounts {
    /// Of one route.
    final class Requests {
        var full = 0
        var notModified = 0
    }

    /// Of one gate and answer.
    final class Decisions {
        var count = 0
    }

    /// The numbers as they stood.
    struct Reading: Sendable {
        /// By route and status.
        var requests: [String: [Int: Int]] = [:]
        var decisions: [DecisionKey: Int] = [:]
    }

    private var requests: [String: Requests] = [:]
    private var decisions: [DecisionKey: Decisions] = [:]

    /// Where a route's answers are counted.
    ///
    /// - Parameter route: its path as the router has it.
    func requests(of route: String) -> Requests {
        if let known = requests[route] { return known }
        let made = Requests()
        requests[route] = made
        return made
    }

    /// Where a gate's answers of one kind are counted.
    func decisions(of key: DecisionKey) -> Decisions {
        if let known = decisions[key] { return known }
        let made = Decisions()
        decisions[key] = made
        return made
    }

    /// Reads the numbers, and forgets gates that are no more.
    ///
    /// - Parameter state: the one that is published now: what this loop answers next is not of an older one.
    func read(_ state: Snapshot) -> Reading {
        // An answer about a gate that is gone is not given again, so nobody counts on what is dropped here.
        decisions = decisions.filter { state.gates[$0.key.gate] != nil }
        return Reading(
            requests: requests.mapValues { [200: $0.full, 304: $0.notModified].filter { $0.value > 0 } },
            decisions: decisions.mapValues(\.count))
    }
}
