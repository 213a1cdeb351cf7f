import ArgumentParser
import GateCore

/// The permission keys that are defined.
enum PermissionNoun: EditableNoun {
    typealias Name = PermissionKey
    typealias Members = PermissionMembers

    static let noun = "permission"
    static let collection = "permissions"
    static let nameMember = "key"
    static let listWord = "list-keys"
    static let createWord = "define"
    static let createReplaces = true
    static let example = "tickets_ticket_create"
    static let exampleOptions = "--name \"Create tickets\""
    static let columns: [Table.Column] = [.init("KEY", "key"), .init("NAME", "name"), .init("DESCRIPTION", "description")]
}

struct PermissionMembers: EntityMembers {
    static let clearable = ["description", "name"]

    @Option(help: "What people call it; its key unless named.") var name: String?
    @Option(help: "What it lets somebody do.") var description: String?

    var given: JSONObject { members(("name", .given(name)), ("description", .given(description))) }
}

struct PermissionCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "permission", abstract: "Permission keys, and what users have of them within a company.",
        discussion: examples(
            "gatectl permission set tickets_ticket_create on --user ana --company acme --reason \"new agent\"",
            "gatectl permission list --user ana --company acme"),
        subcommands: [
            CreateEntity<PermissionNoun>.self, ListEntities<PermissionNoun>.self, DeleteEntity<PermissionNoun>.self, SetPermission.self,
            ClearPermission.self, ListPermissions.self, ImportEntities<ImportedUsers>.self,
        ])
}

/// A user's explicit state of a key.
struct SetPermission: WriteCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Give a user a permission within a company, or deny it.",
        discussion: examples("gatectl permission set tickets_ticket_create off --user ana --company acme --reason \"left support\""))

    @Argument(help: "The permission's key.", transform: PermissionKey.argument) var key: PermissionKey
    @Argument(help: "on or off.") var state: Switch
    @OptionGroup var subject: SubjectOptions
    @OptionGroup var registration: NewCompanyOption
    @OptionGroup var options: WriteOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func request() throws -> Request { .admin(.put, subject.path("permissions", key.rawValue), query: registration.query, body: state.body) }
}

/// Takes the explicit state away: then the user's roles decide.
struct ClearPermission: WriteCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear", abstract: "Take a user's explicit state of a permission away, so that the roles decide.",
        discussion: examples("gatectl permission clear tickets_ticket_create --user ana --company acme --reason \"the role has it\""))

    @Argument(help: "The permission's key.", transform: PermissionKey.argument) var key: PermissionKey
    @OptionGroup var subject: SubjectOptions
    @OptionGroup var options: WriteOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func request() throws -> Request { .admin(.delete, subject.path("permissions", key.rawValue)) }
}

/// Every defined key, with whether the user has it and why.
struct ListPermissions: ReadCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "What a user may do within a company, key by key, and why.",
        discussion: examples("gatectl permission list --user ana --company acme"))

    @OptionGroup var subject: SubjectOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func request() throws -> Request { .admin(.get, subject.path("permissions")) }

    func lines(_ body: JSONValue) -> [Line] {
        let columns: [Table.Column] = [
            .init("PERMISSION", "name"), .init("STATE", "is_enabled", as: .state), .init("REASON", "reason"), .init("ROLE", "role"),
        ]
        return Table(columns, of: body["data"]?.arrayValue ?? []).lines
    }
}
