import ArgumentParser
import GateCore

/// Who is told what happens.
enum WebhookNoun: EntityNoun {
    typealias Name = WebhookID

    static let noun = "webhook"
    static let collection = "webhooks"
    static let example = "wh-0123456789ab"
    static let columns: [Table.Column] = [
        .init("ID", "id"), .init("URL", "url"), .init("TYPES", "types"), .init("FLAGS", "flags"), .init("ENABLED", "enabled"),
        .init("DESCRIPTION", "description"),
    ]
}

struct WebhookCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhook", abstract: "Webhooks: make, list, delete.",
        discussion: examples("gatectl webhook create https://hooks.example.com/gate --reason \"#cdp-ops\"", "gatectl webhook list"),
        subcommands: [CreateWebhook.self, ListEntities<WebhookNoun>.self, GetEntity<WebhookNoun>.self, DeleteEntity<WebhookNoun>.self])
}

/// Makes a webhook, and shows its secret this once.
struct CreateWebhook: GateCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a webhook. Its secret is shown this once.",
        discussion: examples(
            "gatectl webhook create https://hooks.example.com/gate --type guard.tripped --type rollout.stopped --reason \"#cdp-ops\""))

    @Argument(help: "Where notices are sent: an https URL.") var url: String
    @Option(help: "What it is for.") var description: String?
    @Option(
        name: .customLong("type"),
        help: ArgumentHelp(
            "Only this kind of notice; may be repeated: \(Webhook.Kind.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "kind"),
        transform: Self.kind)
    var types: [Webhook.Kind] = []
    @Option(name: .customLong("flag"), help: ArgumentHelp("Only about this flag; may be repeated.", valueName: "code"), transform: FlagCode.argument)
    var flags: [FlagCode] = []
    @OptionGroup var options: WriteOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    private static func kind(_ text: String) throws -> Webhook.Kind {
        guard let kind = Webhook.Kind(rawValue: text) else {
            throw ValidationError("it must be one of \(Webhook.Kind.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return kind
    }

    func run(_ session: Session) async throws {
        let body = members(
            ("url", .string(url)), ("description", .given(description)),
            ("types", types.isEmpty ? nil : .array(types.map { .string($0.rawValue) })), ("flags", .given(flags)))
        let answer = try await session.write(.admin(.post, ["webhooks"], body: .object(body)), options)
        try session.show(answer) { body in
            guard body["secret"] != nil, let object = body.objectValue else { return Receipt.lines(body) }
            return object.details + [Line("keep the secret now: it is not shown again", .caution)]
        }
    }
}
