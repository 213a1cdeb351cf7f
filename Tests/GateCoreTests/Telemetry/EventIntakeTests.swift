import Testing

@testable import GateCore

/// What of a batch is stored, and that nothing else is.
@Suite("Event intake")
struct EventIntakeTests {
    private static let now = Timestamp(microseconds: 1_800_000_000_000_000)

    private static func state() throws -> Snapshot {
        let created = try EventDeclaration(
            JSONReader([
                "name": "created", "label": "[One] Created", "required": ["contact_id"],
                "properties": ["contact_id": "id", "code": "code", "reason": "word", "origin": "origin"],
            ]))
        var state = Snapshot(incarnation: "test")
        try state.apply([.put(.event(created))], revision: 1)
        return state
    }

    private static func event(_ members: JSONObject = [:], properties: JSONValue = ["contact_id": "c"]) -> JSONValue {
        var object: JSONObject = ["id": "e-1", "event": "created", "at": "2026-12-01T09:00:00Z", "properties": properties]
        for member in members.members { object[member.name] = member.value }
        return .object(object)
    }

    private static func batch(
        _ events: [JSONValue], by reporter: EventIntake.Reporter = .user("acme", "ann")
    ) throws -> EventIntake.Batch {
        try EventIntake(state(), reporter: reporter, now: now).batch(JSONReader(["events": .array(events)]))
    }

    @Test(
        "drops and names a property that is not declared or does not match",
        arguments: [
            ("reason", "Siti"), ("reason", "siti rahmawati"), ("code", "+628123456789"), ("code", "siti@example.com"), ("code", "Siti Rahmawati"),
            ("contact_name", "siti"), ("phone", 628_123_456_789), ("code", true), ("code", nil), ("code", .number(1.5)), ("code", ["x"]),
            ("code", ["x": "y"]),
            ("code", ""), ("code", .string(String(repeating: "x", count: 65))), ("reason", .string(String(repeating: "x", count: 33))),
            ("code", "é"), ("code", "a\u{0}"), ("origin", "https://x.test/path"), ("origin", "HTTPS://x.test"), ("origin", "https://siti@x.test"),
            ("origin", "https://"), ("origin", "https://x..test"), ("origin", "https://x.test:"), ("origin", "https://x.test:123456"),
            ("origin", "null"),
            ("origin", .string("https://" + String(repeating: "x", count: 121))),
        ] as [(String, JSONValue)])
    func drops(name: String, value: JSONValue) throws {
        let batch = try Self.batch([Self.event(), Self.event(properties: ["contact_id": 17, name: value])])
        #expect(batch.refused == [])
        #expect(batch.dropped == ["1.\(name)"])
        #expect(batch.events.last?.properties == ["contact_id": 17])
    }

    @Test(
        "keeps what the declaration admits",
        arguments: [
            ("reason", "timeout"), ("code", "TICKET_4.2-x"), ("code", 0), ("origin", "https://crm.test"), ("origin", "http://localhost:3000"),
            ("contact_id", .string(String(repeating: "x", count: 128))), ("contact_id", "TCK-1.2"), ("contact_id", "crm:ticket:17"),
            ("contact_id", "_-x"),
            ("contact_id", "0195d0b2-7c1e-7000-8000-000000000000"),
        ] as [(String, JSONValue)])
    func keeps(name: String, value: JSONValue) throws {
        var properties: JSONObject = ["contact_id": "c"]
        properties[name] = value
        let batch = try Self.batch([Self.event(properties: .object(properties))])
        #expect(batch.dropped == [] && batch.refused == [])
        #expect(batch.events.first?.properties[name] == value)
    }

    @Test(
        "refuses an event without what it needs, and takes the others of its batch",
        arguments: [
            event(properties: [:]), event(properties: ["contact_id": "Siti Rahmawati"]), event(properties: ["contact_id": nil]),
            event(properties: []), event(properties: ["contact_id": "siti@example.com"]), event(properties: ["contact_id": "+62811"]),
            event(properties: ["contact_id": ".."]), event(properties: ["contact_id": ":x"]), event(properties: ["contact_id": "a/b"]),
            event(properties: ["contact_id": .string(String(repeating: "x", count: 129))]),
            event(["id": nil]), event(["id": ""]), event(["id": "siti@example.com"]), event(["id": .string(String(repeating: "x", count: 65))]),
            event(["id": 7]), event(["event": "unheard_of"]), event(["event": "Created"]), event(["at": "yesterday"]), event(["at": 17]),
            event(["at": nil]),
            event(["attempt_id": "+62"]), event(["company_id": "acme"]), event(["user_id": "ann"]), event(["name": "Siti"]), 7, [], nil,
        ] as [JSONValue])
    func refuses(event: JSONValue) throws {
        let batch = try Self.batch([event, Self.event()])
        #expect(batch.events.count == 1 && batch.dropped == [])
        #expect(batch.refused.map(\.index) == [0] && batch.refused[0].problem != "")
    }

    @Test("takes a label for the name, and company and user from the identity")
    func label() throws {
        let batch = try Self.batch([Self.event(["event": "[One] Created", "attempt_id": "try_1"])])
        let event = try #require(batch.events.first)
        #expect(event.event == EventName(unchecked: "created") && event.attempt == "try_1" && event.receivedAt == Self.now)
        #expect(event.company == "acme" && event.user == "ann" && !event.isReportedByToken)
    }

    @Test("has from an API token company and user of each event, within the token's companies")
    func tokens() throws {
        let events = [
            Self.event(["company_id": "acme", "user_id": "ann"]), Self.event(["company_id": "umbrella", "user_id": "uma"]),
            Self.event(["company_id": "acme"]),
            Self.event(["user_id": "ann"]), Self.event(["company_id": "a b", "user_id": "ann"]),
        ]
        let limited = try Self.batch(events, by: .token(companies: ["acme"]))
        #expect(limited.events.map(\.company) == ["acme"] && limited.refused.map(\.index) == [1, 2, 3, 4])
        #expect(limited.events.map(\.isReportedByToken) == [true])
        #expect(try Self.batch(events, by: .token(companies: [])).events.map(\.user) == ["ann", "uma"])
    }

    @Test("refuses as a whole what is no batch, or more than a batch", arguments: [[], ["events": 1], ["events": [], "x": 1], [:]] as [JSONValue])
    func bodies(body: JSONValue) throws {
        let intake = EventIntake(try Self.state(), reporter: .user("acme", "ann"), now: Self.now)
        #expect(throws: GateError.self) { try intake.batch(JSONReader(body)) }
        let many = JSONReader(["events": .array(Array(repeating: Self.event(), count: 101))])
        #expect { try intake.batch(many) } throws: { ($0 as? GateError)?.limit == .init("elements", provided: 101, allowed: 100) }
    }
}
