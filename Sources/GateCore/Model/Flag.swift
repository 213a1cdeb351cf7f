/// A flag's definition. Its states, holds and (later) rollout and guard are entities of their own, so that writing the
/// definition never touches them.
package struct Flag: Hashable, Sendable {
    package static let longestDescription = 1000
    package static let mostPrerequisites = 32
    /// How many flags may stand on each other.
    package static let deepestPrerequisites = 8
    /// How many entries the trace of one flag may have: the flag, its prerequisites, theirs, each as often as it is reached.
    package static let largestTrace = 256

    package var code: FlagCode
    package var description: String
    package var owner: String
    /// The master switch.
    package var enabled: Bool
    /// Each must evaluate to true for a company before this one can. Distinct, in the order given.
    package var prerequisites: [FlagCode]
    /// False keeps the flag from user tokens.
    package var clientVisible: Bool
    /// False: a release flag, meant to go away.
    package var permanent: Bool
    /// When to ask whether it can go.
    package var reviewBy: CalendarDate?

    package init(
        code: FlagCode, description: String = "", owner: String = "", enabled: Bool = false, prerequisites: [FlagCode] = [],
        clientVisible: Bool = true, permanent: Bool = false, reviewBy: CalendarDate? = nil
    ) {
        self.code = code
        self.description = description
        self.owner = owner
        self.enabled = enabled
        self.prerequisites = prerequisites
        self.clientVisible = clientVisible
        self.permanent = permanent
        self.reviewBy = reviewBy
    }
}

extension Flag: EntityValue {
    package static let members: Set<String> = [
        "code", "description", "owner", "enabled", "prerequisites", "client_visible", "permanent", "review_by",
    ]

    package init(_ reader: JSONReader) throws(GateError) {
        let members = try reader.members(Self.members)
        var reviewBy: CalendarDate?
        if let date = members["review_by"] { reviewBy = try CalendarDate(date.string(), at: date.pointer) }
        self.init(
            code: try members.required("code").identifier(),
            description: try members["description"]?.text(longest: Self.longestDescription) ?? "",
            owner: try members["owner"]?.text(longest: Company.longestName) ?? "",
            enabled: try members["enabled"]?.bool() ?? false,
            prerequisites: try members["prerequisites"]?.identifiers(atMost: Self.mostPrerequisites) ?? [],
            clientVisible: try members["client_visible"]?.bool() ?? true,
            permanent: try members["permanent"]?.bool() ?? false,
            reviewBy: reviewBy)
    }

    package var json: JSONValue {
        [
            "code": .string(code.rawValue), "description": .string(description), "owner": .string(owner), "enabled": .bool(enabled),
            "prerequisites": .strings(prerequisites), "client_visible": .bool(clientVisible), "permanent": .bool(permanent),
            "review_by": reviewBy.map { .string($0.description) } ?? .null,
        ]
    }
}

/// The explicit state of a flag for one company.
package struct FlagState: Hashable, Sendable {
    package var flag: FlagCode
    package var company: CompanyID
    package var enabled: Bool

    package init(flag: FlagCode, company: CompanyID, enabled: Bool) {
        self.flag = flag
        self.company = company
        self.enabled = enabled
    }
}

extension FlagState: EntityValue {
    package init(_ reader: JSONReader) throws(GateError) {
        let members = try reader.members(["flag", "company_id", "enabled"])
        self.init(
            flag: try members.required("flag").identifier(), company: try members.required("company_id").identifier(),
            enabled: try members.required("enabled").bool())
    }

    package var json: JSONValue { ["flag": .string(flag.rawValue), "company_id": .string(company.rawValue), "enabled": .bool(enabled)] }
}

/// While it stands, the flag is false: for the company, or without one for every company, explicit states included.
package struct Hold: Hashable, Sendable {
    package var flag: FlagCode
    package var company: CompanyID?

    package init(flag: FlagCode, company: CompanyID? = nil) {
        self.flag = flag
        self.company = company
    }
}

extension Hold: EntityValue {
    package init(_ reader: JSONReader) throws(GateError) {
        let members = try reader.members(["flag", "company_id"])
        self.init(flag: try members.required("flag").identifier(), company: try members["company_id"]?.identifier())
    }

    package var json: JSONValue { .object(EntityRef.hold(flag, company).identity) }
}
