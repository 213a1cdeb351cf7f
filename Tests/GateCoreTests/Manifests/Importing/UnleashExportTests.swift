import Testing

@testable import GateCore

@Suite("An Unleash export")
struct UnleashExportTests {
    /// A client's file of one enabled flag `f` with these strategies.
    private func one(_ strategies: String, field: String = "companyId") throws -> Imported {
        try .unleash("{\"version\":1,\"features\":[{\"name\":\"f\",\"enabled\":true,\"strategies\":[\(strategies)]}]}", companyField: field)
    }

    static let inAcme = "{\"contextName\":\"companyId\",\"operator\":\"IN\",\"values\":[\"acme\",\"b\"]}"
    static let notAcme = "{\"contextName\":\"companyId\",\"operator\":\"NOT_IN\",\"values\":[\"acme\"]}"
    static let percent = "{\"name\":\"flexibleRollout\",\"parameters\":{\"rollout\":\"25\",\"stickiness\":\"companyId\",\"groupId\":\"f\"}}"

    static func strategy(_ constraints: String...) -> String {
        "{\"name\":\"default\",\"parameters\":{},\"constraints\":[\(constraints.joined(separator: ","))]}"
    }

    static func both(_ one: String, _ other: String) -> String { "\(one),\(other)" }

    /// The percentage of some companies.
    static func among(_ constraint: String) -> String { "\(percent.dropLast()),\"constraints\":[\(constraint)]}" }

    static let kept: [(String, String)] = [
        ("", "100%"), ("{\"name\":\"default\"}", "100%"), (strategy(inAcme), "acme:on b:on"), (strategy(notAcme), "acme:off 100%"),
        (strategy(inAcme, notAcme), "b:on"), (strategy(notAcme, inAcme.replacing("IN", with: "NOT_IN")), "acme:off b:off 100%"),
        (both(strategy(inAcme), strategy(inAcme.replacing("acme", with: "c"))), "acme:on b:on c:on"),
        // Excepted by one, named by the other.
        (both(strategy(notAcme), strategy(inAcme)), "100%"), (both(strategy(notAcme), strategy(notAcme.replacing("acme", with: "b"))), "100%"),
        (strategy("{\"contextName\":\"companyId\",\"operator\":\"IN\",\"values\":[\"acme\"],\"inverted\":true}"), "acme:off 100%"),
        (strategy("{\"contextName\":\"companyId\",\"operator\":\"NOT_IN\",\"values\":[\"acme\"],\"inverted\":true}"), "acme:on"),
        (strategy("{\"contextName\":\"companyId\",\"operator\":\"IN\",\"values\":[]}"), ""),
        (strategy("{\"contextName\":\"companyId\",\"operator\":\"NOT_IN\",\"values\":[]}"), "100%"),
        ("{\"name\":\"flexibleRollout\",\"parameters\":{\"rollout\":\"0\",\"stickiness\":\"sessionId\"}}", ""),
        ("{\"name\":\"flexibleRollout\",\"parameters\":{\"rollout\":100,\"stickiness\":\"default\"}}", "100%"),
        ("{\"name\":\"gradualRolloutRandom\",\"parameters\":{\"percentage\":\"100\"}}", "100%"),
        ("{\"name\":\"gradualRolloutUserId\",\"parameters\":{\"percentage\":\"0\"}}", ""),
    ]

    @Test("keeps what strategies say of companies", arguments: kept)
    func exact(strategies: String, reach: String) throws {
        let imported = try one(strategies)
        #expect(imported.reach() == reach)
        #expect(imported.places == [])
        #expect(imported.flags == [Flag(code: "f", enabled: true)])
        #expect(imported.translation.rollouts == (reach.contains("%") ? ["f"] : []))
        #expect(!imported.translation.changesAnswers)
    }

    static let listed: [(String, String, [String])] = [
        (percent, "25%", ["/features/0/strategies/0"]),
        (both(percent, strategy(inAcme)), "acme:on b:on 25%", ["/features/0/strategies/0"]),
        // Everybody gets it already.
        (both(percent, strategy()), "100%", []),
        (both(percent, strategy(notAcme)), "acme:off 100%", ["/features/0/strategies/0"]),
        (both(percent, percent.replacing("25", with: "40")), "40%", ["/features/0/strategies/0", "/features/0/strategies/1"]),
        (among(notAcme), "acme:off 25%", ["/features/0/strategies/0"]),
        (among(inAcme), "", ["/features/0/strategies/0"]),
        (
            both(strategy(inAcme.replacing("companyId", with: "appName")), strategy(inAcme)), "acme:on b:on",
            ["/features/0/strategies/0", "/features/0/strategies/0/constraints/0"]
        ),
        // Without the second constraint it would reach more: the whole strategy goes.
        (
            strategy(inAcme, "{\"contextName\":\"currentTime\",\"operator\":\"DATE_AFTER\",\"value\":\"2026-01-01T00:00:00Z\"}"), "",
            ["/features/0/strategies/0", "/features/0/strategies/0/constraints/1"]
        ),
        (
            strategy("{\"contextName\":\"companyId\",\"operator\":\"STR_STARTS_WITH\",\"values\":[\"a\"]}"), "",
            ["/features/0/strategies/0", "/features/0/strategies/0/constraints/0"]
        ),
        (
            strategy("{\"contextName\":\"companyId\",\"operator\":\"IN\",\"values\":[\"acme\"],\"caseInsensitive\":true}"), "",
            ["/features/0/strategies/0", "/features/0/strategies/0/constraints/0"]
        ),
        (
            strategy("{\"contextName\":\"companyId\",\"operator\":\"IN\",\"values\":[\"acme\"],\"between\":[1,2]}"), "",
            ["/features/0/strategies/0", "/features/0/strategies/0/constraints/0/between"]
        ),
        // A company that no company here can be called.
        (
            strategy("{\"contextName\":\"companyId\",\"operator\":\"IN\",\"values\":[\"acme\",\"no spaces\"]}"), "acme:on",
            ["/features/0/strategies/0/constraints/0/values/1"]
        ),
        (
            "{\"name\":\"flexibleRollout\",\"parameters\":{\"rollout\":\"25\",\"stickiness\":\"default\"}}", "",
            ["/features/0/strategies/0", "/features/0/strategies/0/parameters/rollout"]
        ),
        (
            "{\"name\":\"flexibleRollout\",\"parameters\":{\"rollout\":\"100\",\"stickiness\":\"sessionId\"}}", "",
            ["/features/0/strategies/0", "/features/0/strategies/0/parameters/rollout"]
        ),
        ("{\"name\":\"flexibleRollout\",\"parameters\":{\"rollout\":\"half\"}}", "", ["/features/0/strategies/0", "/features/0/strategies/0"]),
        ("{\"name\":\"flexibleRollout\"}", "", ["/features/0/strategies/0", "/features/0/strategies/0"]),
        ("{\"name\":\"userWithId\",\"parameters\":{\"userIds\":\"ana\"}}", "", ["/features/0/strategies/0", "/features/0/strategies/0/name"]),
        ("{\"name\":\"remoteAddress\",\"parameters\":{\"IPs\":\"::1\"}}", "", ["/features/0/strategies/0", "/features/0/strategies/0/name"]),
        ("{\"name\":\"default\",\"disabled\":true}", "", ["~/features/0/strategies/0"]),
        ("{\"name\":\"default\",\"title\":\"all\"}", "100%", ["~/features/0/strategies/0/title"]),
        ("{\"name\":\"default\",\"unheard\":1}", "", ["/features/0/strategies/0", "/features/0/strategies/0/unheard"]),
        ("{\"name\":\"default\",\"variants\":[{\"name\":\"x\"}]}", "100%", ["/features/0/strategies/0/variants"]),
        ("{\"name\":\"default\",\"segments\":[7]}", "", ["/features/0/strategies/0", "/features/0/strategies/0/segments/0"]),
    ]

    @Test("lists what else strategies say, and is off there", arguments: listed)
    func partly(strategies: String, reach: String, places: [String]) throws {
        let imported = try one(strategies)
        #expect(imported.reach() == reach)
        #expect(imported.places == places.sorted())
    }

    @Test("takes users for companies where the users are companies")
    func usersAreCompanies() throws {
        #expect(try one("{\"name\":\"userWithId\",\"parameters\":{\"userIds\":\"acme, b ,,c\"}}", field: "userId").reach() == "acme:on b:on c:on")
        #expect(try one("{\"name\":\"gradualRolloutUserId\",\"parameters\":{\"percentage\":\"30\"}}", field: "userId").reach() == "30%")
        #expect(try one("{\"name\":\"flexibleRollout\",\"parameters\":{\"rollout\":\"30\"}}", field: "userId").reach() == "30%")
        #expect(try one("{\"name\":\"userWithId\",\"parameters\":{\"userIds\":\"a b\"}}", field: "userId").reach() == "")
    }

    static let export = """
        {"features":[
          {"name":"child","description":"two\\nlines","type":"kill-switch","project":"shop","stale":true,"impressionData":true},
          {"name":"parent","description":null,"type":"experiment","project":"default","createdAt":"2026-01-01T00:00:00Z"},
          {"name":"needs off"},{"name":"orphan"},{"name":"picky"},{"name":"contrary"},{"name":"old","archived":true},{"name":"parent"}],
         "featureEnvironments":[
          {"featureName":"child","environment":"prod","enabled":true,"variants":[{"name":"a","weight":1000}]},
          {"featureName":"child","environment":"dev","enabled":false},
          {"featureName":"parent","environment":"prod","enabled":false,"name":"parent","lastSeenAt":"2026-01-01T00:00:00Z"},
          {"featureName":"orphan","environment":"prod","enabled":true},
          {"featureName":"picky","environment":"prod","enabled":true},
          {"featureName":"contrary","environment":"prod","enabled":true},
          {"featureName":"stranger","environment":"prod","enabled":true}],
         "featureStrategies":[
          {"featureName":"child","environment":"prod","strategyName":"default","id":"s1","constraints":[]},
          {"featureName":"child","environment":"dev","name":"default","id":"s2"},
          {"featureName":"parent","environment":"prod","name":"default","segments":[1],"parameters":{}}],
         "segments":[
          {"id":1,"name":"friends","constraints":[{"contextName":"companyId","operator":"IN","values":["acme","b"]}]},
          {"id":2,"name":"not acme","constraints":[{"contextName":"companyId","operator":"NOT_IN","values":["acme"]}]}],
         "featureStrategySegments":[{"featureStrategyId":"s1","segmentId":1},{"featureStrategyId":"s1","segmentId":2}],
         "dependencies":[
          {"feature":"child","dependencies":[{"feature":"parent","enabled":true,"variants":[]}]},
          {"feature":"orphan","dependencies":[{"feature":"old"}]},
          {"feature":"picky","dependencies":[{"feature":"parent","variants":["a"]}]},
          {"feature":"contrary","dependencies":[{"feature":"parent","enabled":false}]}],
         "featureTags":[{"featureName":"child","tagType":"simple","tagValue":"x"}],
         "contextFields":[{"name":"companyId"}],"tagTypes":[],"strategies":[],"projects":[{"id":"shop"}],"novelty":{"a":1}}
        """

    @Test("brings together what it keeps apart: switches, strategies, segments, dependencies")
    func apart() throws {
        let imported = try Imported.unleash(Self.export, environment: "prod")
        #expect(imported.reach("child") == "b:on")
        #expect(imported.reach("parent") == "acme:on b:on")
        #expect(imported.flag("child") == Flag(code: "child", description: "two lines", enabled: true, prerequisites: ["parent"], permanent: true))
        #expect(imported.flag("parent") == Flag(code: "parent"))
        // A dependency that cannot be kept would let them see more.
        for code: FlagCode in ["orphan", "picky", "contrary"] { #expect(imported.flag(code) == Flag(code: code)) }
        #expect(imported.flags.count == 5)
        #expect(
            imported.places
                == [
                    "/dependencies/1/dependencies/0", "/dependencies/2/dependencies/0", "/dependencies/3/dependencies/0",
                    "/featureEnvironments/0/variants",
                    "/featureEnvironments/6", "/features/2", "/features/7", "/novelty", "~/contextFields", "~/featureEnvironments", "~/featureTags",
                    "~/features/0/description", "~/features/0/impressionData", "~/features/0/project", "~/features/0/stale", "~/features/1/type",
                    "~/features/6", "~/projects",
                ])
        let name = try #require(imported.translation.leftOut.first { $0.pointer == "/features/2" })
        #expect(name.flag == "needs off" && name.why.contains("1 to 100 characters of A-Z a-z 0-9"))
    }

    @Test("of several environments needs one to be named, of those that it has")
    func environments() throws {
        #expect(refusal { try Imported.unleash(Self.export) }?.code == .parameterMissing)
        let error = refusal { try Imported.unleash(Self.export, environment: "stage") }
        #expect(error?.code == .parameterInvalid && error?.detail.contains("\"dev\", \"prod\"") == true)
        let imported = try Imported.unleash(Self.export, environment: "dev")
        #expect(imported.flag("child")?.enabled == false && imported.reach("child") == "100%")
        // It has no switch in that environment, and no strategy.
        #expect(imported.flag("orphan")?.enabled == false && imported.places.contains("~/features/3"))
        let plain = "{\"features\":[{\"name\":\"f\",\"enabled\":true}]}"
        #expect(refusal { try Imported.unleash(plain, environment: "prod") }?.code == .parameterInvalid)
    }

    @Test(
        "that is none is refused, with the place",
        arguments: [
            ("[]", GateError.Code.typeMismatch, ""), ("{}", .manifestInvalid, "/features"), ("{\"flags\":{}}", .manifestInvalid, "/features"),
            ("{\"features\":{}}", .typeMismatch, "/features"), ("{\"features\":[{}]}", .memberMissing, "/features/0/name"),
            ("{\"features\":[{\"name\":\"f\",\"enabled\":\"yes\"}]}", .typeMismatch, "/features/0/enabled"),
            ("{\"features\":[{\"name\":\"f\",\"strategies\":[{}]}]}", .memberMissing, "/features/0/strategies/0/name"),
            (
                "{\"features\":[{\"name\":\"f\",\"strategies\":[{\"name\":\"default\",\"constraints\":{}}]}]}", .typeMismatch,
                "/features/0/strategies/0/constraints"
            ),
        ])
    func none(text: String, code: GateError.Code, pointer: String) {
        let error = refusal { try Imported.unleash(text) }
        #expect(error?.code == code && error?.pointer == pointer)
    }

    @Test("answers for every company as Unleash does, for generated strategies")
    func agreement() throws {
        let seed = Seed("unleash export")
        var random = seed.generator
        let companies: [CompanyID] = ["a", "b", "c", "d", "e"]
        for _ in 0..<400 {
            let enabled = !random.once(in: 6)
            let strategies = (0..<random.below(4)).map { _ in GeneratedStrategy(&random, ["a", "b", "c", "d"]) }
            let file: JSONValue = [
                "features": [["name": "f", "enabled": .bool(enabled), "strategies": .array(strategies.map(\.json))]]
            ]
            let state = try Imported.unleash(file.text).state(companies)
            for company in companies {
                let expected = enabled && (strategies.isEmpty || strategies.contains { $0.isOn(company) })
                #expect(state.verdict("f", for: company).value == expected, "\(seed): \(company) of \(file.text)")
            }
        }
    }
}

/// A strategy as Unleash's rules have it, evaluated the plain way. What asks for more than the company is on for nobody here.
private struct GeneratedStrategy {
    struct Constraint {
        var isAboutCompany: Bool
        var values: [CompanyID]
        var isNot: Bool
        var isInverted: Bool

        func holds(_ company: CompanyID) -> Bool { isAboutCompany && values.contains(company) != (isNot != isInverted) }

        var json: JSONValue {
            [
                "contextName": isAboutCompany ? "companyId" : "appName", "operator": isNot ? "NOT_IN" : "IN", "values": .strings(values),
                "inverted": .bool(isInverted),
            ]
        }
    }

    let percentage: Int
    let constraints: [Constraint]

    init(_ random: inout SplitMix64, _ companies: [CompanyID]) {
        percentage = random.once(in: 5) ? 0 : 100
        constraints = (0..<random.below(3)).map { _ in
            Constraint(
                isAboutCompany: !random.once(in: 8), values: random.some(of: companies, atMost: 4), isNot: random.once(in: 2),
                isInverted: random.once(in: 3))
        }
    }

    func isOn(_ company: CompanyID) -> Bool { percentage == 100 && constraints.allSatisfy { $0.holds(company) } }

    var json: JSONValue {
        [
            "name": "flexibleRollout", "parameters": ["rollout": .string(String(percentage)), "stickiness": "default"],
            "constraints": .array(constraints.map(\.json)),
        ]
    }
}
