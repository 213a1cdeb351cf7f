import HashTreeCollections

/// The events of a caller's stream. Data is `{"flags":[…],"gates":[…]}`: the whole, or what is different.
package enum StreamEvent {
    /// Everything a caller is answered: `event: flags`.
    package static func whole(_ state: Snapshot, _ subject: Subject, clientsOnly: Bool) -> [UInt8] {
        let company = state.companies[subject.company]
        // The result's type is written out: a bare nil would be JSON's null, in the place of a flag that is kept from the caller.
        let flags = state.flags.order.compactMap { slot -> JSONValue? in
            guard let entry = state.flags[slot], entry.flag.clientVisible || !clientsOnly else { return nil }
            return flag(entry.flag.code, state.verdict(slot, company))
        }
        let gates = state.gates.keys.sorted().compactMap { name in state.decide(name, subject).map { gate(name, $0.allowed, $0.reason) } }
        return event("flags", state.position, flags, gates)
    }

    /// What a caller is answered otherwise than before; nil when nothing is different.
    ///
    /// - Parameter always: writes the event even when nothing is different, so that a client learns the position it is at.
    package static func difference(
        from before: Snapshot, to after: Snapshot, _ subject: Subject, clientsOnly: Bool, always: Bool = false
    ) -> [UInt8]? {
        let codes = Set((before.flags.order.map { before.flags[$0]! } + after.flags.order.map { after.flags[$0]! }).map(\.flag.code))
        let flags = flagChanges(codes, from: before, to: after, subject.company, clientsOnly: clientsOnly)
        let gates = gateChanges(Set(before.gates.keys).union(after.gates.keys), from: before, to: after, subject)
        guard always || !flags.isEmpty || !gates.isEmpty else { return nil }
        return event("change", after.position, flags, gates)
    }

    /// The flags among `codes` whose served pair is different for a company. One that is gone, or kept from clients now, is off.
    package static func flagChanges(
        _ codes: Set<FlagCode>, from before: Snapshot, to after: Snapshot, _ company: CompanyID, clientsOnly: Bool
    ) -> [JSONValue] {
        let (oldRecord, newRecord) = (before.companies[company], after.companies[company])
        return codes.sorted().compactMap { code in
            let wasSeen = before.flags[code].map { $0.flag.clientVisible || !clientsOnly } ?? false
            let isSeen = after.flags[code].map { $0.flag.clientVisible || !clientsOnly } ?? false
            guard wasSeen || isSeen else { return nil }
            let old = before.verdict(code, oldRecord)
            let new = isSeen ? after.verdict(code, newRecord) : .notFound
            guard wasSeen != isSeen || old.enabled != new.enabled || old.enabledForCompany != new.enabledForCompany else { return nil }
            return flag(code, new)
        }
    }

    /// The gates among `names` whose answer or reason is different for a caller. One that is gone is not allowed.
    package static func gateChanges(_ names: Set<GateName>, from before: Snapshot, to after: Snapshot, _ subject: Subject) -> [JSONValue] {
        names.sorted().compactMap { name in
            let (old, new) = (before.decide(name, subject), after.decide(name, subject))
            guard old?.allowed != new?.allowed || old?.reason != new?.reason else { return nil }
            return gate(name, new?.allowed ?? false, new?.reason ?? GateError.Code.gateUnknown.rawValue)
        }
    }

    /// One event as it stands on the wire.
    package static func event(_ name: String, _ position: Position, _ flags: [JSONValue], _ gates: [JSONValue]) -> [UInt8] {
        var bytes = Array("event: \(name)\nid: \(position)\ndata: ".utf8)
        bytes += JSONWriter.bytes(["flags": .array(flags), "gates": .array(gates)])
        bytes += "\n\n".utf8
        return bytes
    }

    private static func flag(_ code: FlagCode, _ verdict: Verdict) -> JSONValue {
        ["code": .string(code.rawValue), "enabled": .bool(verdict.enabled), "enabled_for_company": .bool(verdict.enabledForCompany)]
    }

    private static func gate(_ name: GateName, _ allowed: Bool, _ reason: String) -> JSONValue {
        ["gate": .string(name.rawValue), "allowed": .bool(allowed), "reason": .string(reason)]
    }
}
