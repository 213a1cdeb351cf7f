import Testing

@testable import GateCore

@Suite("A token that may operate")
struct AuthorityTests {
    /// `top` stands on `basis`; both on for acme and globex.
    private func state() throws -> Snapshot {
        try Snapshot(
            .company(Company(id: "acme", groups: ["beta"])), .company(Company(id: "globex", groups: ["beta"])),
            .permission(Permission(key: "create")),
            .flag(Flag(code: "basis", enabled: true)), .flag(Flag(code: "top", enabled: true, prerequisites: ["basis"])), .flag(Flag(code: "lone")),
            .flagState(FlagState(flag: "basis", company: "acme", enabled: true)), .flagState(FlagState(flag: "top", company: "acme", enabled: true)),
            .flagState(FlagState(flag: "basis", company: "globex", enabled: true)), .gate(Gate(name: "canSee", flags: ["top"])))
    }

    private func code(_ command: Command, flags: Set<FlagCode> = [], companies: Set<CompanyID> = [], newCompany: Bool = false) throws -> GateError
        .Code?
    {
        let context = Planner.Context(authority: .operations(flags: flags, companies: companies), newCompany: newCompany)
        let state = try state()
        return refusal { try Planner.plan(command, on: state, context) }?.code
    }

    @Test("sets states, holds and master switches anywhere when it has no limits")
    func unlimited() throws {
        let commands: [Command] = [
            .setStates("top", companies: ["acme": false, "globex": true], groups: [:]), .put(.hold(Hold(flag: "basis"))),
            .put(.hold(Hold(flag: "basis", company: "acme"))), .patch(.flag("basis"), ["enabled": false]), .delete(.flagState("top", "acme")),
        ]
        for command in commands { #expect(try code(command) == nil, "\(command)") }
    }

    @Test("does nothing else, not even with what leaves every answer as it is")
    func notOperational() throws {
        let commands: [Command] = [
            .patch(.flag("basis"), ["description": "x"]), .patch(.flag("basis"), ["enabled": false, "owner": "x"]), .put(.flag(Flag(code: "new"))),
            .delete(.flag("lone")), .put(.company(Company(id: "new"))), .put(.permission(Permission(key: "view"))), .put(.role(Role(name: "agent"))),
            .put(.gate(Gate(name: "g", flags: ["top"]))), .setPermission("acme", "ada", "create", true),
            .patch(.flag("top"), ["prerequisites": []]),
        ]
        for command in commands { #expect(try code(command) == .rightMissing, "\(command)") }
        #expect(try code(.setStates("top", companies: ["initech": true], groups: [:]), newCompany: true) == .rightMissing)
    }

    @Test("limited to flags writes those alone")
    func limitedToFlags() throws {
        #expect(try code(.setStates("top", companies: ["acme": false], groups: [:]), flags: ["top"]) == nil)
        #expect(try code(.setStates("lone", companies: ["acme": true], groups: [:]), flags: ["top"]) == .rightMissing)
        #expect(try code(.put(.hold(Hold(flag: "lone"))), flags: ["top"]) == .rightMissing)
        #expect(try code(.patch(.flag("lone"), ["enabled": true]), flags: ["top"]) == .rightMissing)
    }

    @Test("limited to a flag cannot turn another one through a prerequisite")
    func throughPrerequisite() throws {
        let off = Command.setStates("basis", companies: ["acme": false], groups: [:])
        #expect(try code(off, flags: ["basis"]) == .rightMissing)
        #expect(try code(off, flags: ["basis", "top"]) == nil)
        // For globex nothing else turns.
        #expect(try code(.setStates("basis", companies: ["globex": false], groups: [:]), flags: ["basis"]) == nil)
        #expect(try code(.put(.hold(Hold(flag: "basis"))), flags: ["basis"]) == .rightMissing)
        #expect(try code(.patch(.flag("basis"), ["enabled": false]), flags: ["basis"]) == .rightMissing)
    }

    @Test("limited to companies writes for those alone, and nothing flag-wide")
    func limitedToCompanies() throws {
        #expect(try code(.setStates("top", companies: ["acme": false], groups: [:]), companies: ["acme"]) == nil)
        #expect(try code(.setStates("top", companies: ["acme": false, "globex": false], groups: [:]), companies: ["acme"]) == .rightMissing)
        #expect(try code(.setStates("top", companies: [:], groups: ["beta": true]), companies: ["acme"]) == .rightMissing)
        #expect(try code(.put(.hold(Hold(flag: "top", company: "acme"))), companies: ["acme"]) == nil)
        #expect(try code(.put(.hold(Hold(flag: "top"))), companies: ["acme"]) == .rightMissing)
        // The master switch is everybody's, whether an answer turns or not.
        #expect(try code(.patch(.flag("lone"), ["enabled": true]), companies: ["acme"]) == .rightMissing)
    }

    @Test("is what its kind says: an admin's has no limits, an ops token's has its own")
    func ofToken() throws {
        func token(_ kind: Token.Kind) -> Token {
            let moment = Timestamp(microseconds: 0)
            return Token(id: "t", kind: kind, name: "", flags: ["top"], companies: ["acme"], createdAt: moment, expiresAt: moment, digest: "d")
        }
        guard case .full = Authority(token(.admin)) else { return #expect(Bool(false), "an admin's token is limited") }
        guard case .operations(["top"], ["acme"]) = Authority(token(.ops)) else { return #expect(Bool(false), "an ops token is not limited") }
    }
}
