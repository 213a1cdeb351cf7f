/// Why a flag is what it is: the first that applies, in this order.
package enum FlagReason: String, Sendable, CaseIterable {
    case flagNotFound = "flag_not_found"
    case flagOff = "flag_off"
    case held
    case companyOff = "company_off"
    case notTargeted = "not_targeted"
    case prerequisiteOff = "prerequisite_off"
    case companyOn = "company_on"
    case rollout
}

/// A flag evaluated for one company.
package struct Verdict: Hashable, Sendable {
    /// The master switch.
    package var enabled: Bool
    /// Targeted, and every prerequisite true.
    package var enabledForCompany: Bool
    package var reason: FlagReason

    package var value: Bool { enabled && enabledForCompany }

    static let notFound = Verdict(enabled: false, enabledForCompany: false, reason: .flagNotFound)
}

/// A flag's verdict with those of its prerequisites.
package struct FlagTrace: Hashable, Sendable {
    package var code: FlagCode
    /// False: kept from user tokens.
    package var clientVisible: Bool
    package var verdict: Verdict
    /// The entity that decided, and the revision that last changed it (0: nothing was ever set).
    package var decidedBy: EntityRef
    package var decidedAt: Revision
    /// Where the flag's rollout reaches the company; nil where something else decided.
    package var place: Audience.Place?
    package var prerequisites: [FlagTrace]
}

extension Snapshot {
    /// Evaluates a flag for a company. Total: it never throws, and what is not known is off.
    ///
    /// - Parameter company: nil for a company that is not registered: everything is off for it.
    package func verdict(_ code: FlagCode, _ company: CompanyRecord?) -> Verdict {
        verdict(flags.slot(code) ?? FlagTable.missing, company)
    }

    package func verdict(_ slot: Int, _ company: CompanyRecord?) -> Verdict { verdict(slot, company, depth: 0) }

    private func verdict(_ slot: Int, _ company: CompanyRecord?, depth: Int) -> Verdict {
        flags.withEntry(slot) { entry in
            let targeting = Self.targeting(entry, slot, company)
            // The planner refuses cycles and depth; were a damaged state to have one, it ends here, and ends off.
            let met =
                (targeting == .on || targeting == .audience) && depth <= Flag.deepestPrerequisites
                && entry.prerequisites.allSatisfy { verdict($0, company, depth: depth + 1).value }
            return Verdict(enabled: entry.flag.enabled, enabledForCompany: met, reason: Self.reason(entry.flag.enabled, targeting, met))
        } ?? .notFound
    }

    /// Step 2 of the evaluation: does the flag aim at this company, prerequisites aside?
    private enum Targeting {
        case held
        case on
        case off
        case audience
        case none
    }

    /// A hold comes first, then the company's explicit state, then the audience of the flag's rollout.
    @inline(__always)
    private static func targeting(_ entry: borrowing FlagEntry, _ slot: Int, _ company: CompanyRecord?) -> Targeting {
        if entry.heldAt != 0 { return .held }
        guard let company else { return .none }
        if let cell = company.cells[slot] {
            if cell.heldAt != 0 { return .held }
            if let enabled = cell.enabled { return enabled ? .on : .off }
        }
        return entry.audience?.contains(company.company) == true ? .audience : .none
    }

    @inline(__always)
    private static func reason(_ enabled: Bool, _ targeting: Targeting, _ met: Bool) -> FlagReason {
        guard enabled else { return .flagOff }
        return switch targeting {
        case .held: .held
        case .off: .companyOff
        case .none: .notTargeted
        case .on: met ? .companyOn : .prerequisiteOff
        case .audience: met ? .rollout : .prerequisiteOff
        }
    }

    /// The verdict with everything it rests on. The tree has at most `Flag.largestTrace` entries.
    package func trace(_ code: FlagCode, _ company: CompanyRecord?, companyID: CompanyID) -> FlagTrace {
        trace(code, company, companyID, depth: 0)
    }

    private func trace(_ code: FlagCode, _ company: CompanyRecord?, _ id: CompanyID, depth: Int) -> FlagTrace {
        let slot = flags.slot(code) ?? FlagTable.missing
        let verdict = verdict(slot, company, depth: depth)
        let entry = flags[slot]
        let cell = company?.cells[slot]
        let (ref, revision): (EntityRef, Revision) =
            switch verdict.reason {
            case .flagNotFound, .flagOff, .prerequisiteOff: (.flag(code), entry?.revision ?? 0)
            case .held: entry?.heldAt == 0 ? (.hold(code, id), cell?.heldAt ?? 0) : (.hold(code, nil), entry?.heldAt ?? 0)
            case .companyOff, .companyOn, .notTargeted: (.flagState(code, id), cell?.stateRevision ?? 0)
            case .rollout: (.rollout(code), entry?.rollout?.revision ?? 0)
            }
        let place = verdict.reason == .rollout ? company.flatMap { entry?.audience?.place(of: $0.company) } : nil
        let prerequisites = depth < Flag.deepestPrerequisites ? entry?.flag.prerequisites ?? [] : []
        return FlagTrace(
            code: code, clientVisible: entry?.flag.clientVisible ?? false, verdict: verdict, decidedBy: ref, decidedAt: revision, place: place,
            prerequisites: prerequisites.map { trace($0, company, id, depth: depth + 1) })
    }
}
