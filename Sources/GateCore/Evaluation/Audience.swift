/// Whom a rollout reaches up to its current stage: the union of those stages.
package struct Audience: Hashable, Sendable {
    /// A company's bucket is one of so many.
    package static let buckets: UInt64 = 10_000

    /// How a company comes to be in the audience.
    package enum Way: Hashable, Sendable {
        case company
        case group(GroupName)
        case percentage
    }

    /// The stage that first reaches a company, and how.
    package struct Place: Hashable, Sendable {
        package var index: Int
        package var stage: StageName
        package var way: Way
        /// Of the company, by the rollout's seed: 0 to 9 999. Where a percentage decided.
        package var bucket: Int?
    }

    private let seed: String
    private let stages: ArraySlice<RolloutStage>
    private let companies: Set<CompanyID>
    private let groups: Set<GroupName>
    /// Buckets below this are in.
    private let threshold: Int

    /// Whom the rollout reaches now; nil when it reaches nobody.
    package init?(_ rollout: Rollout) {
        guard rollout.status.isReaching else { return nil }
        self.init(rollout, upTo: rollout.stage)
    }

    /// Whom the rollout would reach at a stage, whatever its status.
    package init(_ rollout: Rollout, upTo stage: Int) {
        seed = rollout.seed
        stages = rollout.stages.prefix(stage + 1)
        companies = Set(stages.flatMap(\.companies))
        groups = Set(stages.flatMap(\.groups))
        threshold = (stages.map(\.percentage).max() ?? 0) * 100
    }

    package func contains(_ company: Company) -> Bool {
        if threshold == Self.buckets || companies.contains(company.id) { return true }
        if !groups.isEmpty, company.groups.contains(where: groups.contains) { return true }
        return threshold > 0 && Self.bucket(of: company.id, seed: seed) < threshold
    }

    /// Where the company comes in; nil when it does not.
    package func place(of company: Company) -> Place? {
        for (index, stage) in stages.enumerated() {
            if stage.companies.contains(company.id) { return Place(index: index, stage: stage.name, way: .company) }
            if let group = company.groups.first(where: stage.groups.contains) { return Place(index: index, stage: stage.name, way: .group(group)) }
            let bucket = Self.bucket(of: company.id, seed: seed)
            if bucket < stage.percentage * 100 { return Place(index: index, stage: stage.name, way: .percentage, bucket: bucket) }
        }
        return nil
    }

    /// `(murmur3_x86_32(seed + "/" + company) * 10 000) >> 32`: integers only, so that raising a percentage never takes a company out.
    package static func bucket(of company: CompanyID, seed: String) -> Int {
        Int((UInt64(MurmurHash3.hash(Array("\(seed)/\(company.rawValue)".utf8))) * buckets) >> 32)
    }
}
