/// What another system's definitions become: manifests, and a list of everything that they cannot express.
///
/// Where something is left out, the flag is off for those concerned: the strategy, the rule or the whole flag goes with it. Only a
/// percentage, which is kept, takes other companies than before.
package struct Translation: Sendable {
    package static let mostFlags = 10_000
    /// Explicit states of companies, over all flags.
    package static let mostStates = 200_000
    /// How much of the rules may be read, each list's element and each use of a shared rule counted.
    static let mostSteps = 1_000_000
    /// Shared rules can say one thing many times over.
    static let mostLeftOut = 100_000
    /// The one stage of a rollout that was taken over.
    static let stage = StageName(unchecked: "imported")

    package private(set) var manifests: [JSONValue] = []
    package internal(set) var leftOut: [LeftOut] = []
    /// The flags that have a rollout now. It is a draft: it reaches nobody until it is started.
    package private(set) var rollouts: [FlagCode] = []
    private var states = 0
    private var steps = 0

    init() {}

    /// Whether somebody may get another answer than before.
    package var changesAnswers: Bool { leftOut.contains { $0.effect == .answers } }

    mutating func leaveOut(_ pointer: String, flag: String? = nil, _ why: String, effect: LeftOut.Effect = .answers) {
        leftOut.append(LeftOut(pointer, flag: flag, why, effect: effect))
    }

    /// Lists every member that is not among the known ones and says something.
    ///
    /// - Returns: whether there was one.
    @discardableResult
    mutating func leaveOutStrangers(in members: JSONMembers, flag: String? = nil, known: Set<String>) -> Bool {
        let strangers = members.all.filter { !known.contains($0.name) && $0.reader.value.saysSomething }
        for stranger in strangers { leaveOut(stranger.reader.pointer, flag: flag, "\(quoted(stranger.name)) is not known to this import") }
        return !strangers.isEmpty
    }

    /// - Throws: `limit_exceeded` when the file's rules are too much work, or what is left out too much to list.
    mutating func step(_ count: Int = 1) throws(GateError) {
        steps += count
        guard steps <= Self.mostSteps else {
            throw GateError(
                .limitExceeded, "the file's rules are too large: at most \(Self.mostSteps) steps, shared rules counted at each use",
                limit: .init("steps", provided: steps, allowed: Self.mostSteps))
        }
        guard leftOut.count <= Self.mostLeftOut else {
            throw GateError(
                .limitExceeded, "more than \(Self.mostLeftOut) things of the file cannot be taken over",
                limit: .init("left_out", provided: leftOut.count, allowed: Self.mostLeftOut))
        }
    }

    /// The companies' ids of a list of texts; what is no id is left out.
    mutating func companies(_ elements: [JSONReader], flag: String) throws(GateError) -> Set<CompanyID> {
        try step(elements.count)
        var names: Set<CompanyID> = []
        for element in elements {
            do throws(GateError) { names.insert(try element.identifier()) } catch { leaveOut(element.pointer, flag: flag, error.detail) }
        }
        return names
    }

    /// Writes the flag's manifests.
    mutating func add(_ flag: TranslatedFlag) throws(GateError) {
        let (rollout, lost) = flag.rollout
        leftOut += lost
        let companies = flag.states(beside: rollout)
        states += companies.count
        guard states <= Self.mostStates else {
            throw GateError(
                .limitExceeded, "the file names too many companies: at most \(Self.mostStates), over all flags",
                limit: .init("companies", provided: states, allowed: Self.mostStates))
        }
        var manifest: JSONObject = ["kind": "flag", "name": .string(flag.code.rawValue)]
        if !flag.description.isEmpty { manifest["description"] = .string(flag.description) }
        manifest["enabled"] = .bool(flag.enabled)
        if flag.permanent { manifest["permanent"] = true }
        if !flag.prerequisites.isEmpty { manifest["prerequisites"] = .strings(flag.prerequisites) }
        if !companies.isEmpty { manifest["companies"] = .object(JSONObject(companies.map { ($0.company.rawValue, .bool($0.enabled)) })) }
        manifests.append(.object(manifest))
        if let rollout {
            rollouts.append(flag.code)
            manifests.append([
                "kind": "rollout", "name": .string(flag.code.rawValue),
                "stages": [["name": .string(Self.stage.rawValue), "percentage": .integer(Int64(rollout.percentage))]],
            ])
        }
    }
}

extension JSONValue {
    /// Whether it is more than an empty member.
    var saysSomething: Bool { ![.null, "", .array([]), .object([:])].contains(self) }
}
