import ArgumentParser
import GateCore

/// The companies that states can be set for.
enum CompanyNoun: EditableNoun {
    typealias Name = CompanyID
    typealias Members = CompanyMembers
    typealias Filter = GroupFilter

    static let noun = "company"
    static let collection = "companies"
    static let nameMember = "id"
    static let createWord = "add"
    static let example = "acme"
    static let exampleOptions = "--name \"Acme Inc.\" --group beta"
    static let columns: [Table.Column] = [.init("ID", "id"), .init("NAME", "name"), .init("GROUPS", "groups")]
}

struct CompanyMembers: EntityMembers {
    static let clearable = ["groups", "name"]

    @Option(help: "What people call it; its id unless named.") var name: String?

    @Option(name: .customLong("group"), help: ArgumentHelp("A group it is in; may be repeated.", valueName: "name"), transform: GroupName.argument)
    var groups: [GroupName] = []

    var given: JSONObject { members(("name", .given(name)), ("groups", .given(groups))) }
}

struct GroupFilter: EntityFilter {
    @Option(help: ArgumentHelp("Only those in this group.", valueName: "name"), transform: GroupName.argument) var group: GroupName?

    var query: [Request.Parameter] { Request.Parameter.ifGiven("group", group) }
}

struct CompanyCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "company", abstract: "Companies, and the groups they are in.",
        discussion: examples("gatectl company list --group beta", "gatectl company add acme --group beta --reason \"signed up for the beta\""),
        subcommands: [
            ListEntities<CompanyNoun>.self, GetEntity<CompanyNoun>.self, CreateEntity<CompanyNoun>.self, EditEntity<CompanyNoun>.self,
            DeleteEntity<CompanyNoun>.self, ImportEntities<ImportedCompanies>.self,
        ])
}
