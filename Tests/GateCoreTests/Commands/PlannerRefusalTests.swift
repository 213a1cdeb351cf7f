import Testing

@testable import GateCore

@Suite("Planning refuses")
struct PlannerRefusalTests {
    /// A small, valid state with one of everything.
    static func base(_ more: Entity...) throws -> Snapshot {
        var state = try Snapshot(
            .company(Company(id: "acme", groups: ["beta"])), .company(Company(id: "globex", groups: ["qa", "beta"])),
            .permission(Permission(key: "create")), .role(Role(name: "agent", permissions: ["create"])), .flag(Flag(code: "basis", enabled: true)),
            .flag(Flag(code: "embed", enabled: true, prerequisites: ["basis"])), .flag(Flag(code: "lone")),
            .gate(Gate(name: "canCreate", permissions: ["create"], flags: ["embed"])),
            .user(User(company: "acme", id: "ada", grants: Grants(["create": true], roles: ["agent"]))))
        for (index, entity) in more.enumerated() { try state.apply([.put(entity)], revision: Int64(100 + index)) }
        return state
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var command: Command
        var code: GateError.Code
        var pointer: String?

        init(_ description: String, _ command: Command, _ code: GateError.Code, _ pointer: String? = nil) {
            (testDescription, self.command, self.code, self.pointer) = (description, command, code, pointer)
        }
    }

    static let cases: [Case] = [
        Case(
            "a prerequisite that does not exist", .put(.flag(Flag(code: "new", prerequisites: ["basis", "gone"]))), .flagUnknown, "/prerequisites/1"),
        Case("a flag that stands on itself", .put(.flag(Flag(code: "lone", prerequisites: ["lone"]))), .prerequisiteCycle, "/prerequisites"),
        Case("a flag named like a gate", .put(.flag(Flag(code: "canCreate"))), .nameTaken),
        Case("a gate named like a flag", .put(.gate(Gate(name: "lone", flags: ["embed"]))), .nameTaken),
        Case("a gate on a flag that does not exist", .put(.gate(Gate(name: "g", flags: ["embed", "gone"]))), .flagUnknown, "/flags/1"),
        Case("a gate on an unknown permission", .put(.gate(Gate(name: "g", permissions: ["gone"]))), .permissionUnknown, "/permissions/0"),
        Case("a role with an unknown permission", .put(.role(Role(name: "r", permissions: ["gone"]))), .permissionUnknown, "/permissions/0"),
        Case("a state of an unknown flag", .put(.flagState(FlagState(flag: "gone", company: "acme", enabled: true))), .flagUnknown),
        Case("states of an unknown flag", .setStates("gone", companies: ["acme": true], groups: [:]), .flagUnknown),
        Case("a state for an unknown company", .put(.flagState(FlagState(flag: "lone", company: "acne", enabled: false))), .companyUnknown),
        Case("states for an unknown company", .setStates("lone", companies: ["acne": false], groups: [:]), .companyUnknown),
        Case("clearing for an unknown company", .setStates("lone", companies: ["acne": nil], groups: [:]), .companyUnknown),
        Case("states for an empty group", .setStates("lone", companies: [:], groups: ["nobody": true]), .companyUnknown),
        Case("groups at odds", .setStates("lone", companies: [:], groups: ["qa": true, "beta": false]), .parameterInvalid),
        Case("a hold of an unknown flag", .put(.hold(Hold(flag: "gone"))), .flagUnknown),
        Case("a hold for an unknown company", .put(.hold(Hold(flag: "lone", company: "acne"))), .companyUnknown),
        Case("lifting a hold of an unknown flag", .delete(.hold("gone", nil)), .flagUnknown),
        Case("lifting a hold for an unknown company", .delete(.hold("lone", "acne")), .companyUnknown),
        Case("clearing a state of an unknown flag", .delete(.flagState("gone", "acme")), .flagUnknown),
        Case("clearing a state of an unknown company", .delete(.flagState("lone", "acne")), .companyUnknown),
        Case("an unknown permission of a user", .setPermission("acme", "ada", "gone", true), .permissionUnknown),
        Case("an unknown role of a user", .setRole("acme", "ada", "gone", true), .roleUnknown),
        Case("a user of an unknown company", .setPermission("acne", "ada", "create", true), .companyUnknown),
        Case("deleting an unknown flag", .delete(.flag("gone")), .flagUnknown),
        Case("deleting an unknown company", .delete(.company("gone")), .companyUnknown),
        Case("deleting an unknown gate", .delete(.gate("gone")), .gateUnknown),
        Case("deleting an unknown role", .delete(.role("gone")), .roleUnknown),
        Case("deleting an unknown permission", .delete(.permission("gone")), .permissionUnknown),
        Case("deleting an unknown user", .delete(.user("acme", "gone")), .userUnknown),
        Case("deleting an unknown token", .delete(.token("gone")), .tokenUnknown),
        Case("patching an unknown flag", .patch(.flag("gone"), [:]), .flagUnknown),
        Case("a patch that renames a flag", .patch(.flag("lone"), ["code": "other"]), .textInvalid),
        Case("a patch with an unknown member", .patch(.flag("lone"), ["enabld": true]), .memberUnknown, "/enabld"),
        Case("a patch of the wrong type", .patch(.flag("lone"), ["enabled": "on"]), .typeMismatch, "/enabled"),
        Case("a patch that is no object", .patch(.flag("lone"), true), .typeMismatch, ""),
        Case("a patch that takes the code away", .patch(.flag("lone"), ["code": nil]), .memberMissing, "/code"),
        Case("a patch that empties a gate", .patch(.gate("canCreate"), ["permissions": [], "flags": []]), .gateEmpty),
    ]

    @Test("what the rules do not admit, by code and pointer", arguments: cases)
    func refused(given: Case) throws {
        let state = try Self.base()
        let error = refusal { try Planner.plan(given.command, on: state, .admin) }
        #expect(error?.code == given.code)
        if let pointer = given.pointer { #expect(error?.pointer == pointer) }
    }

    @Test("a cycle, and names it in order")
    func cycle() throws {
        let state = try Self.base(.flag(Flag(code: "top", prerequisites: ["embed"])))
        let error = refusal { try Planner.plan(.patch(.flag("basis"), ["prerequisites": ["lone", "top"]]), on: state, .admin) }
        #expect(error?.code == .prerequisiteCycle)
        #expect(error?.cycle == ["basis", "top", "embed", "basis"])
        #expect(error?.detail.contains("basis → top → embed → basis") == true)
    }

    @Test("a cycle that two flags of one request make together")
    func cycleInOneRequest() throws {
        let pair: [Entity] = [.flag(Flag(code: "a", prerequisites: ["b"])), .flag(Flag(code: "b", prerequisites: ["a"]))]
        let error = refusal { try Planner.plan(.load(pair), on: Self.base(), .admin) }
        #expect(error?.code == .prerequisiteCycle)
        #expect(error?.cycle.count == 3 && error?.cycle.first == error?.cycle.last)
    }

    /// `f0 … fn`, each on the one before.
    private func chain(_ depth: Int) -> [Entity] {
        (0...depth).map { .flag(Flag(code: FlagCode(unchecked: "f\($0)"), prerequisites: $0 == 0 ? [] : [FlagCode(unchecked: "f\($0 - 1)")])) }
    }

    @Test("prerequisites more than eight deep")
    func depth() throws {
        let eight = try Planner.plan(.load(chain(8)), on: Self.base(), .admin)
        #expect(eight.operations.count == 9)
        let error = refusal { try Planner.plan(.put(.flag(Flag(code: "f9", prerequisites: ["f8"]))), on: eight.next, .admin) }
        #expect(error?.code == .prerequisitesTooDeep)
        #expect(error?.limit == GateError.Limit("prerequisite_depth", provided: 9, allowed: 8))
    }

    @Test("making another flag too deep from below, and names that flag")
    func depthFromBelow() throws {
        let eight = try Planner.plan(.load(chain(8)), on: Self.base(), .admin)
        let error = refusal { try Planner.plan(.patch(.flag("f0"), ["prerequisites": ["lone"]]), on: eight.next, .admin) }
        #expect(error?.code == .prerequisitesTooDeep)
        #expect(error?.detail.contains("f8") == true)
    }

    @Test("a trace of more than 256 entries, and admits one of 255")
    func traceSize() throws {
        // Each layer stands twice on the one below through two flags: 1, 3, 7, … entries.
        var state = try Snapshot(.flag(Flag(code: "a0")), .flag(Flag(code: "b0")))
        for layer in 1...7 {
            for side in ["a", "b"] {
                let flag = Flag(
                    code: FlagCode(unchecked: "\(side)\(layer)"),
                    prerequisites: [FlagCode(unchecked: "a\(layer - 1)"), FlagCode(unchecked: "b\(layer - 1)")])
                state = try Planner.plan(.put(.flag(flag)), on: state, .admin).next
            }
        }
        let error = refusal { try Planner.plan(.put(.flag(Flag(code: "top", prerequisites: ["a7", "b7"]))), on: state, .admin) }
        #expect(error?.code == .limitExceeded)
        #expect(error?.limit == GateError.Limit("trace_entries", provided: 511, allowed: 256))
        let wider = Flag(code: "a7", prerequisites: ["a6", "b6", "a0", "b0"])
        #expect(refusal { try Planner.plan(.put(.flag(wider)), on: state, .admin) }?.limit?.provided == 257)
    }

    @Test("deleting what others depend on, and lists them all")
    func dependents() throws {
        let state = try Self.base(.flag(Flag(code: "top", prerequisites: ["basis"])), .gate(Gate(name: "g", flags: ["basis"])))
        let flag = refusal { try Planner.plan(.delete(.flag("basis")), on: state, .admin) }
        #expect(flag?.code == .hasDependents)
        #expect(flag?.dependents == [.flag("embed"), .flag("top"), .gate("g")])
        let permission = refusal { try Planner.plan(.delete(.permission("create")), on: state, .admin) }
        #expect(permission?.code == .hasDependents)
        #expect(permission?.dependents == [.gate("canCreate"), .role("agent"), .user("acme", "ada")])
        let role = refusal { try Planner.plan(.delete(.role("agent")), on: state, .admin) }
        #expect(role?.code == .hasDependents)
        #expect(role?.dependents == [.user("acme", "ada")])
    }

    @Test("deleting a flag or a company while a hold stands on it", arguments: [nil, "acme"] as [CompanyID?])
    func heldDeletion(company: CompanyID?) throws {
        let state = try Self.base(.hold(Hold(flag: "lone", company: company)))
        #expect(refusal { try Planner.plan(.delete(.flag("lone")), on: state, .admin) }?.code == .held)
        let ofCompany = refusal { try Planner.plan(.delete(.company("acme")), on: state, .admin) }
        #expect(ofCompany?.code == (company == nil ? nil : .held))
    }

    @Test("more roles or states of one user than one user can be read back with")
    func userLimits() throws {
        var state = try Self.base()
        var roles: [RoleName] = []
        for index in 0..<User.mostRoles + 1 {
            let name = RoleName(unchecked: "r\(index)")
            state = try Planner.plan(.put(.role(Role(name: name))), on: state, .admin).next
            roles.append(name)
        }
        for role in roles.dropLast() { state = try Planner.plan(.setRole("acme", "bob", role, true), on: state, .admin).next }
        let error = refusal { try Planner.plan(.setRole("acme", "bob", roles.last!, true), on: state, .admin) }
        #expect(error?.code == .limitExceeded)
        #expect(error?.limit?.provided == User.mostRoles + 1 && error?.limit?.allowed == User.mostRoles)

        try state.apply((0...Role.mostPermissions).map { .put(.permission(Permission(key: PermissionKey(unchecked: "k\($0)")))) }, revision: 900)
        let most = Grants(Dictionary(uniqueKeysWithValues: (0..<Role.mostPermissions).map { (PermissionKey(unchecked: "k\($0)"), true) }))
        try state.apply([.put(.user(User(company: "acme", id: "cy", grants: most)))], revision: 901)
        let last = PermissionKey(unchecked: "k\(Role.mostPermissions)")
        #expect(refusal { try Planner.plan(.setPermission("acme", "cy", last, true), on: state, .admin) }?.code == .limitExceeded)
        #expect(refusal { try Planner.plan(.setPermission("acme", "cy", "k1", false), on: state, .admin) } == nil)
    }
}
