/// Unleash's definitions: the export of one environment (`features`, `featureStrategies`, `featureEnvironments` …), the older state export
/// (`version` 1 to 4), and what its clients are served (`features` with their `strategies` inside).
///
/// A flag is on in Unleash when it is enabled and one of its strategies says so, or when it has none at all.
package struct UnleashExport {
    /// What the exporting system says of itself and its history. It is about no answer and no list.
    private static let silent: Set<String> = [
        "createdAt", "createdBy", "createdByUserId", "archivedAt", "lastSeenAt", "favorite", "lifecycle", "query", "meta", "$schema", "version",
    ]
    private static let known: Set<String> = [
        "features", "featureStrategies", "featureEnvironments", "featureStrategySegments", "segments", "dependencies",
    ]
    /// Sections about things that Gate has not.
    private static let foreign: [(section: String, why: String)] = [
        ("featureTags", "tags: flags have none here"), ("tags", "tags: flags have none here"), ("tagTypes", "kinds of tags: flags have none here"),
        ("contextFields", "context fields: Gate asks about companies and users only"), ("projects", "projects: flags are in none here"),
        ("strategies", "definitions of strategies: Gate has states, groups and percentages"),
        ("environments", "environments: each is a server of its own here"), ("links", "links of flags: they have none here"),
    ]
    /// The types of flag that are meant to stay.
    private static let lasting: Set<String> = ["kill-switch", "permission"]

    let companyField: String
    var translation = Translation()
    private let root: JSONMembers
    private var environment: String?
    /// By the flag's name.
    private var environments: [String: JSONMembers] = [:]
    private var strategies: [String: [JSONReader]] = [:]
    private var parents: [String: [JSONReader]] = [:]
    /// By the segment's id.
    var segments: [Int64: JSONMembers] = [:]
    /// By the strategy's id.
    var segmentsOfStrategies: [String: [JSONReader]] = [:]

    /// - Parameters:
    ///   - companyField: the context field that holds a company's id.
    ///   - environment: whose switches and strategies count; needed where the export has several.
    /// - Throws: what makes the file no export at all; what can merely not be expressed is listed.
    package static func translate(_ document: JSONValue, companyField: String, environment: String?) throws(GateError) -> Translation {
        var export = try UnleashExport(JSONReader(document), companyField)
        try export.choose(environment)
        try export.gather()
        try export.translate()
        return export.translation
    }

    private init(_ reader: JSONReader, _ companyField: String) throws(GateError) {
        self.companyField = companyField
        root = try reader.members()
        guard root["features"] != nil else {
            throw GateError(.manifestInvalid, "this is no Unleash export: it has no features", pointer: "/features")
        }
    }

    private func elements(_ section: String) throws(GateError) -> [JSONReader] { try root[section]?.elements(atMost: Translation.mostSteps) ?? [] }

    private mutating func choose(_ wanted: String?) throws(GateError) {
        var names: Set<String> = []
        for section in ["featureEnvironments", "featureStrategies"] {
            for element in try elements(section) {
                if let name = try element.members()["environment"]?.string() { names.insert(name) }
            }
        }
        let listed = names.sorted().map(quoted).joined(separator: ", ")
        if let wanted {
            guard names.contains(wanted) else {
                let found = names.isEmpty ? "names no environment" : "has \(listed)"
                throw GateError(.parameterInvalid, "the environment \(quoted(wanted)) is not in this export: it \(found)")
            }
            environment = wanted
        } else {
            guard names.count <= 1 else { throw GateError(.parameterMissing, "the export has several environments, name one of them: \(listed)") }
            environment = names.first
        }
        if names.count > 1, let environment {
            translation.leaveOut("/featureEnvironments", "every environment but \(quoted(environment))", effect: .bookkeeping)
        }
    }

    /// Whether an element is about the chosen environment.
    private func isChosen(_ members: JSONMembers) throws(GateError) -> Bool {
        try members["environment"].map { reader throws(GateError) in try reader.string() == environment } ?? true
    }

    /// Brings together what the export keeps apart.
    private mutating func gather() throws(GateError) {
        for element in try elements("featureEnvironments") {
            let members = try element.members()
            guard try isChosen(members) else { continue }
            let name = try members.required("featureName").string()
            environments[name] = members
        }
        for element in try elements("featureStrategies") {
            let members = try element.members()
            guard try isChosen(members) else { continue }
            let name = try members.required("featureName").string()
            strategies[name, default: []].append(element)
        }
        for element in try elements("segments") {
            let members = try element.members()
            let id = try members.required("id").integer(in: .min ... .max)
            segments[id] = members
        }
        for element in try elements("featureStrategySegments") {
            let members = try element.members()
            let strategy = try members.required("featureStrategyId").string()
            segmentsOfStrategies[strategy, default: []].append(try members.required("segmentId"))
        }
        for element in try elements("dependencies") {
            let members = try element.members()
            let child = try members.required("feature").string()
            parents[child, default: []] += try members.required("dependencies").elements(atMost: Translation.mostSteps)
        }
    }

    private mutating func translate() throws(GateError) {
        var taken: [(code: FlagCode, members: JSONMembers)] = []
        var codes: Set<FlagCode> = []
        var names: Set<String> = []
        for element in try root.required("features").elements(atMost: Translation.mostFlags) {
            let members = try element.members()
            let reader = try members.required("name")
            let name = try reader.string()
            guard names.insert(name).inserted else {
                translation.leaveOut(element.pointer, flag: name, "the whole flag: its name stands above already")
                continue
            }
            guard try members["archived"]?.bool() != true else {
                translation.leaveOut(element.pointer, flag: name, "the whole flag: it is archived", effect: .bookkeeping)
                continue
            }
            do throws(GateError) {
                let code: FlagCode = try reader.identifier()
                codes.insert(code)
                taken.append((code, members))
            } catch {
                translation.leaveOut(element.pointer, flag: name, "the whole flag: \(error.detail)")
            }
        }
        for (code, members) in taken { try translate(code, members, codes) }
        try listStrays(names)
        for (section, why) in Self.foreign {
            let count = try elements(section).count
            if count > 0 { translation.leaveOut("/\(section)", "\(count) \(why)", effect: .bookkeeping) }
        }
        translation.leaveOutStrangers(in: root, known: Self.known.union(Self.silent).union(Self.foreign.map(\.section)))
    }

    /// What is about flags that the file has not.
    private mutating func listStrays(_ names: Set<String>) throws(GateError) {
        for (section, member) in [("featureEnvironments", "featureName"), ("featureStrategies", "featureName"), ("dependencies", "feature")] {
            for element in try elements(section) {
                let members = try element.members()
                let name = try members.required(member).string()
                if !names.contains(name), try isChosen(members) {
                    translation.leaveOut(element.pointer, flag: name, "the flag is not in this file")
                }
            }
        }
    }

    private mutating func translate(_ code: FlagCode, _ members: JSONMembers, _ codes: Set<FlagCode>) throws(GateError) {
        let name = code.rawValue
        var flag = TranslatedFlag(code: code)
        try flag.describe(members["description"], &translation)
        try translateBookkeeping(members, &flag)
        let here = environments[name]
        if let here {
            flag.enabled = try here["enabled"]?.bool() ?? false
        } else if root["featureEnvironments"] == nil {
            flag.enabled = try members["enabled"]?.bool() ?? false
        } else {
            translation.leaveOut(members.pointer, flag: name, "its switch: the environment has none for it, so it is off", effect: .bookkeeping)
        }
        for holder in [members, here].compactMap({ $0 }) {
            if let variants = holder["variants"], variants.value.saysSomething {
                translation.leaveOut(variants.pointer, flag: name, "variants: a flag is on or off here")
            }
        }
        if let here {
            let known: Set = ["enabled", "environment", "featureName", "name", "variants", "featureId", "type", "sortOrder"]
            translation.leaveOutStrangers(in: here, flag: name, known: known.union(Self.silent))
        }
        let given = try (members["strategies"]?.elements(atMost: Translation.mostSteps) ?? []) + (strategies[name] ?? [])
        // Without any strategy it is on for everyone whom it is enabled for.
        if given.isEmpty { flag.reach(.everyone, percentage: 100, at: members.pointer) }
        for strategy in given { try translate(strategy, &flag) }
        try stand(&flag, on: (members["dependencies"]?.elements(atMost: Translation.mostSteps) ?? []) + (parents[name] ?? []), codes)
        try translation.add(flag)
    }

    /// What a flag's record says beside whom it is on for.
    private mutating func translateBookkeeping(_ members: JSONMembers, _ flag: inout TranslatedFlag) throws(GateError) {
        let name = flag.code.rawValue
        if let reader = members["type"] {
            let type = try reader.string()
            flag.permanent = Self.lasting.contains(type)
            if type != "release", !flag.permanent {
                translation.leaveOut(reader.pointer, flag: name, "the type \(quoted(type)): a flag is permanent or not", effect: .bookkeeping)
            }
        }
        if let project = members["project"], project.value != "default" {
            translation.leaveOut(
                project.pointer, flag: name, "the project \(quoted(try project.string())): flags are in none here", effect: .bookkeeping)
        }
        for (member, why) in [("stale", "that it is stale"), ("impressionData", "that clients report each impression of it")] {
            if let reader = members[member], try reader.bool() { translation.leaveOut(reader.pointer, flag: name, why, effect: .bookkeeping) }
        }
        for (member, why) in [("tags", "tags: flags have none here"), ("links", "links: flags have none here")] {
            if let reader = members[member], reader.value.saysSomething {
                translation.leaveOut(reader.pointer, flag: name, why, effect: .bookkeeping)
            }
        }
        let known: Set = [
            "name", "description", "type", "project", "stale", "impressionData", "enabled", "archived", "strategies", "variants", "dependencies",
            "tags",
            "links",
        ]
        translation.leaveOutStrangers(in: members, flag: name, known: known.union(Self.silent))
    }

    /// Parents become prerequisites. A flag whose parent cannot be one is brought off.
    private mutating func stand(_ flag: inout TranslatedFlag, on parents: [JSONReader], _ codes: Set<FlagCode>) throws(GateError) {
        for parent in parents {
            let members = try parent.members()
            let name = try members.required("feature").string()
            let code = FlagCode(unchecked: name)
            var obstacle: String?
            if !codes.contains(code) {
                obstacle = "which is not taken over"
            } else if try members["enabled"]?.bool() == false {
                obstacle = "which must be off: a prerequisite must be on here"
            } else if members["variants"]?.value.saysSomething == true {
                obstacle = "which must have a certain variant: a flag is on or off here"
            } else if flag.prerequisites.count == Flag.mostPrerequisites {
                obstacle = "which is one too many: at most \(Flag.mostPrerequisites)"
            }
            if let obstacle {
                flag.enabled = false
                translation.leaveOut(
                    parent.pointer, flag: flag.code.rawValue, "the dependency on \(quoted(name)), \(obstacle); the flag is brought off")
            } else if !flag.prerequisites.contains(code) {
                flag.prerequisites.append(code)
            }
            translation.leaveOutStrangers(in: members, flag: flag.code.rawValue, known: ["feature", "enabled", "variants"])
        }
    }
}
