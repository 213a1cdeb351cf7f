import HashTreeCollections

/// The form in which definitions are kept in files: `kind`, a name, and the entity's own fields; a flag also has `companies`,
/// its explicit states; a rollout has no progress. What `export` writes is what `apply` reads.
package enum Manifest {
    /// How many a request or a folder may have.
    package static let most = 200_000

    /// The entities that a manifest says: one, and for a flag its states.
    ///
    /// - Throws: what is wrong, with a pointer into the manifest.
    package static func entities(_ reader: JSONReader) throws(GateError) -> [Entity] {
        let members = try reader.members()
        let kindReader = try members.required("kind")
        let kind = try EntityKind(kindReader)
        guard var object = reader.value.objectValue else { return [] }
        object["kind"] = nil
        let name = kind.nameMember
        if let name, object[name] == nil, let value = object["name"] {
            object[name] = value
            object["name"] = nil
        }
        switch kind {
        case .rollout:
            for member in Rollout.progress where object[member] != nil {
                throw GateError(
                    .memberUnknown, "\(member) is no part of a manifest: a rollout moves by its steps", pointer: reader.pointer + "/" + member)
            }
            return [try .rollout(Rollout(JSONReader(.object(object), pointer: reader.pointer)))]
        case .company, .permission, .role, .gate, .event, .user, .guard:
            return [try Entity(kind, JSONReader(.object(object), pointer: reader.pointer))]
        case .flag:
            object["companies"] = nil
            let flag = try Flag(JSONReader(.object(object), pointer: reader.pointer))
            var entities: [Entity] = [.flag(flag)]
            for (company, state) in try members["companies"]?.members().all ?? [] {
                entities.append(
                    .flagState(FlagState(flag: flag.code, company: try CompanyID(company, at: state.pointer), enabled: try onOrOff(state))))
            }
            return entities
        case .flagState, .hold, .epoch, .token, .schedule, .webhook:
            throw GateError(
                .manifestInvalid,
                "manifests are of the kinds company, event, flag, gate, guard, permission, role, rollout and user, not \(kind.rawValue)",
                pointer: kindReader.pointer)
        }
    }

    private static func onOrOff(_ reader: JSONReader) throws(GateError) -> Bool {
        switch reader.value {
        case .bool(let enabled): return enabled
        case "on": return true
        case "off": return false
        default: throw GateError(.typeMismatch, "\(reader.pointer) must be on or off", pointer: reader.pointer)
        }
    }

    /// The whole state as manifests, in a fixed order; tokens and holds are no part of it.
    ///
    /// - Parameter kinds: only these; nil for all.
    package static func manifests(of state: Snapshot, kinds: Set<EntityKind>? = nil) -> [JSONValue] {
        var states: [FlagCode: JSONObject] = [:]
        for record in state.companies.values.sorted(by: { $0.company.id < $1.company.id }) {
            for (flag, cell) in state.cells(of: record) {
                if let enabled = cell.enabled { states[flag, default: [:]][record.company.id.rawValue] = .bool(enabled) }
            }
        }
        return state.allEntities().compactMap { entity, _ in
            let kind = entity.ref.kind
            guard kinds?.contains(kind) ?? true, kind.isInManifests, case .object(var object) = entity.json else { return nil }
            if kind == .rollout { for member in Rollout.progress { object[member] = Optional<JSONValue>.none } }
            if case .flag(let flag) = entity, let companies = states[flag.code] { object["companies"] = .object(companies) }
            return .object(JSONObject([("kind", .string(kind.rawValue))] + object.members.filter { $0.value != .null }.map { ($0.name, $0.value) }))
        }
    }
}

extension EntityKind {
    /// The member that a manifest's `name` stands for, where that has another name.
    fileprivate var nameMember: String? {
        switch self {
        case .company: "id"
        case .permission: "key"
        case .flag: "code"
        case .rollout, .guard: "flag"
        case .role, .gate, .event, .user, .flagState, .hold, .epoch, .token, .schedule, .webhook: nil
        }
    }

    /// States stand in their flags' manifests; the rest is how far things have come, or secret.
    fileprivate var isInManifests: Bool {
        switch self {
        case .company, .permission, .role, .flag, .rollout, .guard, .gate, .event, .user: true
        case .flagState, .hold, .epoch, .token, .schedule, .webhook: false
        }
    }
}
