import ArgumentParser
import GateCore

/// The events that clients may post.
enum EventNoun: EntityNoun {
    typealias Name = EventName

    static let noun = "event"
    static let collection = "event_types"
    static let example = "cdp_ticket_embed_created"
    static let columns: [Table.Column] = [
        .init("NAME", "name"), .init("REQUIRED", "required"), .init("LABEL", "label"), .init("DESCRIPTION", "description"),
    ]
}

struct EventTypeCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "event", abstract: "The events that clients may post, and the properties of each.",
        discussion: examples("gatectl event list", "gatectl event get cdp_ticket_embed_created"),
        subcommands: [ListEntities<EventNoun>.self, GetEntity<EventNoun>.self, DeleteEntity<EventNoun>.self])
}

struct EventsCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "The events that were posted.", discussion: examples("gatectl events tail --follow"),
        subcommands: [TailEvents.self])
}

/// The newest events, and with `--follow` those that come.
struct TailEvents: GateCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail", abstract: "The newest events, in the order they came in.",
        discussion: """
            With --follow it goes on with those that come, asking every second; as JSON that is one event a line.

            \(examples("gatectl events tail --company acme --limit 50", "gatectl events tail --event cdp_ticket_embed_create_error --follow"))
            """)

    static let interval = Duration.seconds(1)
    static let columns: [Table.Column] = [
        .init("SEQUENCE", "sequence"), .init("RECEIVED", "received_at"), .init("COMPANY", "company_id"), .init("USER", "user_id"),
        .init("EVENT", "event"), .init("PROPERTIES") { Span(($0["properties"] ?? .object([:])).text) },
    ]

    @Option(help: ArgumentHelp("Only those of this company.", valueName: "id"), transform: CompanyID.argument) var company: CompanyID?
    @Option(help: ArgumentHelp("Only this event, by its name.", valueName: "name"), transform: EventName.argument) var event: EventName?
    @Option(help: ArgumentHelp("How many to begin with, 1 to 1000.", valueName: "n")) var limit = 20
    @Flag(help: "Go on with those that come, until interrupted.") var follow = false
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        guard (1...PageOptions.largest).contains(limit) else { throw ValidationError("--limit must be 1 to \(PageOptions.largest), not \(limit)") }
    }

    func run(_ session: Session) async throws {
        let first = try await session.client.send(request(limit: limit))
        guard follow else { return try session.show(first) { Table(Self.columns, of: $0["data"]?.arrayValue ?? []).lines } }
        var body = try first.json()
        var last: Int64 = 0
        while true {
            let events = body["data"]?.arrayValue ?? []
            try show(events, session.console, isFirst: last == 0)
            last = events.last?["sequence"]?.integerValue ?? last
            if body["next"] == nil { try await Task.sleep(for: Self.interval) }
            body = try await session.client.send(request(limit: PageOptions.largest, after: last)).json()
        }
    }

    private func request(limit: Int, after: Int64? = nil) -> Request {
        .get(
            "events",
            query: [.init("limit", String(limit))] + Request.Parameter.ifGiven("after", after) + Request.Parameter.ifGiven("company", company)
                + Request.Parameter.ifGiven("event", event))
    }

    private func show(_ events: [JSONValue], _ console: Console, isFirst: Bool) throws {
        guard !events.isEmpty else { return }
        switch console.output {
        case .json: for event in events { try console.show(body: JSONWriter.bytes(event)) }
        // The columns stand as wide as these events need; the headings are said once.
        case .table: try console.show(Array(Table(Self.columns, of: events).lines.dropFirst(isFirst ? 0 : 1)))
        }
    }
}
