@testable import GateCore

/// What came of a foreign file, as the tests look at it.
struct Imported {
    let translation: Translation
    private let entities: [Entity]

    /// - Throws: also when a manifest that was made is none.
    init(_ translation: Translation) throws {
        self.translation = translation
        var entities: [Entity] = []
        for manifest in translation.manifests { entities += try Manifest.entities(JSONReader(manifest)) }
        self.entities = entities
    }

    static func unleash(_ text: String, companyField: String = "companyId", environment: String? = nil) throws -> Imported {
        try Imported(UnleashExport.translate(JSONParser.parse(text), companyField: companyField, environment: environment))
    }

    static func flagd(_ text: String, companyField: String = "companyId") throws -> Imported {
        try Imported(FlagdDefinition.translate(JSONParser.parse(text), companyField: companyField))
    }

    var flags: [Flag] { entities.compactMap { if case .flag(let flag) = $0 { flag } else { nil } } }

    func flag(_ code: FlagCode) -> Flag? { flags.first { $0.code == code } }

    /// `acme:on b:off 25%`: whom a flag reaches.
    func reach(_ code: FlagCode = "f") -> String {
        var words = entities.compactMap { entity -> String? in
            guard case .flagState(let state) = entity, state.flag == code else { return nil }
            return "\(state.company):\(state.enabled ? "on" : "off")"
        }
        for case .rollout(let rollout) in entities where rollout.flag == code { words += rollout.stages.map { "\($0.percentage)%" } }
        return words.joined(separator: " ")
    }

    /// Where what was left out stands, sorted; a `~` is before what changes no answer.
    var places: [String] { translation.leftOut.map { ($0.effect == .answers ? "" : "~") + $0.pointer }.sorted() }

    /// The state after applying it to these companies, every rollout started.
    func state(_ companies: [CompanyID]) throws -> Snapshot {
        var state = Snapshot(incarnation: "imported")
        for company in companies { try state.apply([.put(.company(Company(id: company)))], revision: state.revision + 1) }
        state = try Planner.plan(.apply(entities, prune: false, force: false, expecting: nil), on: state, .registering).next
        for code in translation.rollouts {
            guard case .rollout(var rollout) = state.entity(.rollout(code)).entity else { continue }
            rollout.status = .running
            try state.apply([.put(.rollout(rollout))], revision: state.revision + 1)
        }
        return state
    }
}
