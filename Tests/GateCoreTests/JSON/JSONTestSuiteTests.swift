import Testing

@testable import GateCore

@Suite("JSONTestSuite", .enabled(if: Corpora.hasJSON, "the corpus JSONTestSuite is not here: set GATE_CORPORA"))
struct JSONTestSuiteTests {
    @Test("is all there")
    func complete() {
        #expect(Corpora.jsonTexts("y_").count >= 95 && Corpora.jsonTexts("n_").count >= 185 && Corpora.jsonTexts("i_").count >= 35)
    }

    @Test("its valid texts are read, except those that repeat a name", arguments: Corpora.jsonTexts("y_"))
    func valid(name: String) throws {
        let bytes = try Corpora.bytes(name)
        if name.hasPrefix("y_object_duplicated_key") {
            #expect(refusal { try JSONParser.parse(bytes) }?.code == .jsonDuplicateKey)
        } else {
            let value = try JSONParser.parse(bytes)
            #expect(try JSONParser.parse(JSONWriter.bytes(value)) == value)
        }
    }

    @Test("its invalid texts are refused", arguments: Corpora.jsonTexts("n_"))
    func invalid(name: String) throws {
        let bytes = try Corpora.bytes(name)
        let error = refusal { try JSONParser.parse(bytes) }
        #expect([.jsonMalformed, .jsonTooDeep].contains(error?.code), "\(String(describing: error))")
        #expect(error?.pointer != nil)
    }

    @Test("its texts that may be either are answered one way or the other", arguments: Corpora.jsonTexts("i_"))
    func either(name: String) throws {
        let bytes = try Corpora.bytes(name)
        let error = refusal { try JSONParser.parse(bytes) }
        if error == nil { #expect(try JSONParser.parse(JSONWriter.bytes(JSONParser.parse(bytes))) == JSONParser.parse(bytes)) }
        // What is not UTF-8, or half of a surrogate pair, is never let through.
        if name.contains("surrogate") || name.contains("utf-8") || name.contains("UTF-16") || name.contains("utf16") { #expect(error != nil) }
    }
}
