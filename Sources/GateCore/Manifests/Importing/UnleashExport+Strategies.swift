/// Strategies: each says whom it is on for; its constraints, and those of its segments, must all hold.
extension UnleashExport {
    private static let known: Set<String> = [
        "name", "strategyName", "parameters", "constraints", "segments", "disabled", "variants", "title",
        // Where it stands, and since when.
        "id", "featureName", "featureId", "projectId", "projectName", "environment", "sortOrder", "createdAt", "milestoneId",
    ]
    /// Stickiness that every caller has something for: with 100 % it is everyone.
    private static let universal: Set<String> = ["default", "random", "userId"]
    private static let users = "userId"

    mutating func translate(_ strategy: JSONReader, _ flag: inout TranslatedFlag) throws(GateError) {
        let name = flag.code.rawValue
        let members = try strategy.members()
        guard try members["disabled"]?.bool() != true else {
            return translation.leaveOut(strategy.pointer, flag: name, "a strategy that is disabled", effect: .bookkeeping)
        }
        if let title = members["title"], title.value.saysSomething {
            translation.leaveOut(title.pointer, flag: name, "a strategy's title", effect: .bookkeeping)
        }
        if let variants = members["variants"], variants.value.saysSomething {
            translation.leaveOut(variants.pointer, flag: name, "variants: a flag is on or off here")
        }
        // What is not known may narrow it: without it the strategy could reach more.
        var isWhole = !translation.leaveOutStrangers(in: members, flag: name, known: Self.known)
        var companies = CompanySet.everyone
        for constraint in try constraints(of: members, flag: name, &isWhole) {
            if let some = try self.companies(constraint, flag: name) { companies.formIntersection(some) } else { isWhole = false }
        }
        guard let percentage = try reach(members, strategy.pointer, flag: name, &companies), isWhole else {
            return translation.leaveOut(strategy.pointer, flag: name, "the whole strategy: not all of what it asks for can be asked here")
        }
        flag.reach(companies, percentage: percentage, at: strategy.pointer)
    }

    /// The strategy's own constraints and those of its segments.
    private mutating func constraints(of members: JSONMembers, flag: String, _ isWhole: inout Bool) throws(GateError) -> [JSONReader] {
        var constraints = try members["constraints"]?.elements(atMost: Translation.mostSteps) ?? []
        var used = try members["segments"]?.elements(atMost: Translation.mostSteps) ?? []
        if let id = try members["id"]?.string() { used += segmentsOfStrategies[id] ?? [] }
        for segment in used {
            let found = segments[try segment.integer(in: .min ... .max)]
            guard let those = found?["constraints"] else {
                translation.leaveOut(segment.pointer, flag: flag, "a segment: the file does not say what it asks for")
                isWhole = false
                continue
            }
            constraints += try those.elements(atMost: Translation.mostSteps)
        }
        return constraints
    }

    /// The companies that a constraint admits; nil, and listed, where it asks for anything else.
    private mutating func companies(_ constraint: JSONReader, flag: String) throws(GateError) -> CompanySet? {
        let members = try constraint.members()
        let field = try members.required("contextName").string()
        let comparison = try members.required("operator").string()
        guard field == companyField else {
            translation.leaveOut(constraint.pointer, flag: flag, "a constraint on \(quoted(field)), not on the company")
            return nil
        }
        guard comparison == "IN" || comparison == "NOT_IN", try members["caseInsensitive"]?.bool() != true else {
            translation.leaveOut(
                constraint.pointer, flag: flag, "a constraint by \(quoted(comparison)): companies are compared whole here, as IN does")
            return nil
        }
        let known: Set = ["contextName", "operator", "values", "value", "inverted", "caseInsensitive"]
        guard !translation.leaveOutStrangers(in: members, flag: flag, known: known) else { return nil }
        let values = try members["values"]?.elements(atMost: Translation.mostSteps) ?? []
        let named = CompanySet(try translation.companies(values, flag: flag))
        let isInverted = try members["inverted"]?.bool() ?? false
        return (comparison == "IN") == isInverted ? named.complement : named
    }

    /// The percentage of the companies that a strategy is on for; nil, and listed, where it is no matter of companies.
    ///
    /// - Parameter companies: narrowed where the strategy itself names some.
    private mutating func reach(_ members: JSONMembers, _ pointer: String, flag: String, _ companies: inout CompanySet) throws(GateError) -> Int? {
        guard let reader = members["name"] ?? members["strategyName"] else {
            throw GateError(.memberMissing, "the member name is missing", pointer: pointer + "/name")
        }
        let name = try reader.string()
        let parameters = try members["parameters"]?.members()
        switch name {
        case "default": return 100
        case "userWithId":
            guard companyField == Self.users, let list = parameters?["userIds"] else { break }
            let ids = try list.string().split(separator: ",").map { JSONReader(.string(Self.trimmed($0)), pointer: list.pointer) }
            companies.formIntersection(CompanySet(try translation.companies(ids, flag: flag)))
            return 100
        case "flexibleRollout":
            let stickiness = try parameters?["stickiness"]?.string() ?? "default"
            let isByCompany = stickiness == companyField || (companyField == Self.users && stickiness == "default")
            return try percentage(parameters, "rollout", pointer, flag: flag, isByCompany: isByCompany, isForAll: Self.universal.contains(stickiness))
        case "gradualRolloutUserId":
            return try percentage(parameters, "percentage", pointer, flag: flag, isByCompany: companyField == Self.users, isForAll: true)
        case "gradualRolloutRandom":
            return try percentage(parameters, "percentage", pointer, flag: flag, isByCompany: false, isForAll: true)
        case "gradualRolloutSessionId":
            return try percentage(parameters, "percentage", pointer, flag: flag, isByCompany: false, isForAll: false)
        default: break
        }
        translation.leaveOut(reader.pointer, flag: flag, "the strategy \(quoted(name)): it is not about companies")
        return nil
    }

    /// - Parameters:
    ///   - isByCompany: whether all of a company fall on one side.
    ///   - isForAll: whether 100 % is everyone.
    private mutating func percentage(
        _ parameters: JSONMembers?, _ parameter: String, _ pointer: String, flag: String, isByCompany: Bool, isForAll: Bool
    ) throws(GateError) -> Int? {
        guard let reader = parameters?[parameter], let percentage = Self.wholeNumber(reader.value), (0...100).contains(percentage) else {
            translation.leaveOut(pointer, flag: flag, "\(parameter) must be a whole number from 0 to 100")
            return nil
        }
        if percentage == 0 || isByCompany || (isForAll && percentage == 100) { return percentage }
        translation.leaveOut(reader.pointer, flag: flag, "\(percentage) % of users, sessions or requests: here it is companies that are counted")
        return nil
    }

    private static func trimmed(_ text: Substring) -> String {
        guard let first = text.firstIndex(where: { !$0.isWhitespace }), let last = text.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(text[first...last])
    }

    /// Parameters are texts; some writers have numbers there.
    private static func wholeNumber(_ value: JSONValue) -> Int? {
        switch value {
        case .integer(let number): Int(exactly: number)
        case .string(let text): Int(text)
        default: nil
        }
    }
}
