import HashTreeCollections

/// The bodies of the answers to front ends and back ends, written by hand: they are made on the hot path.
///
/// Codes, keys, names and ids are ASCII without quotes, backslashes or control characters, so they need no escaping.
package enum Answers {
    /// `GET /v1/feature_flags`.
    ///
    /// - Parameter clientsOnly: leaves out the flags that are kept from user tokens.
    package static func featureFlags(_ state: Snapshot, _ company: CompanyID, clientsOnly: Bool) -> [UInt8] {
        let record = state.companies[company]
        var bytes: [UInt8] = []
        bytes.reserveCapacity(64 + state.flags.count * 96)
        bytes += "{\"data\":[".utf8
        var isFirst = true
        for slot in state.flags.order {
            let enabledForCompany = state.verdict(slot, record).enabledForCompany
            _ = state.flags.withEntry(slot) { entry in
                guard entry.flag.clientVisible || !clientsOnly else { return }
                if !isFirst { bytes.append(UInt8(ascii: ",")) }
                isFirst = false
                bytes += entry.answerPrefix
                bytes += enabledForCompany ? Self.trueEnd : Self.falseEnd
            }
        }
        bytes += "],\"meta\":{\"company_id\":\"".utf8
        bytes += company.rawValue.utf8
        bytes += "\"}}".utf8
        return bytes
    }

    private static let trueEnd = Array("true}".utf8)
    private static let falseEnd = Array("false}".utf8)

    /// `GET /v1/permissions`: every defined key.
    package static func permissions(_ state: Snapshot, _ subject: Subject) -> [UInt8] {
        let record = state.user(subject.company, subject.user)
        var bytes: [UInt8] = []
        bytes += "{\"data\":[{\"company_id\":\"".utf8
        bytes += subject.company.rawValue.utf8
        bytes += "\",\"user_id\":\"".utf8
        bytes += subject.user.rawValue.utf8
        bytes += "\",\"permissions\":[".utf8
        for (index, key) in state.permissions.keys.sorted().enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += "{\"name\":\"".utf8
            bytes += key.rawValue.utf8
            bytes += "\",\"is_enabled\":".utf8
            bytes += state.permission(key, of: subject, record: record).satisfied ? Self.trueEnd : Self.falseEnd
        }
        bytes += "]}]}".utf8
        return bytes
    }

    /// `GET /v1/gates`: every gate's decision, by the bytes of the names.
    ///
    /// - Parameter clientsOnly: does not tell which flags are kept from user tokens.
    package static func gates(_ state: Snapshot, _ subject: Subject, clientsOnly: Bool) -> [UInt8] {
        var bytes = Array("{\"data\":[".utf8)
        for (index, gate) in state.gates.values.sorted(by: { $0.value.name < $1.value.name }).enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += JSONWriter.bytes(state.decide(gate.value, subject).json(clientsOnly: clientsOnly))
        }
        bytes += "]}".utf8
        return bytes
    }

    /// `GET /v1/gates/{name}`; nil when there is no such gate.
    ///
    /// - Parameter clientsOnly: does not tell which flags are kept from user tokens.
    package static func gate(_ state: Snapshot, _ name: GateName, _ subject: Subject, clientsOnly: Bool) -> [UInt8]? {
        state.decide(name, subject).map { JSONWriter.bytes($0.json(clientsOnly: clientsOnly)) }
    }
}
