import HashTreeCollections

/// Finds the known names that somebody may have meant.
package enum Nearness {
    /// At most three names, the closest first: those at most a third of the letters away, or that begin alike.
    package static func names(near text: String, among candidates: some Sequence<String>) -> [String] {
        let wanted = Array(text.lowercased().utf8)
        let reach = max(2, wanted.count / 3)
        var found: [(name: String, distance: Int)] = []
        for name in candidates {
            let other = Array(name.lowercased().utf8)
            if wanted.count >= 3, other.starts(with: wanted) || (other.count >= 3 && wanted.starts(with: other)) {
                found.append((name, 1))
            } else if abs(other.count - wanted.count) <= reach {
                let distance = distance(wanted, other)
                if distance <= reach { found.append((name, distance)) }
            }
        }
        return found.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name)
    }

    /// How many letters must be put in, left out or changed (Levenshtein), or swapped with their neighbour.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (i, letter) in left.enumerated() {
            var row = [i + 1]
            for (j, other) in right.enumerated() {
                var best = min(last[j] + (letter == other ? 0 : 1), last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, letter == right[j - 1], left[i - 1] == other { best = min(best, beforeLast[j - 1] + 1) }
                row.append(best)
            }
            (beforeLast, last) = (last, row)
        }
        return last[right.count]
    }
}

extension Snapshot {
    /// The names of existing entities of the same kind that are close to one that is missing.
    package func names(near ref: EntityRef) -> [String] {
        switch ref {
        case .company(let id): Nearness.names(near: id.rawValue, among: companies.keys.lazy.map(\.rawValue))
        case .flag(let code): Nearness.names(near: code.rawValue, among: flags.order.compactMap { flags[$0]?.flag.code.rawValue })
        case .permission(let key): Nearness.names(near: key.rawValue, among: permissions.keys.map(\.rawValue))
        case .role(let name): Nearness.names(near: name.rawValue, among: roles.keys.map(\.rawValue))
        case .gate(let name): Nearness.names(near: name.rawValue, among: gates.keys.map(\.rawValue))
        case .event(let name): Nearness.names(near: name.rawValue, among: eventTypes.keys.map(\.rawValue))
        case .user, .token, .flagState, .hold, .epoch, .rollout, .guard, .schedule, .webhook: []
        }
    }
}
