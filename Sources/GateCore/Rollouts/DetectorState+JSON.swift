/// The detectors' state as it is kept beside the events. What is empty or zero is left out.
extension DetectorState {
    package var json: JSONValue {
        var object: JSONObject = [:]
        let numbers = [
            ("fast", fast), ("slow", slow), ("outcomes", outcomes), ("errors", errors), ("block_outcomes", blockOutcomes),
            ("block_errors", blockErrors), ("block_before", isBlockBeforeAbove ? 1 : 0), ("told_of_cap", hasToldOfCap ? 1 : 0),
        ]
        for (name, number) in numbers where number != 0 { object[name] = .integer(Int64(number)) }
        if let tripped { object["tripped"] = .string(tripped.rawValue) }
        if !users.isEmpty { object["users"] = .strings(users) }
        object["user_errors"] = Self.counts(userErrors)
        object["block_user_errors"] = Self.counts(blockUserErrors)
        object["company_errors"] = Self.counts(companyErrors)
        object["block_company_errors"] = Self.counts(blockCompanyErrors)
        object["block_before_company_errors"] = Self.counts(blockBeforeCompanyErrors)
        return .object(object)
    }

    /// - Parameter lines: of the metric as it is defined now.
    package init(_ lines: DetectorLines, _ json: JSONValue) {
        self.init(lines)
        func number(_ name: String) -> Int { Int(json[name]?.integerValue ?? 0) }
        (fast, slow, outcomes, errors) = (number("fast"), number("slow"), number("outcomes"), number("errors"))
        (blockOutcomes, blockErrors) = (number("block_outcomes"), number("block_errors"))
        (isBlockBeforeAbove, hasToldOfCap) = (number("block_before") == 1, number("told_of_cap") == 1)
        tripped = json["tripped"]?.stringValue.flatMap(Detector.init)
        users = json["users"]?.arrayValue?.compactMap { $0.stringValue.map { UserID(unchecked: $0) } } ?? []
        userErrors = Self.counts(json["user_errors"])
        blockUserErrors = Self.counts(json["block_user_errors"])
        companyErrors = Self.counts(json["company_errors"])
        blockCompanyErrors = Self.counts(json["block_company_errors"])
        blockBeforeCompanyErrors = Self.counts(json["block_before_company_errors"])
    }

    private static func counts<Name: Identifier>(_ counts: [Name: Int]) -> JSONValue? {
        counts.isEmpty ? nil : .object(JSONObject(counts.sorted { $0.key < $1.key }.map { ($0.key.rawValue, .integer(Int64($0.value))) }))
    }

    private static func counts<Name: Identifier>(_ json: JSONValue?) -> [Name: Int] {
        let pairs = json?.objectValue?.members.compactMap { member in member.value.integerValue.map { (Name(unchecked: member.name), Int($0)) } }
        return Dictionary(uniqueKeysWithValues: pairs ?? [])
    }
}

extension DetectorLines {
    /// Two metrics with the same lines can go on with one state.
    package var json: JSONValue {
        .array([fast.error, fast.success, fast.threshold, slow.error, slow.success, slow.threshold, blockErrors].map { .integer(Int64($0)) })
    }
}

extension DetectorLines {
    /// Of what has no lines: zero tolerance.
    static let none = DetectorLines(fast: Line(error: 0, success: 0, threshold: 0), slow: Line(error: 0, success: 0, threshold: 0), blockErrors: 0)

    private init(fast: Line, slow: Line, blockErrors: Int) {
        self.fast = fast
        self.slow = slow
        self.blockErrors = blockErrors
    }

    /// - Returns: nil where it is not what `json` writes.
    init?(_ json: JSONValue) {
        let numbers = json.arrayValue?.compactMap { $0.integerValue.map { Int($0) } } ?? []
        guard numbers.count == 7 else { return nil }
        self.init(
            fast: Line(error: numbers[0], success: numbers[1], threshold: numbers[2]),
            slow: Line(error: numbers[3], success: numbers[4], threshold: numbers[5]), blockErrors: numbers[6])
    }
}
