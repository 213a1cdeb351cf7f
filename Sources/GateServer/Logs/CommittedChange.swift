import GateCore
import Logging

/// What a line of the log says of a committed change: enough to find it in the history, and no reason, user or body, which may be personal.
///
/// A change that is about one flag is told in OpenTelemetry's words for feature flags.
extension SnapshotStore.Publication {
    var logMetadata: Logger.Metadata {
        let position = after.snapshot.position
        var metadata: Logger.Metadata = [
            "revision": .stringConvertible(position.revision), "actor": "\(actor)", "entities": .stringConvertible(changes.count),
            "kinds": "\(Set(changes.map(\.ref.kind.rawValue)).sorted().joined(separator: ","))", "flips": .stringConvertible(impact.flips.count),
            "chain_head": "\(after.chainHead.hexadecimal)",
        ]
        let companies = Set(changes.compactMap(\.ref.company))
        if companies.count == 1, let company = companies.first { metadata["company_id"] = "\(company)" }
        let flags = Set(changes.compactMap(\.ref.flag))
        guard flags.count == 1, let flag = flags.first else { return metadata }
        metadata["feature_flag.key"] = "\(flag)"
        metadata["feature_flag.provider.name"] = "gate"
        metadata["feature_flag.version"] = "\(position)"
        let values = Set(impact.flips.compactMap { flip in if case .flag(flag, let value) = flip.answer { value } else { nil } })
        if values.count == 1, let value = values.first { metadata["feature_flag.result.variant"] = value ? "on" : "off" }
        return metadata
    }
}

extension EntityRef {
    fileprivate var flag: FlagCode? {
        switch self {
        case .flag(let flag), .flagState(let flag, _), .hold(let flag, _), .epoch(let flag, _), .rollout(let flag), .guard(let flag): flag
        case .company, .permission, .role, .gate, .event, .user, .token, .schedule, .webhook: nil
        }
    }

    fileprivate var company: CompanyID? {
        switch self {
        case .company(let company), .flagState(_, let company), .user(let company, _): company
        case .hold(_, let company), .epoch(_, let company): company
        case .permission, .role, .flag, .rollout, .guard, .gate, .event, .token, .schedule, .webhook: nil
        }
    }
}
