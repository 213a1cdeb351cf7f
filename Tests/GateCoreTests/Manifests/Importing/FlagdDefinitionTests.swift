import Foundation
import Testing

@testable import GateCore

@Suite("A flagd definition")
struct FlagdDefinitionTests {
    /// A file of one flag `f` with variants on, off, true and false, off by default.
    private func one(_ targeting: String, usual: String = "off", field: String = "companyId", shared: String = "{}") throws -> Imported {
        try .flagd(
            """
            {"$schema":"x","flags":{"f":{"state":"ENABLED","variants":{"on":true,"off":false,"true":true,"false":false},"defaultVariant":"\(usual)",
             "targeting":\(targeting)}},"$evaluators":\(shared)}
            """, companyField: field)
    }

    static let company = "{\"var\":\"companyId\"}"
    static let inAcme = "{\"in\":[\(company),[\"acme\",\"b\"]]}"
    static let isC = "{\"==\":[\(company),\"c\"]}"
    static let email = "{\"ends_with\":[{\"var\":\"email\"},\"@x.y\"]}"
    static let place = "/flags/f/targeting"

    static let kept: [(String, String)] = [
        ("{}", ""), ("{\"if\":[\(inAcme),\"on\",\"off\"]}", "acme:on b:on"), ("{\"if\":[\(inAcme),\"on\"]}", "acme:on b:on"),
        ("{\"if\":[\(inAcme),\"off\",\"on\"]}", "acme:off b:off 100%"), ("{\"if\":[\(inAcme),\"on\",null]}", "acme:on b:on"),
        ("{\"if\":[\(isC),\"off\",\(inAcme),\"on\",\"off\"]}", "acme:on b:on"),
        ("{\"if\":[\(isC),\"on\",\(inAcme),\"off\",\"on\"]}", "acme:off b:off 100%"),
        ("{\"if\":[{\"===\":[\"c\",{\"var\":[\"companyId\"]}]},\"on\"]}", "c:on"), ("{\"if\":[{\"!=\":[\(company),\"c\"]},\"on\"]}", "c:off 100%"),
        ("{\"if\":[{\"!\":[\(isC)]},\"on\"]}", "c:off 100%"), ("{\"if\":[{\"!\":\(isC)},\"on\"]}", "c:off 100%"),
        ("{\"if\":[{\"!!\":[\(isC)]},\"on\"]}", "c:on"), ("{\"if\":[{\"or\":[\(isC),\(inAcme)]},\"on\"]}", "acme:on b:on c:on"),
        ("{\"if\":[{\"and\":[{\"!\":\(isC)},\(inAcme)]},\"on\"]}", "acme:on b:on"), ("{\"if\":[{\"and\":[\(isC),\(inAcme)]},\"on\"]}", ""),
        // A condition alone yields the variants called true and false.
        (inAcme, "acme:on b:on"), ("{\"!\":\(inAcme)}", "acme:off b:off 100%"), ("{\"if\":[true,\"on\"]}", "100%"), ("{\"if\":[false,\"on\"]}", ""),
        ("{\"if\":[\(isC),true,false]}", "c:on"), ("{\"fractional\":[[\"on\",0],[\"off\",1]]}", ""),
        ("{\"fractional\":[{\"var\":\"email\"},[\"on\",3],[\"true\"]]}", "100%"),
        ("{\"if\":[\(isC),{\"if\":[\(isC),\"off\",\"on\"]},{\"if\":[\(inAcme),\"on\",\"off\"]}]}", "acme:on b:on"),
    ]

    @Test("keeps what targeting says of companies", arguments: kept)
    func exact(targeting: String, reach: String) throws {
        let imported = try one(targeting)
        #expect(imported.reach() == reach)
        #expect(imported.places == [])
        #expect(imported.flags == [Flag(code: "f", enabled: true)])
        #expect(imported.translation.rollouts == (reach.contains("%") ? ["f"] : []))
    }

    static let listed: [(String, String, [String])] = [
        ("{\"fractional\":[\(company),[\"on\",25],[\"off\",75]]}", "25%", ["/fractional"]),
        ("{\"fractional\":[{\"cat\":[{\"var\":\"$flagd.flagKey\"},\(company)]},[\"on\",1],[\"off\",3]]}", "25%", ["/fractional"]),
        ("{\"if\":[\(inAcme),\"on\",{\"fractional\":[\(company),[\"on\"],[\"off\"]]}]}", "acme:on b:on 50%", ["/if/2/fractional"]),
        ("{\"if\":[\(inAcme),\"off\",{\"fractional\":[\(company),[\"on\"],[\"off\"]]}]}", "acme:off b:off 50%", ["/if/2/fractional"]),
        ("{\"if\":[\(inAcme),{\"fractional\":[\(company),[\"on\"],[\"off\"]]},\"off\"]}", "", ["/if/1/fractional"]),
        ("{\"fractional\":[\(company),[\"on\",1],[\"off\",2]]}", "", ["/fractional"]),
        ("{\"fractional\":[[\"on\",25],[\"off\",75]]}", "", ["/fractional"]),
        ("{\"fractional\":[{\"var\":\"email\"},[\"on\",25],[\"off\",75]]}", "", ["/fractional"]),
        ("{\"fractional\":[{\"cat\":[\(company),{\"var\":\"email\"}]},[\"on\",25],[\"off\",75]]}", "", ["/fractional"]),
        ("{\"fractional\":[\(company),[\"on\",-1],[\"off\",75]]}", "", ["/fractional/1"]),
        ("{\"fractional\":[\(company),[\"on\",{\"var\":\"x\"}],[\"off\",75]]}", "", ["/fractional/1"]),
        ("{\"fractional\":[\(company),[\"purple\",25],[\"off\",75]]}", "", ["/fractional/1/0"]),
        ("{\"fractional\":[\(company),[\(isC),25],[\"off\",75]]}", "", ["/fractional/1/0"]),
        ("{\"fractional\":[]}", "", ["/fractional"]), ("{\"fractional\":[\(company),\"on\"]}", "", ["/fractional/1"]),
        // What stands before it is kept; what follows is off.
        ("{\"if\":[\(isC),\"on\",\(email),\"on\",\"on\"]}", "c:on", ["/if/2", "/if/2/ends_with"]),
        ("{\"if\":[{\"and\":[\(inAcme),\(email)]},\"on\",\"off\"]}", "", ["/if/0", "/if/0/and/1/ends_with"]),
        ("{\"if\":[{\"or\":[\(email),\(email)]},\"on\",\"on\"]}", "", ["/if/0", "/if/0/or/0/ends_with", "/if/0/or/1/ends_with"]),
        ("{\"if\":[\(isC),\"purple\",\"on\"]}", "c:off 100%", ["/if/1"]), (email, "", ["/ends_with"]), ("\"on\"", "100%", []), ("5", "", [""]),
        ("{\"if\":[\(isC),5,\"on\"]}", "c:off 100%", ["/if/1"]), ("{\"if\":[\(isC)]}", "", ["/if"]), ("{\"if\":\"on\"}", "", ["/if"]),
        ("{\"if\":[{\"in\":[\"acme\",\(company)]},\"on\"]}", "", ["/if/0", "/if/0/in"]),
        ("{\"if\":[{\"in\":[\(company),\"acme\"]},\"on\"]}", "", ["/if/0", "/if/0/in"]),
        ("{\"if\":[{\"in\":[\(company),[\"acme\",7]]},\"on\"]}", "", ["/if/0", "/if/0/in/1/1"]),
        ("{\"if\":[{\"in\":[\(company),[\"acme\",\"a b\"]]},\"on\"]}", "acme:on", ["/if/0/in/1/1"]),
        ("{\"if\":[{\"==\":[\(company),null]},\"on\"]}", "", ["/if/0", "/if/0/==/1"]),
        ("{\"if\":[{\"==\":[{\"var\":\"email\"},\"x\"]},\"on\"]}", "", ["/if/0", "/if/0/=="]),
        ("{\"if\":[{\"in\":[{\"var\":[\"companyId\",\"acme\"]},[\"acme\"]]},\"on\"]}", "", ["/if/0", "/if/0/in"]),
        ("{\"if\":[{\"and\":[]},\"on\"]}", "", ["/if/0", "/if/0/and"]), ("{\"if\":[\"\",\"on\"]}", "", ["/if/0", "/if/0"]),
        ("{\"if\":[{\"$ref\":\"gone\"},\"on\"]}", "", ["/if/0", "/if/0/$ref"]), ("{\"$ref\":\"gone\"}", "", ["/$ref"]),
        ("{\"and\":[\(inAcme),\"on\"]}", "", ["", "/and/1"]),
    ]

    @Test("lists what else targeting says, and is off there", arguments: listed)
    func partly(targeting: String, reach: String, places: [String]) throws {
        let imported = try one(targeting)
        #expect(imported.reach() == reach)
        #expect(imported.places == places.map { Self.place + $0 }.sorted())
    }

    @Test("lists an answer that no variant is called")
    func conditionWithoutVariants() throws {
        let imported = try Imported.flagd(
            "{\"flags\":{\"f\":{\"state\":\"ENABLED\",\"variants\":{\"on\":true,\"true\":true},\"defaultVariant\":\"on\",\"targeting\":\(Self.inAcme)}}}"
        )
        #expect(imported.reach() == "acme:on b:on")
        #expect(imported.places == [Self.place])
    }

    @Test("is on for everyone by default, where it says so and nothing else applies")
    func usual() throws {
        #expect(try one("{}", usual: "on").reach() == "100%")
        #expect(try one("{\"if\":[\(Self.isC),\"off\"]}", usual: "on").reach() == "c:off 100%")
        #expect(try one("{\"if\":[\(Self.isC),null,\"off\"]}", usual: "on").reach() == "c:on")
        #expect(try one("{\"fractional\":[\(Self.company),[null,1],[\"off\",1]]}", usual: "on").reach() == "50%")
        // What is left out is off even so.
        #expect(try one("{\"if\":[\(Self.email),\"off\"]}", usual: "on").reach() == "")
        #expect(try one("{\"fractional\":[[\"on\",1],[\"off\",1]]}", field: "targetingKey").reach() == "50%")
    }

    @Test("has rules that flags share; one that is used in a circle, or deeper than 16, is listed")
    func shared() throws {
        let rules = "{\"friends\":\(Self.inAcme),\"pilot\":{\"if\":[{\"$ref\":\"friends\"},\"on\",\"off\"]},\"round\":{\"!\":{\"$ref\":\"round\"}}}"
        #expect(try one("{\"if\":[{\"!\":{\"$ref\":\"friends\"}},\"on\"]}", shared: rules).reach() == "acme:off b:off 100%")
        #expect(try one("{\"$ref\":\"pilot\"}", shared: rules).reach() == "acme:on b:on")
        let round = try one("{\"if\":[{\"$ref\":\"round\"},\"on\",\"on\"]}", shared: rules)
        #expect(round.reach() == "")
        #expect(round.places.contains("/flags/f/targeting/if/0"))
    }

    @Test("whose shared rules unfold beyond all measure is refused")
    func unfolding() {
        func fan(_ number: Int, _ width: Int) -> String {
            "\"r\(number)\":{\"or\":[\(Array(repeating: "{\"$ref\":\"r\(number + 1)\"}", count: width).joined(separator: ","))]}"
        }
        let wide = "{\(fan(0, 150)),\(fan(1, 150)),\(fan(2, 150)),\"r3\":true}"
        #expect(refusal { try one("{\"if\":[{\"$ref\":\"r0\"},\"on\"]}", shared: wide) }?.limit?.name == "steps")
        // The same complaint, 160 000 times.
        let bad = "{\(fan(0, 400)),\(fan(1, 400)),\"r2\":5}"
        #expect(refusal { try one("{\"if\":[{\"$ref\":\"r0\"},\"on\"]}", shared: bad) }?.limit?.name == "left_out")
    }

    @Test("names its flags by a map or a list; what is no boolean flag, or badly named, is left out whole")
    func flags() throws {
        let bool = "\"state\":\"ENABLED\",\"variants\":{\"on\":true,\"off\":false},\"defaultVariant\":\"off\""
        let text = "\"state\":\"ENABLED\",\"variants\":{\"a\":\"x\"},\"defaultVariant\":\"a\""
        let map = try Imported.flagd("{\"flags\":{\"a\":{\(bool)},\"b b\":{\(bool)},\"c\":{\(text)}},\"extra\":1}")
        #expect(map.flags.map(\.code) == ["a"])
        #expect(map.places == ["/extra", "/flags/b b", "/flags/c/variants/a"])
        #expect(map.translation.leftOut.contains { $0.flag == "b b" && $0.why.contains("1 to 100 characters of A-Z a-z 0-9") })
        let list = try Imported.flagd("{\"flags\":[{\"key\":\"a\",\(bool)},{\"key\":\"a\",\(bool)},{\"key\":\"d\",\(bool)}]}")
        #expect(list.flags.map(\.code) == ["a", "d"])
        #expect(list.places == ["/flags/1"])
    }

    @Test(
        "may be disabled, without a default, or with one that is none: then it is off, and that is listed",
        arguments: [
            ("\"state\":\"DISABLED\",\"defaultVariant\":\"on\"", false, "100%", ["/flags/f/state"]),
            ("\"state\":\"ODD\",\"defaultVariant\":\"on\"", false, "100%", ["/flags/f/state"]),
            ("\"state\":\"ENABLED\",\"defaultVariant\":null", true, "", ["/flags/f"]), ("\"state\":\"ENABLED\"", true, "", ["/flags/f"]),
            ("\"state\":\"ENABLED\",\"defaultVariant\":\"purple\"", true, "", ["/flags/f/defaultVariant"]),
            ("\"state\":\"ENABLED\",\"defaultVariant\":\"on\",\"odd\":[1]", true, "100%", ["/flags/f/odd"]),
            ("\"state\":\"ENABLED\",\"defaultVariant\":\"on\",\"metadata\":{\"team\":\"x\"}", true, "100%", ["~/flags/f/metadata/team"]),
        ])
    func states(members: String, enabled: Bool, reach: String, places: [String]) throws {
        let imported = try Imported.flagd("{\"flags\":{\"f\":{\"variants\":{\"on\":true,\"off\":false},\(members)}}}")
        #expect(imported.flag("f")?.enabled == enabled)
        #expect(imported.reach() == reach)
        #expect(imported.places == places)
    }

    @Test(
        "that is none is refused, with the place",
        arguments: [
            ("[]", GateError.Code.typeMismatch, ""), ("{}", .manifestInvalid, "/flags"), ("{\"flags\":3}", .typeMismatch, "/flags"),
            ("{\"flags\":{\"f\":{\"state\":\"ENABLED\"}}}", .memberMissing, "/flags/f/variants"),
            ("{\"flags\":{\"f\":{\"variants\":{\"on\":true}}}}", .memberMissing, "/flags/f/state"),
            ("{\"flags\":[{}]}", .memberMissing, "/flags/0/key"),
        ])
    func none(text: String, code: GateError.Code, pointer: String) {
        let error = refusal { try Imported.flagd(text) }
        #expect(error?.code == code && error?.pointer == pointer)
    }

    @Test("answers for every company as flagd does, and where more is asked for never more, for generated rules")
    func agreement() throws {
        let seed = Seed("flagd definition")
        var random = seed.generator
        let companies: [CompanyID] = ["a", "b", "c", "d", "e"]
        for _ in 0..<600 {
            let asksForMore = random.once(in: 3)
            let rule = GeneratedRule(companies: ["a", "b", "c", "d"], asksForMore: asksForMore).rule(&random, depth: 0)
            let usual = random.once(in: 2)
            let file: JSONValue = [
                "flags": [
                    "f": [
                        "state": "ENABLED", "variants": ["on": true, "off": false, "true": true, "false": false],
                        "defaultVariant": usual ? "on" : "off", "targeting": rule,
                    ]
                ]
            ]
            let imported = try Imported.flagd(file.text)
            let state = try imported.state(companies)
            for company in companies {
                let answers = [true, false].map { GeneratedRule.isOn(rule, company, more: $0, usual: usual) }
                let value = state.verdict("f", for: company).value
                if imported.places.isEmpty {
                    #expect(answers == [value, value], "\(seed): \(company) of \(file.text)")
                } else {
                    #expect(!value || answers == [true, true], "\(seed): \(company) of \(file.text)")
                }
            }
            #expect(asksForMore || imported.places.isEmpty, "\(seed): \(file.text)")
        }
    }
}

/// Rules drawn at random, and JSON Logic for them, evaluated the plain way.
private struct GeneratedRule {
    let companies: [CompanyID]
    /// Whether some conditions ask for what is not the company.
    let asksForMore: Bool

    func rule(_ random: inout SplitMix64, depth: Int) -> JSONValue {
        switch random.below(depth > 3 ? 4 : 8) {
        case 0: return "on"
        case 1: return "off"
        case 2: return nil
        case 3: return .bool(random.once(in: 2))
        case 4: return condition(&random, depth: depth + 1)
        default:
            var parts: [JSONValue] = []
            for _ in 0...random.below(3) { parts += [condition(&random, depth: depth + 1), rule(&random, depth: depth + 1)] }
            if random.once(in: 2) { parts.append(rule(&random, depth: depth + 1)) }
            return ["if": .array(parts)]
        }
    }

    private func condition(_ random: inout SplitMix64, depth: Int) -> JSONValue {
        if asksForMore, random.once(in: 5) { return ["ends_with": [["var": "email"], "@x.y"]] }
        switch random.below(depth > 4 ? 3 : 6) {
        case 0: return ["in": [["var": "companyId"], .strings(random.some(of: companies, atMost: 3))]]
        case 1: return ["==": [["var": "companyId"], .string(random.pick(companies).rawValue)]]
        case 2: return ["!==": [.string(random.pick(companies).rawValue), ["var": "companyId"]]]
        case 3: return ["!": [condition(&random, depth: depth + 1)]]
        case 4: return ["and": [condition(&random, depth: depth + 1), condition(&random, depth: depth + 1)]]
        default: return ["or": [condition(&random, depth: depth + 1), condition(&random, depth: depth + 1)]]
        }
    }

    /// - Parameter more: what conditions yield that ask for what is not the company.
    static func isOn(_ rule: JSONValue, _ company: CompanyID, more: Bool, usual: Bool) -> Bool {
        switch outcome(rule, company, more) {
        case .string(let variant): variant == "on"
        case .bool(let value): value
        default: usual
        }
    }

    private static func outcome(_ rule: JSONValue, _ company: CompanyID, _ more: Bool) -> JSONValue {
        guard let operation = rule.objectValue?.members.first, let arguments = operation.value.arrayValue else { return rule }
        func value(_ index: Int) -> JSONValue { outcome(arguments[index], company, more) }
        func side(_ index: Int) -> JSONValue { arguments[index] == ["var": "companyId"] ? .string(company.rawValue) : arguments[index] }
        switch operation.name {
        case "if":
            for index in stride(from: 0, to: arguments.count - 1, by: 2) where value(index) == true { return value(index + 1) }
            return arguments.count.isMultiple(of: 2) ? nil : value(arguments.count - 1)
        case "in": return .bool(side(1).arrayValue?.contains(side(0)) == true)
        case "==": return .bool(side(0) == side(1))
        case "!==": return .bool(side(0) != side(1))
        case "!": return .bool(value(0) != true)
        case "and": return .bool(value(0) == true && value(1) == true)
        case "or": return .bool(value(0) == true || value(1) == true)
        default: return .bool(more)
        }
    }
}
