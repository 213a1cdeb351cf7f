import ArgumentParser
import GateCore

/// Named decisions over permissions and flags.
enum GateNoun: EditableNoun {
    typealias Name = GateName
    typealias Members = GateMembers

    static let noun = "gate"
    static let collection = "gates"
    static let nameMember = "name"
    static let example = "canCreateTicket"
    static let exampleOptions = "--permission tickets_ticket_create --flag cdp_create_ticket_embed"
    static let columns: [Table.Column] = [
        .init("NAME", "name"), .init("PERMISSIONS", "permissions"), .init("FLAGS", "flags"), .init("DESCRIPTION", "description"),
    ]
}

struct GateMembers: EntityMembers {
    static let clearable = ["permissions", "flags", "description"]

    @Option(help: "What it guards.") var description: String?

    @Option(
        name: .customLong("permission"), help: ArgumentHelp("A permission it needs; may be repeated.", valueName: "key"),
        transform: PermissionKey.argument)
    var permissions: [PermissionKey] = []

    @Option(name: .customLong("flag"), help: ArgumentHelp("A flag it needs; may be repeated.", valueName: "code"), transform: FlagCode.argument)
    var flags: [FlagCode] = []

    var given: JSONObject {
        members(("description", .given(description)), ("permissions", .given(permissions)), ("flags", .given(flags)))
    }
}

struct GateCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gate", abstract: "Gates: named decisions over permissions and flags.",
        discussion: examples("gatectl gate list", "gatectl gate get canCreateTicket"),
        subcommands: [
            ListEntities<GateNoun>.self, GetEntity<GateNoun>.self, CreateEntity<GateNoun>.self, EditEntity<GateNoun>.self,
            DeleteEntity<GateNoun>.self,
        ])
}
