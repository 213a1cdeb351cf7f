import Testing

@testable import GateCore

@Suite("An entity's JSON")
struct EntityTests {
    static let samples: [Entity] = [
        .company(Company(id: "acme:eu", name: "Acme é \"EU\"", groups: ["qa", "beta"])), .company(Company(id: "-")),
        .permission(Permission(key: "create", name: "Create", description: "may create")), .role(Role(name: "agent", permissions: ["b", "a"])),
        .role(Role(name: "empty")), .flag(Flag(code: "lone")),
        .flag(
            Flag(
                code: "embed", description: "d", owner: "o", enabled: true, prerequisites: ["z", "a"], clientVisible: false, permanent: true,
                reviewBy: try? CalendarDate("2027-02-28"))),
        .flagState(FlagState(flag: "embed", company: "acme", enabled: false)), .hold(Hold(flag: "embed")),
        .hold(Hold(flag: "embed", company: "acme")),
        .gate(Gate(name: "canOpen", description: "d", permissions: ["b", "a"], flags: ["z", "y"])), .gate(Gate(name: "g", flags: ["z"])),
        .event(
            EventDeclaration(
                name: EventName(unchecked: "opened"), label: "[One] Opened", description: "d",
                properties: [.init(PropertyName(unchecked: "b"), .word), .init(PropertyName(unchecked: "a"), .id, isRequired: true)])),
        .event(EventDeclaration(name: EventName(unchecked: "bare"))),
        .user(User(company: "acme", id: "ada", grants: Grants(["create": true, "a": false], roles: ["lead", "agent"]))),
        .epoch(Epoch(flag: "embed")), .epoch(Epoch(flag: "embed", company: "acme")),
        .rollout(
            Rollout(
                flag: "embed", seed: "s",
                stages: [
                    RolloutStage(name: "qa", companies: ["acme"], groups: ["qa"], percentage: 0), RolloutStage(name: "all", percentage: 100),
                ], status: .paused, stage: 1, stageBeganAt: Timestamp(microseconds: 1))),
        .schedule(
            Schedule(
                id: "s-1", dueAt: Timestamp(microseconds: 5), step: .command(["delete": ["entity": ["code": "embed", "kind": "flag"]]]),
                expected: [EntityConflict(entity: .flag("embed"), revision: 3)], createdAt: Timestamp(microseconds: 1), actor: "token/t", reason: "r",
                rights: .full, failure: "why")),
        .schedule(
            Schedule(
                id: "s-2", dueAt: Timestamp(microseconds: 5),
                step: .restore([.init(ref: .flag("lone"), value: .flag(Flag(code: "lone"))), .init(ref: .hold("lone", nil), value: nil)]),
                expected: [], createdAt: Timestamp(microseconds: 1), actor: "token/t", reason: "r",
                rights: .init(operations: .init(flags: ["lone"], companies: [])))),
        .guard(
            Guard(
                flag: "embed", opened: [EventName(unchecked: "opened")],
                metrics: [
                    GuardMetric(
                        name: MetricName(unchecked: "create_error"), errors: [EventName(unchecked: "failed")],
                        successes: [EventName(unchecked: "done")],
                        userErrors: ["bad_input"], limit: Rate(millionths: 100_000), slow: Rate(millionths: 250_000))
                ], zeroTolerance: [EventName(unchecked: "bypass")],
                alerts: [GuardAlert(event: EventName(unchecked: "dropped"), count: 20, within: TimeSpan(seconds: 600))])),
        .webhook(Webhook(id: "w1", url: "https://example.com/hook", types: [.flagChanged, .guardTripped], flags: ["embed"], enabled: false)),
        .token(
            Token(
                id: "t1", kind: .ops, name: "laptop", flags: ["embed"], companies: ["acme"], createdAt: Timestamp(microseconds: 1_234_567),
                expiresAt: Timestamp(microseconds: -1), digest: "ab")),
    ]

    @Test("is read back as the same, as an entity, an operation and a reference", arguments: samples)
    func roundTrip(entity: Entity) throws {
        #expect(try Entity(entity.ref.kind, JSONReader(JSONParser.parse(entity.json.canonicalBytes))) == entity)
        for operation in [Operation.put(entity), .delete(entity.ref)] {
            #expect(try Operation(JSONReader(JSONParser.parse(operation.json.canonicalBytes))) == operation)
        }
        #expect(try EntityRef(JSONReader(entity.ref.json)) == entity.ref)
        #expect(entity.ref.description.contains(" "))
    }

    @Test("has a sample of every kind")
    func everyKind() { #expect(Set(Self.samples.map(\.ref.kind)) == Set(EntityKind.allCases)) }

    @Test("refuses a member that it does not know, by its pointer", arguments: samples)
    func unknownMember(entity: Entity) {
        guard case .object(var object) = entity.json else { return #expect(Bool(false), "not an object") }
        object["surpr/se"] = 1
        let error = refusal { try Entity(entity.ref.kind, JSONReader(.object(object), pointer: "/here")) }
        #expect(error?.code == .memberUnknown)
        #expect(error?.pointer == "/here/surpr~1se")
    }

    @Test("refuses a value of the wrong type in any member, by its pointer", arguments: samples)
    func wrongType(entity: Entity) {
        guard case .object(let object) = entity.json else { return #expect(Bool(false), "not an object") }
        for member in object.members {
            var wrong = object
            wrong[member.name] = .number(1.5)
            let error = refusal { try Entity(entity.ref.kind, JSONReader(.object(wrong))) }
            #expect(error?.code == .typeMismatch, "\(member.name)")
            #expect(error?.pointer == "/\(member.name)")
        }
        #expect(refusal { try Entity(entity.ref.kind, JSONReader([])) }?.code == .typeMismatch)
    }

    @Test("refuses to be without what names it", arguments: samples)
    func missingName(entity: Entity) {
        guard case .object(let object) = entity.json else { return #expect(Bool(false), "not an object") }
        // A hold or an epoch without a company is another one.
        for name in entity.ref.identity.members where ![.hold, .epoch].contains(entity.ref.kind) || name.name == "flag" {
            var without = object
            without[name.name] = nil
            let error = refusal { try Entity(entity.ref.kind, JSONReader(.object(without))) }
            #expect(error?.code == .memberMissing && error?.pointer == "/\(name.name)")
        }
    }

    static let wrongs: [(EntityKind, String, GateError.Code, String)] = [
        (.flag, #"{"code":"a b"}"#, .identifierInvalid, "/code"),
        (.flag, #"{"code":"a","prerequisites":["ok","no way"]}"#, .identifierInvalid, "/prerequisites/1"),
        (.flag, #"{"code":"a","prerequisites":["b","b"]}"#, .textInvalid, "/prerequisites/1"),
        (.flag, #"{"code":"a","prerequisites":[1]}"#, .typeMismatch, "/prerequisites/0"),
        (.flag, #"{"code":"a","review_by":"2027-02-30"}"#, .timeInvalid, "/review_by"),
        (.flag, #"{"code":"a","owner":"x\ny"}"#, .textInvalid, "/owner"),
        (.gate, #"{"name":"g"}"#, .gateEmpty, ""), (.gate, #"{"name":"g","permissions":[],"flags":[]}"#, .gateEmpty, ""),
        (.user, #"{"company_id":"a","user_id":"b","permissions":{"k":"on"}}"#, .typeMismatch, "/permissions/k"),
        (.user, #"{"company_id":"a","user_id":"b","permissions":{"k k":true}}"#, .identifierInvalid, "/permissions/k k"),
        (.user, #"{"company_id":"..","user_id":"b"}"#, .identifierInvalid, "/company_id"),
        (.token, #"{"id":"t","kind":"root","digest":"","created_at":"","expires_at":""}"#, .textInvalid, "/kind"),
    ]

    @Test("refuses what breaks a rule, by code and pointer", arguments: wrongs.indices)
    func wrong(index: Int) throws {
        let (kind, text, code, pointer) = Self.wrongs[index]
        let error = refusal { try Entity(kind, JSONReader(JSONParser.parse(text))) }
        #expect(error?.code == code)
        #expect(error?.pointer == pointer)
    }

    @Test("refuses more than the limits, naming provided and allowed")
    func limits() {
        let names = JSONValue.array((0..<51).map { .string("n\($0)") })
        let company = refusal { try Company(JSONReader(["id": "a", "groups": names])) }
        #expect(company?.limit == GateError.Limit("elements", provided: 51, allowed: 50))
        #expect(refusal { try Flag(JSONReader(["code": "a", "prerequisites": names])) }?.limit?.allowed == 32)
        #expect(refusal { try Gate(JSONReader(["name": "a", "flags": names])) }?.limit?.allowed == 32)
        let long = JSONValue.string(String(repeating: "x", count: 1_001))
        #expect(
            refusal { try Flag(JSONReader(["code": "a", "description": long])) }?.limit
                == GateError.Limit("characters", provided: 1_001, allowed: 1_000))
        let states = JSONValue.object(JSONObject((0..<501).map { ("k\($0)", true) }))
        #expect(refusal { try User(JSONReader(["company_id": "a", "user_id": "b", "permissions": states])) }?.limit?.provided == 501)
    }

    @Test("of a token is shown without its digest")
    func shown() {
        for entity in Self.samples {
            #expect(entity.shown["digest"] == nil)
            if ![.token, .schedule].contains(entity.ref.kind) { #expect(entity.shown == entity.json) }
        }
    }
}
