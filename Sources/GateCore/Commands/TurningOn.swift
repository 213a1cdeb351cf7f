extension Plan {
    /// Whether an answer, or something that an answer may come to rest on, is on after this and was not before.
    ///
    /// Fail-closed: where it cannot be told, it turns something on.
    var turnsSomethingOn: Bool { impact.flips.contains(where: \.isOn) || changes.contains(where: \.turnsSomethingOn) }
}

extension EntityChange {
    fileprivate var turnsSomethingOn: Bool {
        switch (before, after) {
        case (.flag(let old), .flag(let new)):
            !old.enabled && new.enabled || !Set(old.prerequisites).isSubset(of: new.prerequisites)
        case (nil, .flag(let new)): new.enabled
        case (.flagState(let old), .flagState(let new)): !old.enabled && new.enabled
        case (nil, .flagState(let new)): new.enabled
        case (.flagState(let old), nil): !old.enabled
        case (.hold, nil): true
        case (.rollout(let old), .rollout(let new)): new.reachesMore(than: old)
        case (nil, .rollout(let new)): new.status.isReaching
        case (.user(let old), .user(let new)): new.grants.givesMore(than: old.grants)
        case (nil, .user(let new)): new.grants.givesMore(than: Grants())
        case (.user(let old), nil): Grants().givesMore(than: old.grants)
        case (.role(let old), .role(let new)): !Set(new.permissions).isSubset(of: old.permissions)
        case (nil, .role(let new)): !new.permissions.isEmpty
        case (.gate(let old), .gate(let new)):
            !Set(old.permissions).isSubset(of: new.permissions) || !Set(old.flags).isSubset(of: new.flags)
        case (nil, .gate): true
        default: false
        }
    }
}

extension Rollout {
    /// Whether it may reach somebody whom the other does not.
    fileprivate func reachesMore(than other: Rollout) -> Bool {
        guard status.isReaching else { return false }
        return !other.status.isReaching || stages != other.stages || seed != other.seed || stage > other.stage
    }
}

extension Grants {
    /// Whether a user may have by these what they have not by the others. A state that is cleared leaves it to the roles.
    fileprivate func givesMore(than other: Grants) -> Bool {
        states.contains { $0.enabled && other[$0.key] != true } || other.states.contains { !$0.enabled && self[$0.key] == nil }
            || !Set(roles).isSubset(of: other.roles)
    }
}
