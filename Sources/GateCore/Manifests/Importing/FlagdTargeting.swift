/// One flag's targeting: a rule of JSON Logic that yields the name of a variant. What asks for anything but the company is listed, and
/// from there on the flag is off.
struct FlagdTargeting {
    /// How deep rules may use each other.
    private static let deepest = 16
    private static let conditions: Set<String> = ["in", "==", "===", "!=", "!==", "!", "!!", "and", "or"]

    private let companyField: String
    private let evaluators: JSONMembers?
    private let variants: [String: Bool]
    private let usual: Bool
    private(set) var translation: Translation
    private(set) var flag: TranslatedFlag

    private var name: String { flag.code.rawValue }

    /// - Parameters:
    ///   - definition: its translation goes on here, to be given back: two of it would be copied at every flag.
    ///   - usual: what is answered where the rule yields nothing.
    init(_ definition: inout FlagdDefinition, flag: TranslatedFlag, variants: [String: Bool], usual: Bool) {
        (companyField, evaluators, translation) = (definition.companyField, definition.evaluators, definition.translation)
        definition.translation = Translation()
        (self.flag, self.variants, self.usual) = (flag, variants, usual)
    }

    // MARK: Answers

    /// Takes over what the rule yields for these companies.
    mutating func answer(_ rule: JSONReader, for companies: CompanySet, depth: Int = 0) throws(GateError) {
        try translation.step()
        guard depth < Self.deepest else { return leaveOut(rule, "rules nested deeper than \(Self.deepest)") }
        switch rule.value {
        case .null, .string, .bool: if let isOn = outcome(rule), isOn { flag.reach(companies, percentage: 100, at: rule.pointer) }
        case .object(let object) where object.members.count == 1:
            let arguments = JSONReader(object.members[0].value, pointer: rule.pointer + JSONPointer.text([object.members[0].name]))
            switch object.members[0].name {
            case "$ref": if let rule = shared(arguments) { try answer(rule, for: companies, depth: depth + 1) }
            case "if": try branch(arguments, for: companies, depth: depth)
            case "fractional": try divide(arguments, companies)
            case let operation where Self.conditions.contains(operation):
                guard let some = try self.companies(rule, depth: depth) else { return leaveOut(rule, "this rule, so it is off for those concerned") }
                // A condition yields the variant called true, or the one called false.
                for (value, those) in [(true, companies.intersection(some)), (false, companies.subtracting(some))] where !those.isEmpty {
                    try answer(JSONReader(.bool(value), pointer: rule.pointer), for: those, depth: depth + 1)
                }
            default: leaveOut(arguments, "the operation \(quoted(object.members[0].name)), so it is off for those concerned")
            }
        default: leaveOut(rule, "\(rule.value.typeName) where a variant's name is meant, so it is off for those concerned")
        }
    }

    /// Whether a variant is on; nil, and listed, where there is none of that name.
    private mutating func outcome(_ rule: JSONReader) -> Bool? {
        let variant: String
        switch rule.value {
        case .string(let text): variant = text
        case .bool(let value): variant = value ? "true" : "false"
        case .null: return usual
        default:
            leaveOut(rule, "\(rule.value.typeName) where a variant's name is meant, so it is off for those concerned")
            return nil
        }
        if variants[variant] == nil { leaveOut(rule, "an answer: no variant is called \(quoted(variant)), so it is off for those concerned") }
        return variants[variant]
    }

    /// `if`, `then`, `else if`, `then` … `else`. Without an else it yields nothing.
    private mutating func branch(_ arguments: JSONReader, for companies: CompanySet, depth: Int) throws(GateError) {
        guard case .array(let elements) = arguments.value, elements.count >= 2 else {
            return leaveOut(arguments, "an if without a condition and an answer, so it is off for those concerned")
        }
        let parts = try arguments.elements(atMost: Translation.mostSteps)
        var others = companies
        for index in stride(from: 0, to: parts.count - 1, by: 2) {
            guard let some = try self.companies(parts[index], depth: depth + 1) else {
                return leaveOut(parts[index], "this condition and what follows it, so it is off for all that are left")
            }
            let those = others.intersection(some)
            others.formIntersection(some.complement)
            if !those.isEmpty { try answer(parts[index + 1], for: those, depth: depth + 1) }
        }
        if others.isEmpty { return }
        try answer(
            parts.count.isMultiple(of: 2) ? JSONReader(.null, pointer: arguments.pointer) : parts[parts.count - 1], for: others, depth: depth + 1)
    }

    /// `fractional`: what is hashed, then variants with their weights. Without the first, the flag's key and the targeting key are.
    private mutating func divide(_ arguments: JSONReader, _ companies: CompanySet) throws(GateError) {
        guard case .array(let elements) = arguments.value, let first = elements.first else {
            return leaveOut(arguments, "a fractional without variants, so it is off for those concerned")
        }
        var parts = try arguments.elements(atMost: Translation.mostSteps)
        try translation.step(parts.count)
        var isByCompany = companyField == "targetingKey"
        if case .array = first {} else { isByCompany = isBucketOfCompany(parts.removeFirst()) }
        var (on, all): (Int64, Int64) = (0, 0)
        for part in parts {
            guard let (isOn, weight) = weighted(part) else { return }
            all += weight
            if isOn { on += weight }
        }
        if on == 0 { return }
        if on == all { return flag.reach(companies, percentage: 100, at: arguments.pointer) }
        guard isByCompany else {
            return leaveOut(arguments, "a fraction of something else than companies, so it is off for those concerned")
        }
        guard (on * 100).isMultiple(of: all) else {
            return leaveOut(arguments, "\(on) of \(all) parts, which is no whole percentage, so it is off for those concerned")
        }
        flag.reach(companies, percentage: Int(on * 100 / all), at: arguments.pointer)
    }

    /// `["on", 25]`; `["on"]` has the weight 1.
    private mutating func weighted(_ part: JSONReader) -> (isOn: Bool, weight: Int64)? {
        guard case .array(let elements) = part.value, (1...2).contains(elements.count) else {
            leaveOut(part, "what is no variant with its weight, so it is off for those concerned")
            return nil
        }
        let weight = elements.count == 1 ? 1 : elements[1].integerValue ?? -1
        guard (0...Int64(Int32.max)).contains(weight) else {
            leaveOut(part, "a weight that is no whole number from 0 to \(Int32.max), so it is off for those concerned")
            return nil
        }
        return outcome(JSONReader(elements[0], pointer: part.pointer + "/0")).map { ($0, weight) }
    }

    /// The company itself, or together with the flag's key and fixed texts.
    private func isBucketOfCompany(_ bucket: JSONReader) -> Bool {
        if isCompany(bucket.value) { return true }
        guard case .object(let object) = bucket.value, object.members.count == 1, case .array(let parts)? = object["cat"] else { return false }
        let fixed = parts.filter { !isCompany($0) }
        return fixed.count < parts.count && fixed.allSatisfy { $0.stringValue != nil || $0 == ["var": "$flagd.flagKey"] }
    }

    // MARK: Conditions

    /// The companies that a condition is true for; nil, and listed, where it asks for anything else.
    private mutating func companies(_ condition: JSONReader, depth: Int) throws(GateError) -> CompanySet? {
        try translation.step()
        if case .bool(let value) = condition.value { return value ? .everyone : CompanySet.none }
        guard depth < Self.deepest, case .object(let object) = condition.value, object.members.count == 1 else {
            leaveOut(condition, "a condition that is none, or nested deeper than \(Self.deepest)")
            return nil
        }
        let (operation, value) = (object.members[0].name, object.members[0].value)
        let arguments = JSONReader(value, pointer: condition.pointer + JSONPointer.text([operation]))
        switch operation {
        case "$ref":
            guard let rule = shared(arguments) else { return nil }
            return try companies(rule, depth: depth + 1)
        case "in": return try listed(arguments)
        case "==", "===": return try equal(arguments)
        case "!=", "!==": return try equal(arguments)?.complement
        case "!": return try companies(sole(arguments), depth: depth + 1)?.complement
        case "!!": return try companies(sole(arguments), depth: depth + 1)
        case "and", "or": return try combined(arguments, isAnd: operation == "and", depth: depth + 1)
        default:
            leaveOut(arguments, "the operation \(quoted(operation)): only what can be said of a company's id is taken over")
            return nil
        }
    }

    private mutating func combined(_ arguments: JSONReader, isAnd: Bool, depth: Int) throws(GateError) -> CompanySet? {
        guard case .array(let elements) = arguments.value, !elements.isEmpty else {
            leaveOut(arguments, "a condition without parts")
            return nil
        }
        var all: CompanySet? = isAnd ? .everyone : CompanySet.none
        // Every part is read, so that all that cannot be expressed is listed.
        for part in try arguments.elements(atMost: Translation.mostSteps) {
            guard let some = try companies(part, depth: depth) else {
                all = nil
                continue
            }
            if isAnd { all?.formIntersection(some) } else { all?.formUnion(some) }
        }
        return all
    }

    /// `[{"var": "companyId"}, ["acme", …]]`
    private mutating func listed(_ arguments: JSONReader) throws(GateError) -> CompanySet? {
        guard case .array(let sides) = arguments.value, sides.count == 2, isCompany(sides[0]), case .array = sides[1] else {
            leaveOut(arguments, "a search in something else than a list of companies")
            return nil
        }
        let list = JSONReader(sides[1], pointer: arguments.pointer + "/1")
        return try named(list.elements(atMost: Translation.mostSteps))
    }

    /// `[{"var": "companyId"}, "acme"]`, or the other way round.
    private mutating func equal(_ arguments: JSONReader) throws(GateError) -> CompanySet? {
        guard case .array(let sides) = arguments.value, sides.count == 2, let company = sides.firstIndex(where: { isCompany($0) }) else {
            leaveOut(arguments, "a comparison of something else than the company")
            return nil
        }
        return try named([JSONReader(sides[1 - company], pointer: "\(arguments.pointer)/\(1 - company)")])
    }

    /// Texts that are no company's id match nobody: they are listed. Anything but a text may match by rules of its own.
    private mutating func named(_ elements: [JSONReader]) throws(GateError) -> CompanySet? {
        if let stranger = elements.first(where: { $0.value.stringValue == nil }) {
            leaveOut(stranger, "\(stranger.value.typeName) where a company's id is meant")
            return nil
        }
        return CompanySet(try translation.companies(elements, flag: name))
    }

    /// `{"var": "companyId"}`, or `{"var": ["companyId"]}`.
    private func isCompany(_ value: JSONValue) -> Bool {
        guard case .object(let object) = value, object.members.count == 1, let field = object["var"] else { return false }
        return field == .string(companyField) || field == .array([.string(companyField)])
    }

    /// The argument of an operation that has one: alone, or as a list of one.
    private func sole(_ arguments: JSONReader) -> JSONReader {
        guard case .array(let elements) = arguments.value, elements.count == 1 else { return arguments }
        return JSONReader(elements[0], pointer: arguments.pointer + "/0")
    }

    /// The rule that a `$ref` names.
    private mutating func shared(_ name: JSONReader) -> JSONReader? {
        if let text = name.value.stringValue, let rule = evaluators?[text] { return rule }
        leaveOut(name, "a shared rule that is not in the file")
        return nil
    }

    private mutating func leaveOut(_ reader: JSONReader, _ why: String) { translation.leaveOut(reader.pointer, flag: name, why) }
}
