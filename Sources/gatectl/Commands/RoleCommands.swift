import ArgumentParser
import GateCore

/// Named sets of permissions.
enum RoleNoun: EditableNoun {
    typealias Name = RoleName
    typealias Members = RoleMembers

    static let noun = "role"
    static let collection = "roles"
    static let nameMember = "name"
    static let example = "support_agent"
    static let exampleOptions = "--permission tickets_ticket_create"
    static let columns: [Table.Column] = [.init("NAME", "name"), .init("PERMISSIONS", "permissions"), .init("DESCRIPTION", "description")]
}

struct RoleMembers: EntityMembers {
    static let clearable = ["permissions", "description"]

    @Option(help: "Whom it is for.") var description: String?

    @Option(
        name: .customLong("permission"), help: ArgumentHelp("A permission it has; may be repeated.", valueName: "key"),
        transform: PermissionKey.argument)
    var permissions: [PermissionKey] = []

    var given: JSONObject { members(("description", .given(description)), ("permissions", .given(permissions))) }
}

struct RoleCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "role", abstract: "Roles, and who has them within a company.",
        discussion: examples("gatectl role list", "gatectl role grant support_agent --user ana --company acme --reason \"new agent\""),
        subcommands: [
            ListEntities<RoleNoun>.self, GetEntity<RoleNoun>.self, CreateEntity<RoleNoun>.self, EditEntity<RoleNoun>.self,
            DeleteEntity<RoleNoun>.self, GrantRole.self, RevokeRole.self,
        ])
}

struct GrantRole: WriteCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant", abstract: "Give a user a role within a company.",
        discussion: examples("gatectl role grant support_agent --user ana --company acme --reason \"new agent\""))

    @Argument(help: "The role's name.", transform: RoleName.argument) var role: RoleName
    @OptionGroup var subject: SubjectOptions
    @OptionGroup var registration: NewCompanyOption
    @OptionGroup var options: WriteOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func request() throws -> Request { .admin(.put, subject.path("roles", role.rawValue), query: registration.query, body: [:]) }
}

struct RevokeRole: WriteCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Take a role from a user within a company.",
        discussion: examples("gatectl role revoke support_agent --user ana --company acme --reason \"left support\""))

    @Argument(help: "The role's name.", transform: RoleName.argument) var role: RoleName
    @OptionGroup var subject: SubjectOptions
    @OptionGroup var options: WriteOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func request() throws -> Request { .admin(.delete, subject.path("roles", role.rawValue)) }
}
