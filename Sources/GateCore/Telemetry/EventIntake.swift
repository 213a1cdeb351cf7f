/// Decides what of a posted batch is stored. Fail-closed: what no declaration admits is dropped, and what is left without something
/// required is refused, so that nothing personal gets into a file.
package struct EventIntake: Sendable {
    /// At most so many events in one batch.
    package static let mostEvents = 100
    /// The form of event and attempt ids.
    package static let longestID = 64

    /// Who posts, and with it whose the events are.
    package enum Reporter: Sendable {
        /// The user themselves: company and user are never taken from the body.
        case user(CompanyID, UserID)
        /// An API token: each event names its company, one of these unless there are none, and its user.
        case token(companies: [CompanyID])
    }

    /// An event that is not stored, and why.
    package struct Refusal: Hashable, Sendable {
        package var index: Int
        package var problem: String

        package var json: JSONValue { ["index": .integer(Int64(index)), "problem": .string(problem)] }
    }

    /// A batch after the look at it.
    package struct Batch: Sendable {
        package var events: [TelemetryEvent] = []
        package var refused: [Refusal] = []
        /// What was left out of events that are stored, as `<index>.<property>`.
        package var dropped: [String] = []
    }

    private static let members: Set<String> = ["id", "event", "at", "attempt_id", "company_id", "user_id", "properties"]
    private let state: Snapshot
    private let reporter: Reporter
    private let now: Timestamp

    package init(_ state: Snapshot, reporter: Reporter, now: Timestamp) {
        self.state = state
        self.reporter = reporter
        self.now = now
    }

    /// - Parameter body: `{"events": […]}`.
    /// - Throws: what is wrong with the body as a whole; what is wrong with one event refuses that event alone.
    package func batch(_ body: JSONReader) throws(GateError) -> Batch {
        let items = try body.members(["events"]).required("events").elements(atMost: Self.mostEvents)
        var batch = Batch()
        for (index, item) in items.enumerated() {
            do throws(GateError) {
                let (event, dropped) = try event(item)
                batch.events.append(event)
                batch.dropped += dropped.map { "\(index).\($0)" }
            } catch {
                batch.refused.append(Refusal(index: index, problem: error.detail))
            }
        }
        return batch
    }

    private func event(_ reader: JSONReader) throws(GateError) -> (event: TelemetryEvent, dropped: [String]) {
        let members = try reader.members(Self.members)
        let id = try Self.id(members.required("id"))
        let name = try members.required("event")
        guard let declaration = state.eventType(try name.string()) else {
            throw GateError(.eventUnknown, "\(quoted(try name.string())) is not a declared event", pointer: name.pointer)
        }
        let at = try members.required("at")
        let (company, user) = try subject(members)
        let (properties, dropped) = try Self.properties(members["properties"], declaration)
        let event = TelemetryEvent(
            id: id, event: declaration.name, at: try Timestamp(at.string(), at: at.pointer), receivedAt: now, company: company, user: user,
            attempt: try members["attempt_id"].map(Self.id), properties: properties, isReportedByToken: isToken)
        return (event, dropped)
    }

    private var isToken: Bool { if case .token = reporter { true } else { false } }

    private func subject(_ members: JSONMembers) throws(GateError) -> (CompanyID, UserID) {
        switch reporter {
        case .user(let company, let user):
            guard members["company_id"] == nil, members["user_id"] == nil else {
                throw GateError(.memberUnknown, "company_id and user_id come from your token: an event does not name them")
            }
            return (company, user)
        case .token(let companies):
            let company: CompanyID = try members.required("company_id").identifier()
            guard companies.isEmpty || companies.contains(company) else {
                throw GateError(.rightMissing, "this token is limited to other companies than \(company)")
            }
            return (company, try members.required("user_id").identifier())
        }
    }

    /// `[A-Za-z0-9_-]{1,64}`
    private static func id(_ reader: JSONReader) throws(GateError) -> String {
        let text = try reader.string()
        let dashes: [UInt8] = [UInt8(ascii: "-"), UInt8(ascii: "_")]
        guard (1...longestID).contains(text.utf8.count), text.utf8.allSatisfy({ $0.isASCIIAlphanumeric || dashes.contains($0) }) else {
            throw GateError(.identifierInvalid, "\(reader.pointer) must be 1 to \(longestID) characters of A-Z a-z 0-9 _ -", pointer: reader.pointer)
        }
        return text
    }

    /// What the declaration admits, and the names of the rest.
    private static func properties(
        _ reader: JSONReader?, _ declaration: EventDeclaration
    ) throws(GateError) -> (kept: JSONObject, dropped: [String]) {
        var kept: [(String, JSONValue)] = []
        var dropped: [String] = []
        for (name, property) in try reader?.members().all ?? [] {
            if let declared = declaration.property(name), let text = property.value.propertyText, declared.pattern.admits(text) {
                kept.append((name, property.value))
            } else {
                dropped.append(name)
            }
        }
        for property in declaration.properties where property.isRequired && !kept.contains(where: { $0.0 == property.name.rawValue }) {
            let name = property.name.rawValue
            throw GateError(.memberMissing, "\(declaration.name) needs the property \(name), of the pattern \(property.pattern.rawValue)")
        }
        return (JSONObject(kept), dropped)
    }
}

extension JSONValue {
    /// What a property's pattern looks at; nil for anything but a string or a whole number.
    var propertyText: String? {
        switch self {
        case .string(let text): text
        case .integer(let number): String(number)
        default: nil
        }
    }
}
