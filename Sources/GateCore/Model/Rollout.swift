/// The staged rollout of a flag: whom it reaches, stage by stage, and how far it has come.
///
/// What people write is the definition, `stages` and `seed`; `status`, `stage` and `stage_began_at` move by the rollout's steps alone.
package struct Rollout: Hashable, Sendable {
    package static let mostStages = 20
    package static let longestSeed = 100

    /// `draft → running ⇄ paused`, `running → completed`, any of them `→ stopped`; `start` begins a stopped one anew.
    package enum Status: String, Sendable, CaseIterable {
        case draft
        case running
        case paused
        case completed
        case stopped

        /// Whether the audience is reached.
        package var isReaching: Bool { self == .running || self == .paused || self == .completed }
    }

    package var flag: FlagCode
    /// Mixed into each company's bucket: two rollouts with one seed reach the same companies first.
    package var seed: String
    package var stages: [RolloutStage]
    package var status: Status
    /// The index of the current stage.
    package var stage: Int
    /// When the current stage began; nil in a draft.
    package var stageBeganAt: Timestamp?

    package init(
        flag: FlagCode, seed: String? = nil, stages: [RolloutStage], status: Status = .draft, stage: Int = 0, stageBeganAt: Timestamp? = nil
    ) {
        self.flag = flag
        self.seed = seed ?? flag.rawValue
        self.stages = stages
        self.status = status
        self.stage = stage
        self.stageBeganAt = stageBeganAt
    }

    /// The same definition, as far as another has come.
    package func progressed(as other: Rollout?) -> Rollout {
        Rollout(
            flag: flag, seed: seed, stages: stages, status: other?.status ?? .draft, stage: other?.stage ?? 0, stageBeganAt: other?.stageBeganAt)
    }
}

/// One step of a rollout: whom it adds, and what must be so before the next.
package struct RolloutStage: Hashable, Sendable {
    package static let mostCompanies = 1_000
    package static let mostGroups = 20

    package var name: StageName
    package var companies: [CompanyID]
    package var groups: [GroupName]
    /// Of all companies, 0 to 100.
    package var percentage: Int
    /// What lets the rollout leave this stage.
    package var promote: Promotion

    package init(
        name: StageName, companies: [CompanyID] = [], groups: [GroupName] = [], percentage: Int = 0, promote: Promotion = Promotion()
    ) {
        self.name = name
        self.companies = companies
        self.groups = groups
        self.percentage = percentage
        self.promote = promote
    }
}

extension RolloutStage: EntityValue {
    package init(_ reader: JSONReader) throws(GateError) {
        let members = try reader.members(["name", "companies", "groups", "percentage", "promote"])
        self.init(
            name: try members.required("name").identifier(),
            companies: try members["companies"]?.identifiers(atMost: Self.mostCompanies) ?? [],
            groups: try members["groups"]?.identifiers(atMost: Self.mostGroups) ?? [],
            percentage: Int(try members["percentage"]?.integer(in: 0...100) ?? 0),
            promote: try members["promote"].map { reader throws(GateError) in try Promotion(reader) } ?? Promotion())
    }

    package var json: JSONValue {
        [
            "name": .string(name.rawValue), "companies": .strings(companies), "groups": .strings(groups),
            "percentage": .integer(Int64(percentage)), "promote": promote.json,
        ]
    }
}

extension Rollout: EntityValue {
    /// The members that only the rollout's steps move.
    package static let progress = ["status", "stage", "stage_began_at"]

    package init(_ reader: JSONReader) throws(GateError) {
        let members = try reader.members(Set(["flag", "seed", "stages"] + Self.progress))
        let list = try members.required("stages")
        var stages: [RolloutStage] = []
        for element in try list.elements(atMost: Self.mostStages) {
            let stage = try RolloutStage(element)
            guard !stages.contains(where: { $0.name == stage.name }) else {
                throw GateError(.textInvalid, "\(element.pointer) is called \(stage.name) as another stage is", pointer: element.pointer + "/name")
            }
            stages.append(stage)
        }
        guard !stages.isEmpty else { throw GateError(.textInvalid, "a rollout has at least one stage", pointer: list.pointer) }
        var status = Status.draft
        if let given = members["status"] {
            guard let known = Status(rawValue: try given.string()) else {
                throw GateError(
                    .textInvalid, "\(given.pointer) must be one of \(Status.allCases.map(\.rawValue).joined(separator: ", "))", pointer: given.pointer
                )
            }
            status = known
        }
        self.init(
            flag: try members.required("flag").identifier(), seed: try members["seed"]?.text(longest: Self.longestSeed), stages: stages,
            status: status, stage: Int(try members["stage"]?.integer(in: 0...Int64(stages.count - 1)) ?? 0),
            stageBeganAt: try members["stage_began_at"].map { reader throws(GateError) in try Timestamp(reader.string(), at: reader.pointer) })
    }

    package var json: JSONValue {
        [
            "flag": .string(flag.rawValue), "seed": .string(seed), "stages": .array(stages.map(\.json)), "status": .string(status.rawValue),
            "stage": .integer(Int64(stage)), "stage_began_at": stageBeganAt.map { .string($0.description) } ?? .null,
        ]
    }
}
