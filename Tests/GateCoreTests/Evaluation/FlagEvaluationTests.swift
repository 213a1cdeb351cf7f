import Testing

@testable import GateCore

@Suite("A flag's evaluation")
struct FlagEvaluationTests {
    /// One company, one flag that stands on another; each test changes what it is about.
    private func state(_ more: [Entity] = [], enabled: Bool = true, explicit: Bool? = true, basis: Bool = true) throws -> Snapshot {
        var state = Snapshot(incarnation: "test")
        var entities: [Entity] = [
            .company(Company(id: "acme")), .company(Company(id: "globex")), .flag(Flag(code: "basis", enabled: true)),
            .flag(Flag(code: "embed", enabled: enabled, prerequisites: ["basis"])),
            .flagState(FlagState(flag: "basis", company: "acme", enabled: basis)),
        ]
        if let explicit { entities.append(.flagState(FlagState(flag: "embed", company: "acme", enabled: explicit))) }
        for (index, entity) in (entities + more).enumerated() { try state.apply([.put(entity)], revision: Int64(index + 1)) }
        return state
    }

    @Test("is on when everything is on, and says that the company's state decided")
    func companyOn() throws {
        let trace = try state().trace("embed", for: "acme")
        #expect(trace.verdict == Verdict(enabled: true, enabledForCompany: true, reason: .companyOn))
        #expect(trace.verdict.value)
        #expect(trace.decidedBy == .flagState("embed", "acme"))
        #expect(trace.decidedAt == 6)
        #expect(trace.prerequisites.map(\.code) == ["basis"])
        #expect(trace.prerequisites.map(\.verdict.reason) == [.companyOn])
    }

    @Test("of an unknown flag is flag_not_found, for a registered company too")
    func flagNotFound() throws {
        for company in ["acme", "nobody"] as [CompanyID] {
            let trace = try state().trace("nothing", for: company)
            #expect(trace.verdict == Verdict(enabled: false, enabledForCompany: false, reason: .flagNotFound))
            #expect(trace.decidedBy == .flag("nothing"))
            #expect(trace.decidedAt == 0)
            #expect(try state().verdict("nothing", for: company) == trace.verdict)
        }
    }

    @Test("says flag_off before held, company_off, not_targeted and prerequisite_off", arguments: [true, false, nil])
    func flagOff(explicit: Bool?) throws {
        let held: [Entity] = [.hold(Hold(flag: "embed")), .hold(Hold(flag: "embed", company: "acme"))]
        for more in [[], held] {
            for basis in [true, false] {
                let trace = try state(more, enabled: false, explicit: explicit, basis: basis).trace("embed", for: "acme")
                #expect(trace.verdict.reason == .flagOff)
                #expect(!trace.verdict.value)
                #expect(trace.verdict.enabledForCompany == (more.isEmpty && basis && explicit == true))
                #expect(trace.decidedBy == .flag("embed"))
                #expect(trace.decidedAt == 4)
            }
        }
    }

    @Test("held flag-wide is false although the company is on, and the hold decided")
    func heldEverywhere() throws {
        let trace = try state([.hold(Hold(flag: "embed"))]).trace("embed", for: "acme")
        #expect(trace.verdict == Verdict(enabled: true, enabledForCompany: false, reason: .held))
        #expect(trace.decidedBy == .hold("embed", nil))
        #expect(trace.decidedAt == 7)
        #expect(try state([.hold(Hold(flag: "embed"))]).verdict("embed", for: "globex").reason == .held)
        #expect(try state([.hold(Hold(flag: "embed"))]).verdict("embed", for: "nobody").reason == .held)
    }

    @Test("held for one company is false there and leaves the others alone")
    func heldForCompany() throws {
        let state = try state([.flagState(FlagState(flag: "basis", company: "globex", enabled: true)), .hold(Hold(flag: "basis", company: "acme"))])
        let trace = state.trace("basis", for: "acme")
        #expect(trace.verdict == Verdict(enabled: true, enabledForCompany: false, reason: .held))
        #expect(trace.decidedBy == .hold("basis", "acme"))
        #expect(trace.decidedAt == 8)
        #expect(state.verdict("basis", for: "globex").value)
        #expect(state.verdict("embed", for: "acme").reason == .prerequisiteOff)
    }

    @Test("says held before company_off, and the flag-wide hold before the company's")
    func heldBeforeOff() throws {
        let both = try state([.hold(Hold(flag: "embed", company: "acme")), .hold(Hold(flag: "embed"))], explicit: false, basis: false)
        #expect(both.verdict("embed", for: "acme").reason == .held)
        #expect(both.trace("embed", for: "acme").decidedBy == .hold("embed", nil))
    }

    @Test("goes back to what it was when the hold is lifted: nothing had been edited")
    func resumed() throws {
        var state = try state([.hold(Hold(flag: "embed")), .hold(Hold(flag: "embed", company: "acme"))])
        try state.apply([.delete(.hold("embed", nil))], revision: 20)
        #expect(state.verdict("embed", for: "acme").reason == .held)
        try state.apply([.delete(.hold("embed", "acme"))], revision: 21)
        #expect(state.verdict("embed", for: "acme").reason == .companyOn)
        #expect(state.trace("embed", for: "acme").decidedAt == 6)
    }

    @Test("explicitly off says company_off before prerequisite_off")
    func companyOff() throws {
        let trace = try state(explicit: false, basis: false).trace("embed", for: "acme")
        #expect(trace.verdict.reason == .companyOff)
        #expect(trace.decidedBy == .flagState("embed", "acme"))
        #expect(trace.decidedAt == 6)
    }

    @Test("without a state says not_targeted, and that nothing was ever set")
    func notTargeted() throws {
        for company in ["acme", "globex", "nobody"] as [CompanyID] {
            let trace = try state(explicit: nil, basis: false).trace("embed", for: company)
            #expect(trace.verdict.reason == .notTargeted)
            #expect(trace.decidedBy == .flagState("embed", company))
            #expect(trace.decidedAt == 0)
        }
    }

    @Test("with a prerequisite off says so, and nests the prerequisite's own reason", arguments: [0, 1, 2, 3])
    func prerequisiteOff(way: Int) throws {
        let reasons: [FlagReason] = [.companyOff, .held, .flagOff, .held]
        let more: [Entity] =
            switch way {
            case 1: [.hold(Hold(flag: "basis"))]
            case 2: [.flag(Flag(code: "basis", enabled: false))]
            case 3: [.hold(Hold(flag: "basis", company: "acme"))]
            default: []
            }
        let trace = try state(more, basis: way != 0).trace("embed", for: "acme")
        #expect(trace.verdict == Verdict(enabled: true, enabledForCompany: false, reason: .prerequisiteOff))
        #expect(trace.decidedBy == .flag("embed"))
        #expect(trace.prerequisites.map(\.verdict.reason) == [reasons[way]])
        #expect(trace.prerequisites.map(\.verdict.value) == [false])
    }

    @Test("of a prerequisite's prerequisite is nested two deep")
    func nestedTwice() throws {
        let more: [Entity] = [
            .flag(Flag(code: "ground", enabled: true)), .flag(Flag(code: "basis", enabled: true, prerequisites: ["ground"])),
        ]
        let trace = try state(more).trace("embed", for: "acme")
        #expect(trace.verdict.reason == .prerequisiteOff)
        #expect(trace.prerequisites.first?.verdict.reason == .prerequisiteOff)
        #expect(trace.prerequisites.first?.prerequisites.map(\.verdict.reason) == [.notTargeted])
    }

    @Test("is all off for a company that is not registered")
    func unknownCompany() throws {
        let state = try state()
        for code in ["basis", "embed"] as [FlagCode] { #expect(!state.verdict(code, for: "nobody").value) }
        let text = String(decoding: Answers.featureFlags(state, "nobody", clientsOnly: true), as: UTF8.self)
        #expect(
            text == #"{"data":[{"code":"basis","enabled":true,"enabled_for_company":false},"#
                + #"{"code":"embed","enabled":true,"enabled_for_company":false}],"meta":{"company_id":"nobody"}}"#)
    }

    @Test("tells companies apart by bytes, upper and lower case included")
    func companiesByBytes() throws {
        let state = try state([.company(Company(id: "Acme"))])
        #expect(state.verdict("embed", for: "acme").value)
        #expect(!state.verdict("embed", for: "Acme").value)
    }

    @Test("ends off, and ends, on a state with a cycle, which only damage can bring about")
    func cycleEnds() throws {
        let state = try state([.flag(Flag(code: "basis", enabled: true, prerequisites: ["embed"]))])
        #expect(!state.verdict("embed", for: "acme").value)
        #expect(!state.trace("embed", for: "acme").verdict.value)
    }

    @Test("of nine flags on top of each other reaches the ground")
    func deepest() throws {
        var state = try Snapshot(.company(Company(id: "acme")), .flag(Flag(code: "f0", enabled: true)))
        for depth in 1...8 {
            let (code, below) = (FlagCode(unchecked: "f\(depth)"), FlagCode(unchecked: "f\(depth - 1)"))
            try state.apply([.put(.flag(Flag(code: code, enabled: true, prerequisites: [below])))], revision: Int64(10 + depth))
            try state.apply([.put(.flagState(FlagState(flag: code, company: "acme", enabled: true)))], revision: Int64(20 + depth))
        }
        #expect(!state.verdict("f8", for: "acme").value)
        try state.apply([.put(.flagState(FlagState(flag: "f0", company: "acme", enabled: true)))], revision: 40)
        #expect(state.verdict("f8", for: "acme").value)
    }

    @Test("keeps flags that are not for clients out of a user's list, and in a service's")
    func clientVisible() throws {
        let state = try state([.flag(Flag(code: "embed", enabled: true, clientVisible: false))])
        let forUsers = try JSONParser.parse(Answers.featureFlags(state, "acme", clientsOnly: true))
        let forServices = try JSONParser.parse(Answers.featureFlags(state, "acme", clientsOnly: false))
        #expect(forUsers["data"]?.arrayValue?.compactMap { $0["code"]?.stringValue } == ["basis"])
        #expect(forServices["data"]?.arrayValue?.compactMap { $0["code"]?.stringValue } == ["basis", "embed"])
    }
}
