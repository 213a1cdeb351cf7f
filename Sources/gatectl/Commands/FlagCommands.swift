import ArgumentParser
import Foundation
import GateCore

/// Flags' definitions.
enum FlagNoun: EditableNoun {
    typealias Name = FlagCode
    typealias Members = FlagMembers

    static let noun = "flag"
    static let collection = "flags"
    static let nameMember = "code"
    static let example = "cdp_create_ticket_embed"
    static let exampleOptions = "--owner crm --review-by 2027-03-01"
    static let columns: [Table.Column] = [
        .init("CODE", "code"), .init("ENABLED", "enabled", as: .state), .init("OWNER", "owner"), .init("PREREQUISITES", "prerequisites"),
        .init("REVIEW BY", "review_by"), .init("DESCRIPTION", "description"),
    ]
}

struct FlagMembers: EntityMembers {
    static let clearable = ["description", "owner", "prerequisites", "client_visible", "permanent", "review_by"]

    @Option(help: "What it is for.") var description: String?
    @Option(help: "Who answers for it.") var owner: String?

    @Option(
        name: .customLong("prerequisite"), help: ArgumentHelp("A flag that must be on before this one can be; may be repeated.", valueName: "code"),
        transform: FlagCode.argument)
    var prerequisites: [FlagCode] = []

    @Flag(inversion: .prefixedNo, help: "Whether users' tokens see it.") var clientVisible: Bool?
    @Flag(inversion: .prefixedNo, help: "Whether it stays; else it is a release flag, meant to go away.") var permanent: Bool?

    @Option(name: .customLong("review-by"), help: ArgumentHelp("When to ask whether it can go, as in 2027-03-01.", valueName: "date"))
    var reviewBy: String?

    var given: JSONObject {
        members(
            ("description", .given(description)), ("owner", .given(owner)), ("prerequisites", .given(prerequisites)),
            ("client_visible", .given(clientVisible)), ("permanent", .given(permanent)), ("review_by", .given(reviewBy)))
    }
}

struct FlagCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flag", abstract: "Flags: their definitions, who depends on them, for whom they are on.",
        discussion: examples("gatectl flag list", "gatectl flag companies cdp_create_ticket_embed --state on"),
        subcommands: [
            ListEntities<FlagNoun>.self, GetEntity<FlagNoun>.self, CreateEntity<FlagNoun>.self, EditEntity<FlagNoun>.self,
            DeleteEntity<FlagNoun>.self, FlagDependents.self, StaleFlags.self, FlagCompanies.self,
        ])
}

/// What refers to a flag.
struct FlagDependents: ReadCommand {
    static let configuration = CommandConfiguration(
        commandName: "dependents", abstract: "Which flags and gates stand on a flag.",
        discussion: examples("gatectl flag dependents unify_ticket_omnichannel_view"))

    @Argument(help: "Which.", transform: FlagCode.argument) var flag: FlagCode
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func request() throws -> Request { .get("flags", flag.rawValue, "dependents") }

    func lines(_ body: JSONValue) -> [Line] {
        Table([.init("KIND", "kind"), .init("NAME") { ($0["code"] ?? $0["name"]).span() }], of: body["data"]?.arrayValue ?? []).lines
    }
}

/// A flag's state and value for every company.
struct FlagCompanies: GateCommand {
    /// By the explicit state.
    enum State: String, ExpressibleByArgument, CaseIterable {
        case on, off, none
    }

    static let configuration = CommandConfiguration(
        commandName: "companies", abstract: "A flag's explicit state and its value, company by company.",
        discussion: examples("gatectl flag companies cdp_create_ticket_embed", "gatectl flag companies cdp_create_ticket_embed --state off"))

    @Argument(help: "Which.", transform: FlagCode.argument) var flag: FlagCode
    @Option(help: "Only those with this explicit state.") var state: State?
    @OptionGroup var pages: PageOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) async throws {
        let columns: [Table.Column] = [
            .init("COMPANY", "company_id"), .init("STATE", "enabled", as: .state), .init("HELD", "held"), .init("VALUE", "value", as: .state),
            .init("REASON", "reason"),
        ]
        try await session.list(.get("flags", flag.rawValue, "companies", query: Request.Parameter.ifGiven("state", state?.rawValue)), pages, columns)
    }
}

/// Release flags whose day of review has come.
struct StaleFlags: GateCommand {
    static let configuration = CommandConfiguration(
        commandName: "stale", abstract: "Release flags whose review date has come: can they go?",
        discussion: examples("gatectl flag stale", "gatectl flag stale --on 2027-01-01"))

    @Option(help: ArgumentHelp("As of this day, as in 2027-01-01; today unless named.", valueName: "date")) var on: String?
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) async throws {
        let today = CalendarDate(daysSinceEpoch: Int64((Date().timeIntervalSince1970 / 86_400).rounded(.down)))
        let day = try on.map { text throws(GateError) in try CalendarDate(text) } ?? today
        let stale = try await session.elements(of: .get("flags")).filter { flag in
            guard flag["permanent"]?.boolValue != true, let date = flag["review_by"]?.stringValue.flatMap({ try? CalendarDate($0) }) else {
                return false
            }
            return date <= day
        }
        try session.console.show(["data": .array(stale)], as: Table(FlagNoun.columns, of: stale).lines)
    }
}
