import Foundation
import Testing

@testable import GateCore

@Suite("A foreign file")
struct ForeignFileTests {
    private let folder: TestDatabase

    init() throws { folder = try TestDatabase() }

    private func path(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
        let path = folder.folder + "/" + name
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    static let value: JSONValue = ["flags": ["f": ["state": "ENABLED", "variants": ["on": true, "off": false]]]]

    @Test(
        "is JSON or YAML, by its name or by how it begins",
        arguments: [
            ("a.json", "{\"flags\":{\"f\":{\"state\":\"ENABLED\",\"variants\":{\"on\":true,\"off\":false}}}}"),
            ("a", " \n{\"flags\":{\"f\":{\"state\":\"ENABLED\",\"variants\":{\"on\":true,\"off\":false}}}}"),
            ("a.yaml", "{flags: {f: {state: ENABLED, variants: {\"on\": true, \"off\": false}}}}"),
            ("a.txt", "flags:\n  f:\n    state: ENABLED\n    variants:\n      \"on\": true\n      \"off\": false\n"),
        ])
    func forms(name: String, text: String) throws {
        #expect(try ForeignFile.read(path(name, text.utf8)) == Self.value)
    }

    @Test("that is not there, is no text, holds nothing or two documents, is too large, or has a name twice is refused by its name")
    func refused() throws {
        let files: [(String, [UInt8])] = [
            ("bytes", [0xFF, 0xFE]), ("empty", []), ("two.yaml", Array("a: 1\n---\nb: 2\n".utf8)), ("cut.json", Array("{\"a\":".utf8)),
            ("twice.json", Array("{\"a\":1,\"a\":2}".utf8)), ("large", Array(repeating: 0x20, count: ForeignFile.largest + 1)),
        ]
        for (name, bytes) in files {
            let file = try path(name, bytes)
            #expect(refusal { try ForeignFile.read(file) }?.detail.contains(name) == true, "\(name)")
        }
        #expect(refusal { try ForeignFile.read(folder.folder + "/gone") }?.code == .manifestInvalid)
        #expect(refusal { try ForeignFile.read(folder.folder) }?.code == .manifestInvalid)
    }

    @Test("with more flags, or more states of companies, than are taken is refused with the limit")
    func limits() throws {
        let flag = "\"state\":\"ENABLED\",\"variants\":{\"on\":true},\"defaultVariant\":\"on\""
        let many = (0...Translation.mostFlags).map { "\"f\($0)\":{\(flag)}" }.joined(separator: ",")
        #expect(refusal { try Imported.flagd("{\"flags\":{\(many)}}") }?.limit?.allowed == Translation.mostFlags)
        let companies = (0..<10_001).map { "\"c\($0)\"" }.joined(separator: ",")
        let shared = "{\"all\":{\"in\":[{\"var\":\"companyId\"},[\(companies)]]}}"
        let users = (0..<20).map { index in
            "\"f\(index)\":{\"state\":\"ENABLED\",\"variants\":{\"on\":true},\"targeting\":{\"if\":[{\"$ref\":\"all\"},\"on\"]}}"
        }
        // 20 flags for 10 001 companies each; 19 of them are taken.
        for count in [19, 20] {
            let error = refusal { try Imported.flagd("{\"flags\":{\(users.prefix(count).joined(separator: ","))},\"$evaluators\":\(shared)}") }
            #expect(error?.limit?.name == (count == 20 ? "companies" : nil))
        }
    }
}
