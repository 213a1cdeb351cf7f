import Foundation
import Testing

@testable import GateCore

@Suite("Manifests")
struct ManifestTests {
    private let folder: TestDatabase

    init() throws { folder = try TestDatabase() }

    private func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder.folder + "/" + name))
    }

    /// Everything that manifests hold, without revisions; rollouts without their progress.
    private func definitions(_ state: Snapshot) -> Set<Entity> {
        let entities = state.values.filter { ![.token, .hold, .epoch, .schedule, .webhook].contains($0.ref.kind) }
        return Set(entities.map { if case .rollout(let rollout) = $0 { .rollout(rollout.progressed(as: nil)) } else { $0 } })
    }

    @Test("exported, written as YAML, read and applied to nothing give the same state, for generated states")
    func roundTrip() throws {
        let seed = Seed("manifests")
        var random = seed.generator
        for _ in 0..<25 {
            var state = Snapshot(incarnation: "a")
            var generator = CommandGenerator()
            for _ in 0..<150 {
                if let plan = try? Planner.plan(generator.command(&random, on: state), on: state, .registering) { state = plan.next }
            }
            try write("all.yaml", ManifestFiles.text(Manifest.manifests(of: state)))
            let entities = try ManifestFiles.entities(folder.folder + "/all.yaml")
            #expect(Set(entities) == definitions(state), "\(seed)")
            let empty = Snapshot(incarnation: "b")
            let plan = try Planner.plan(.apply(entities.shuffled(using: &random), prune: true, force: false, expecting: nil), on: empty, .admin)
            #expect(definitions(plan.next) == definitions(state), "\(seed)")
            // And applied to where it came from it changes nothing.
            #expect(try Planner.plan(.apply(entities, prune: true, force: false, expecting: nil), on: state, .admin).changesNothing, "\(seed)")
        }
    }

    static let awkward = [
        "on", "off", "yes", "no", "true", "Null", "null", "~", "", "123", "-1", "+5", "0x1F", "0o17", "1e3", "1.5", ".inf", "1_000", "12:30:45",
        "2026-12-01", "a: b", "a #b", "- a", "? a", ": a", "[a]", "{a: b}", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a", "'", "\"", "'a'", "\"a\"",
        "\\n", " leading", "trailing ", "  ", "é漢😀", "---", "...", "a\\", "<<", "=", String(repeating: "long words ", count: 60),
    ]

    @Test("keep awkward texts as they are, through YAML and back", arguments: awkward)
    func awkwardTexts(text: String) throws {
        let value: JSONValue = ["kind": "flag", "code": "a", "description": .string(text), "list": [.string(text), true, 5, nil], "map": [text: 1]]
        let yaml = try ManifestFiles.text([value, value])
        #expect(try ManifestFiles.documents(yaml, file: "t") == [value, value], "\(yaml)")
    }

    @Test("keep company ids that look like something else as names", arguments: ["on", "null", "123", "-", ":", "@", "1:30", "0x1F", "y"])
    func awkwardIDs(id: String) throws {
        let company = try CompanyID(id)
        let state = try Snapshot(
            .company(Company(id: company)), .flag(Flag(code: "null")), .flagState(FlagState(flag: "null", company: company, enabled: true)))
        try write("a.yaml", ManifestFiles.text(Manifest.manifests(of: state)))
        #expect(Set(try ManifestFiles.entities(folder.folder + "/a.yaml")) == Set(state.values))
    }

    @Test(
        "take a state as on, off, true or false, quoted or not",
        arguments: [
            ("on", true), ("off", false), ("true", true), ("false", false), ("\"on\"", true), ("'off'", false), ("yes", true), ("no", false),
        ])
    func states(word: String, enabled: Bool) throws {
        let manifest = try ManifestFiles.documents("kind: flag\nname: embed\ncompanies: {acme: \(word)}\n", file: "t")
        let entities = try Manifest.entities(JSONReader(manifest[0]))
        #expect(entities == [.flag(Flag(code: "embed")), .flagState(FlagState(flag: "embed", company: "acme", enabled: enabled))])
    }

    @Test("take no other word as a state, and say where", arguments: ["maybe", "1", "\"true\"", "[]"])
    func noStates(word: String) throws {
        let manifest = try ManifestFiles.documents("kind: flag\nname: embed\ncompanies: {acme: \(word)}\n", file: "t")
        let error = refusal { try Manifest.entities(JSONReader(manifest[0])) }
        #expect(error?.code == .typeMismatch && error?.pointer == "/companies/acme")
    }

    @Test("say name for what a code, key or id is")
    func names() throws {
        let yaml =
            "kind: company\nname: acme\n---\nkind: permission\nname: create\n---\nkind: permission\nkey: view\nname: View it\n---\nkind: role\nname: r\n"
        var entities: [Entity] = []
        for manifest in try ManifestFiles.documents(yaml, file: "t") { entities += try Manifest.entities(JSONReader(manifest)) }
        #expect(
            entities == [
                .company(Company(id: "acme")), .permission(Permission(key: "create")), .permission(Permission(key: "view", name: "View it")),
                .role(Role(name: "r")),
            ])
    }

    @Test(
        "of a kind that is none, or is not kept in files, are refused",
        arguments: [
            ("kind: flagg\nname: a", GateError.Code.textInvalid), ("kind: token\nid: a", .manifestInvalid), ("kind: hold\nflag: a", .manifestInvalid),
            ("kind: flag_state\nflag: a", .manifestInvalid), ("name: a", .memberMissing), ("kind: 1", .typeMismatch), ("[1]", .typeMismatch),
            ("kind: flag\nname: a\nenabld: true", .memberUnknown), ("kind: flag\nname: 12", .typeMismatch),
        ])
    func refused(yaml: String, code: GateError.Code) throws {
        try write("a.yaml", yaml)
        let error = refusal { try ManifestFiles.entities(folder.folder + "/a.yaml") }
        #expect(error?.code == code)
        #expect(error?.detail.contains("a.yaml: ") == true)
    }

    @Test("that are no YAML, too deep, or a bomb of aliases are refused")
    func noYAML() {
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for layer in 1...9 { bomb += "a\(layer): &a\(layer) [" + Array(repeating: "*a\(layer - 1)", count: 10).joined(separator: ", ") + "]\n" }
        let deep = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
        for yaml in ["a: [", "a: b: c", "\tx", "a: *nowhere", "a: 1\na: 2", "{[1]: 2}", deep, bomb] {
            #expect(refusal { try ManifestFiles.documents(yaml, file: "t") }?.code == .manifestInvalid, "\(yaml.prefix(40))")
            // An error in a later document is not the end of the file.
            #expect(refusal { try ManifestFiles.documents("kind: flag\n---\n" + yaml, file: "t") }?.code == .manifestInvalid, "\(yaml.prefix(40))")
        }
    }

    @Test("that nest thousands of levels deep are refused, and nothing falls over", arguments: ["[", "{a: ", "- "])
    func veryDeep(opening: String) {
        #expect(refusal { try ManifestFiles.documents(String(repeating: opening, count: 20_000), file: "t") }?.code == .manifestInvalid)
    }

    @Test("that name something twice, in one file or two, are refused with both files' names")
    func twice() throws {
        try write("a.yaml", "kind: flag\nname: embed\n")
        try write("b.yml", "kind: company\nname: acme\n---\nkind: flag\nname: embed\nenabled: true\n")
        try write("c.txt", "kind: nothing")
        let error = refusal { try ManifestFiles.entities(folder.folder) }
        #expect(error?.code == .manifestInvalid)
        #expect(error?.detail.contains("b.yml: flag embed stands in ") == true && error?.detail.contains("a.yaml too") == true)
    }

    @Test("are looked for in vain where there are none")
    func none() throws {
        #expect(refusal { try ManifestFiles.read(folder.folder) }?.code == .manifestInvalid)
        #expect(refusal { try ManifestFiles.read(folder.folder + "/gone") }?.code == .manifestInvalid)
        try Data([0xFF, 0xFE]).write(to: URL(fileURLWithPath: folder.folder + "/a.yaml"))
        #expect(refusal { try ManifestFiles.read(folder.folder) }?.code == .manifestInvalid)
    }

    @Test("leave tokens and holds out of an export")
    func leftOut() throws {
        let moment = Timestamp(microseconds: 0)
        let state = try Snapshot(
            .flag(Flag(code: "embed")), .hold(Hold(flag: "embed")),
            .token(Token(id: "t", kind: .admin, name: "secret", createdAt: moment, expiresAt: moment, digest: "d")))
        let manifests = Manifest.manifests(of: state)
        #expect(manifests.map { $0["kind"] } == ["flag"])
        #expect(Manifest.manifests(of: state, kinds: [.company]).isEmpty)
    }
}
