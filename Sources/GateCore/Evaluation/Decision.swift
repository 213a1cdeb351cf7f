import HashTreeCollections

/// A user's permission, and where it comes from.
package enum PermissionReason: String, Sendable, CaseIterable {
    /// The key is not defined: false.
    case permissionUnknown = "permission_unknown"
    /// An explicit state decides.
    case userOn = "user_on"
    case userOff = "user_off"
    /// One of the user's roles has it.
    case role
    /// Neither.
    case notGranted = "not_granted"

    package var isEnabled: Bool { self == .userOn || self == .role }
}

/// One clause of a gate: what it needed, what it found, and why.
package enum Check: Hashable, Sendable {
    /// `role` is the first role that has the key, when a role decided; `decidedAt` the revision of what decided.
    case permission(PermissionKey, reason: PermissionReason, role: RoleName?, decidedAt: Revision)
    case flag(FlagTrace)

    package var satisfied: Bool {
        switch self {
        case .permission(_, let reason, _, _): reason.isEnabled
        case .flag(let trace): trace.verdict.value
        }
    }
}

/// A gate's answer for one user of one company: every clause, evaluated even after the first failure.
package struct Decision: Hashable, Sendable {
    package var gate: GateName
    package var company: CompanyID
    package var user: UserID
    package var checks: [Check]

    package var allowed: Bool { checks.allSatisfy(\.satisfied) }
    package var reason: String { checks.reason }
}

extension [Check] {
    /// `allowed`, or the first failing clause's: `permission_missing`, or the flag's.
    package var reason: String {
        switch first(where: { !$0.satisfied }) {
        case nil: "allowed"
        case .permission: "permission_missing"
        case .flag(let trace): trace.verdict.reason.rawValue
        }
    }
}

/// Who is asked about: a user of a company, with any roles that the user's token brings along.
package struct Subject: Hashable, Sendable {
    package var company: CompanyID
    package var user: UserID
    /// Roles from the token's claim, beside the stored ones.
    package var tokenRoles: [RoleName]

    package init(company: CompanyID, user: UserID, tokenRoles: [RoleName] = []) {
        self.company = company
        self.user = user
        self.tokenRoles = tokenRoles
    }
}

extension Snapshot {
    /// `is_enabled`: the explicit state decides; else any of the roles has it; else false.
    package func permission(_ key: PermissionKey, of subject: Subject) -> Check {
        permission(key, of: subject, record: user(subject.company, subject.user))
    }

    package func permission(_ key: PermissionKey, of subject: Subject, record: UserRecord?) -> Check {
        guard permissions[key] != nil else { return .permission(key, reason: .permissionUnknown, role: nil, decidedAt: 0) }
        if let enabled = record?.grants[key] {
            return .permission(key, reason: enabled ? .userOn : .userOff, role: nil, decidedAt: record?.revision ?? 0)
        }
        for name in (record?.grants.roles ?? []) + subject.tokenRoles {
            if let role = roles[name], role.value.permissions.contains(key) {
                return .permission(key, reason: .role, role: name, decidedAt: role.revision)
            }
        }
        return .permission(key, reason: .notGranted, role: nil, decidedAt: record?.revision ?? 0)
    }

    /// - Returns: nil when there is no such gate.
    package func decide(_ name: GateName, _ subject: Subject) -> Decision? {
        gates[name].map { decide($0.value, subject) }
    }

    /// Whether a gate lets a subject through: the decision's `allowed`, without the trace.
    package func allows(_ gate: Gate, _ subject: Subject) -> Bool {
        let company = companies[subject.company]
        let record = user(subject.company, subject.user)
        return gate.permissions.allSatisfy { permission($0, of: subject, record: record).satisfied }
            && gate.flags.allSatisfy { verdict($0, company).value }
    }

    package func decide(_ gate: Gate, _ subject: Subject) -> Decision {
        let company = companies[subject.company]
        let record = user(subject.company, subject.user)
        return Decision(
            gate: gate.name, company: subject.company, user: subject.user,
            checks: gate.permissions.map { permission($0, of: subject, record: record) }
                + gate.flags.map { .flag(trace($0, company, companyID: subject.company)) })
    }
}
