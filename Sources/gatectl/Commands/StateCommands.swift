import ArgumentParser
import GateCore

/// The master switch, or explicit states of companies and groups.
struct SetFlag: WriteCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Turn a flag on or off: its master switch, or for companies.",
        discussion: """
            Without --company and --group it is the master switch, which concerns every company. A company that is not registered is \
            refused, unless --new-company registers it: a typing error must not look like a rollback.

            \(examples(
                "gatectl set cdp_create_ticket_embed on --company acme --reason \"beta starts\"",
                "gatectl set cdp_create_ticket_embed off --group beta --reason \"tickets are lost\" --dry-run",
                "gatectl set cdp_create_ticket_embed off --reason \"incident 4711\""))
            """)

    @Argument(help: "The flag's code.", transform: FlagCode.argument) var flag: FlagCode
    @Argument(help: "on or off.") var state: Switch

    @Option(name: .customLong("company"), help: ArgumentHelp("For this company; may be repeated.", valueName: "id"), transform: CompanyID.argument)
    var companies: [CompanyID] = []

    @Option(
        name: .customLong("group"), help: ArgumentHelp("For the companies of this group; may be repeated.", valueName: "name"),
        transform: GroupName.argument)
    var groups: [GroupName] = []

    @OptionGroup var registration: NewCompanyOption
    @OptionGroup var options: WriteOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions
    var defaultWait: String? { Receipt.patience }

    func validate() throws {
        if registration.newCompany, companies.isEmpty { throw ValidationError("--new-company needs the --company that it registers") }
    }

    func request() throws -> Request {
        var request =
            switch (companies.count, groups.count) {
            case (0, 0): Request.admin(.patch, ["flags", flag.rawValue], body: state.body)
            case (1, 0): Request.admin(.put, ["flags", flag.rawValue, "companies", companies[0].rawValue], body: state.body)
            default: Request.admin(.patch, ["flags", flag.rawValue, "companies"], body: .object(each))
            }
        request.query += registration.query
        return request
    }

    private var each: JSONObject {
        members(("companies", .each(companies, state.body)), ("groups", .each(groups, state.body)))
    }
}

extension JSONValue {
    /// An object with the same value for every name; nil without names. A name given twice stands once.
    fileprivate static func each(_ names: [some Identifier], _ value: JSONValue) -> JSONValue? {
        names.isEmpty ? nil : .object(JSONObject(Set(names).sorted().map { ($0.rawValue, value) }))
    }
}

/// Takes explicit states away, so that the flag is off again for want of one.
struct ClearFlag: WriteCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear", abstract: "Take a company's explicit state of a flag away.",
        discussion: examples("gatectl clear cdp_create_ticket_embed --company acme --reason \"beta is over\""))

    @Argument(help: "The flag's code.", transform: FlagCode.argument) var flag: FlagCode

    @Option(name: .customLong("company"), help: ArgumentHelp("For this company; may be repeated.", valueName: "id"), transform: CompanyID.argument)
    var companies: [CompanyID]

    @OptionGroup var options: WriteOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions
    var defaultWait: String? { Receipt.patience }

    func request() throws -> Request {
        guard companies.count > 1 else { return .admin(.delete, ["flags", flag.rawValue, "companies"] + companies.map(\.rawValue)) }
        return .admin(.patch, ["flags", flag.rawValue, "companies"], body: ["companies": .each(companies, .null) ?? .null])
    }
}

/// Where a hold stands: on the flag, or on one company of it.
struct HoldTarget: ParsableArguments {
    @Argument(help: "The flag's code.", transform: FlagCode.argument) var flag: FlagCode

    @Option(help: ArgumentHelp("Only for this company.", valueName: "id"), transform: CompanyID.argument)
    var company: CompanyID?

    var path: [String] { ["flags", flag.rawValue, "holds"] + (company.map { [$0.rawValue] } ?? []) }
}

/// Makes a flag false, whatever its states say, without editing one.
struct HoldFlag: WriteCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold", abstract: "Hold a flag: false for every company, or for one, until it is resumed.",
        discussion: examples(
            "gatectl hold cdp_create_ticket_embed --reason \"tickets are lost\"",
            "gatectl hold cdp_create_ticket_embed --company acme --reason \"acme's CRM is down\""))

    @OptionGroup var target: HoldTarget
    @OptionGroup var options: WriteOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions
    var defaultWait: String? { Receipt.patience }

    func request() throws -> Request { .admin(.put, target.path, body: [:]) }
}

/// Lifts a hold.
struct ResumeFlag: WriteCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Lift the hold of a flag, or of a flag for one company.",
        discussion: examples("gatectl resume cdp_create_ticket_embed --reason \"the fix is out\""))

    @OptionGroup var target: HoldTarget
    @OptionGroup var options: WriteOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions
    var defaultWait: String? { Receipt.patience }

    func request() throws -> Request { .admin(.delete, target.path) }
}
