import ArgumentParser
import GateCore

/// What changes, as it happens: the answers of a company, or without one every change.
struct Watch: GateCommand {
    static let configuration = CommandConfiguration(
        abstract: "Watch answers or changes as they happen, until interrupted.",
        discussion: """
            With --company it is that company's live stream: first its answers as they are, then each that becomes another. Without, it \
            is the history as it grows. A connection that breaks is made again, and goes on where it was. As JSON it is one event, or \
            one change, a line.

            \(examples("gatectl watch --company acme", "gatectl watch --company acme --user ana", "gatectl watch --output json"))
            """)

    /// Nothing heard for so long, heartbeats included (one every 15 s), and the connection counts as dead.
    static let patience = Duration.seconds(45)
    private static let interval = Duration.seconds(1)

    @Option(help: ArgumentHelp("The live answers of this company.", valueName: "id"), transform: CompanyID.argument) var company: CompanyID?
    @Option(help: ArgumentHelp("Of this user of the company: decides the gates.", valueName: "id"), transform: UserID.argument) var user: UserID?
    @OptionGroup(title: "Global options") var global: GlobalOptions

    var idleTimeout: Duration? { Self.patience }

    func validate() throws {
        if user != nil, company == nil { throw ValidationError("--user needs the --company that the user belongs to") }
    }

    func run(_ session: Session) async throws {
        if let company { try await watch(company, session) } else { try await watchChanges(session) }
    }

    private func watch(_ company: CompanyID, _ session: Session) async throws {
        var request = Request.front("stream", query: [.init("company_id", company.rawValue), .init("user_id", user?.rawValue ?? "gatectl")])
        request.accepts = "text/event-stream"
        var lastEventID = ""
        var attempt = 0
        while true {
            request.headers = lastEventID.isEmpty ? [] : [("Last-Event-ID", lastEventID)]
            let cause = try await session.client.stream(request) { event in
                (lastEventID, attempt) = (event.id, 0)
                try show(event, session.console)
            }
            // Half a second at first, for a server that is just restarted; at most half a minute.
            let longest = min(30_000, 500 << min(attempt, 6))
            attempt += 1
            session.console.tell([Line("the stream ended (\(cause)); connecting again", .dim)])
            try await Task.sleep(for: .milliseconds(Int.random(in: longest / 2...longest)))
        }
    }

    private func show(_ event: ServerSentEvent, _ console: Console) throws {
        let data = try JSONParser.parse(event.data)
        switch console.output {
        case .json:
            try console.show(body: JSONWriter.bytes(["event": .string(event.event), "id": .string(event.id), "data": data]))
        case .table:
            let revision = event.id.split(separator: "-").last.map(String.init) ?? event.id
            let heading = event.event == "flags" ? "as it is at revision \(revision)" : "revision \(revision)"
            let flags = (data["flags"]?.arrayValue ?? []).map { flag in
                Self.line("flag", flag["code"], isOn: flag["enabled"] == true && flag["enabled_for_company"] == true, reason: nil)
            }
            let gates = (data["gates"]?.arrayValue ?? []).map { Self.line("gate", $0["gate"], isOn: $0["allowed"] == true, reason: $0["reason"]) }
            let lines = flags + gates
            try console.show([Line(heading, .bold)] + (lines.isEmpty ? [Line("nothing is different", .dim).indented()] : lines))
        }
    }

    private static func line(_ kind: String, _ name: JSONValue?, isOn: Bool, reason: JSONValue?) -> Line {
        let state = kind == "flag" ? (isOn ? "on" : "off") : (isOn ? "allowed" : "denied")
        let why = reason?.stringValue.map { " (\($0))" } ?? ""
        return Line([Span("\(kind) \(name?.stringValue ?? "?") "), Span(state, isOn ? .good : .bad), Span(why, .dim)]).indented()
    }

    private func watchChanges(_ session: Session) async throws {
        var seen: Int64?
        while true {
            let answer = try await session.client.send(.get("changes", query: [.init("limit", seen == nil ? "1" : String(PageOptions.largest))]))
            let changes = (try answer.json()["data"]?.arrayValue ?? []).reversed().filter { ($0["revision"]?.integerValue ?? 0) > seen ?? -1 }
            for change in changes {
                switch session.console.output {
                case .json: try session.console.show(body: JSONWriter.bytes(change))
                case .table: try session.console.show([Self.summary(of: change)])
                }
            }
            seen = changes.last?["revision"]?.integerValue ?? seen ?? 0
            try await Task.sleep(for: Self.interval)
        }
    }

    private static func summary(of change: JSONValue) -> Line {
        func text(_ name: String) -> String { change[name]?.stringValue ?? change[name]?.integerValue.map(String.init) ?? "" }
        return [
            Span("\(text("revision")) ", .bold), Span("\(text("at")) ", .dim), Span("\(text("actor")): \(text("reason")) "),
            Span((change["command"] ?? .object([:])).text, .dim),
        ]
    }
}
