import ArgumentParser
import GateCore

extension Identifier {
    /// Reads a name from the command line, so that a malformed one is a usage error that says the rule.
    @Sendable static func argument(_ text: String) throws -> Self {
        do {
            return try Self(text)
        } catch {
            throw ValidationError(error.detail)
        }
    }
}

/// on or off, as people write a state.
enum Switch: String, ExpressibleByArgument, CaseIterable, Sendable {
    case on, off

    /// The body that sets it.
    var body: JSONValue { ["enabled": .bool(self == .on)] }
}

/// The company that a command is about.
struct CompanyOption: ParsableArguments {
    @Option(help: ArgumentHelp("The company's id.", valueName: "id"), transform: CompanyID.argument)
    var company: CompanyID
}

/// The user, within a company, that a command is about.
struct SubjectOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The user's id.", valueName: "id"), transform: UserID.argument)
    var user: UserID

    @OptionGroup var within: CompanyOption

    var company: CompanyID { within.company }

    /// The path of what lies below the user.
    func path(_ below: String...) -> [String] { ["companies", company.rawValue, "users", user.rawValue] + below }

    var query: [Request.Parameter] { [.init("company_id", company.rawValue), .init("user_id", user.rawValue)] }
}

/// How much of a list.
struct PageOptions: ParsableArguments {
    /// The most that the server gives at once.
    static let largest = 1000
    /// Every page.
    static var all: PageOptions {
        var options = PageOptions()
        (options.limit, options.after) = (nil, nil)
        return options
    }

    @Option(help: ArgumentHelp("At most so many, 1 to 1000; without it, all.", valueName: "n"))
    var limit: Int?

    @Option(help: ArgumentHelp("Go on from here: the \"next\" of an earlier page.", valueName: "next"))
    var after: String?

    func validate() throws {
        if let limit, !(1...Self.largest).contains(limit) { throw ValidationError("--limit must be 1 to \(Self.largest), not \(limit)") }
    }
}
