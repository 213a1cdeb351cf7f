import ArgumentParser
import GateCore

/// What a company's users have: explicit permissions and roles.
enum UserNoun: EntityNoun {
    typealias Name = UserID
    typealias Scope = CompanyOption

    static let noun = "user"
    static let collection = "users"
    static let example = "ana --company acme"
    static let columns: [Table.Column] = [.init("USER", "user_id"), .init("ROLES", "roles"), .init("PERMISSIONS", "permissions")]
}

extension CompanyOption: EntityScope {
    var path: [String] { ["companies", company.rawValue] }
}

struct UserCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "A company's users: their explicit permissions and roles.",
        discussion: examples("gatectl user list --company acme", "gatectl user get ana --company acme"),
        subcommands: [ListEntities<UserNoun>.self, GetEntity<UserNoun>.self, DeleteEntity<UserNoun>.self])
}
