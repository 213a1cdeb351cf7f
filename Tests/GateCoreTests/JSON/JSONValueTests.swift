import Testing

@testable import GateCore

@Suite("A JSON value")
struct JSONValueTests {
    @Test(
        "merges patches as RFC 7396's appendix A has it",
        arguments: [
            (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
            (#"{"a":"b"}"#, #"{"a":null}"#, "{}"),
            (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#), (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
            (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#), (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
            (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#), (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#),
            (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#),
            (#"{"a":"foo"}"#, "null", "null"), (#"{"a":"foo"}"#, #""bar""#, #""bar""#), (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#),
            ("[1,2]", #"{"a":"b","c":null}"#, #"{"a":"b"}"#), ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
        ])
    func mergePatch(target: String, patch: String, result: String) throws {
        #expect(try JSONParser.parse(target).merging(JSONParser.parse(patch)) == JSONParser.parse(result))
    }

    @Test("writes members as given, or by the bytes of their names for hashing")
    func order() throws {
        let value: JSONValue = ["b": 1, "a": ["z": true, "é": nil, "Z": []], "ab": "x"]
        #expect(value.text == #"{"b":1,"a":{"z":true,"é":null,"Z":[]},"ab":"x"}"#)
        #expect(String(decoding: value.canonicalBytes, as: UTF8.self) == #"{"a":{"Z":[],"z":true,"é":null},"ab":"x","b":1}"#)
    }

    @Test("escapes what must be escaped, and nothing else")
    func escaping() {
        #expect(JSONValue.string("\"\\\n\r\t\u{1}\u{1f}/é\u{7f}").text == #""\"\\\n\r\t\u0001\u001f/é"# + "\u{7f}\"")
    }

    @Test("refuses what is not of the type asked for, with the place and both types")
    func types() throws {
        let reader = try JSONReader(JSONParser.parse(#"{"n":1.5,"s":"x","l":[1,2,3],"big":99,"dup":["a","a"]}"#)).members()
        #expect(refusal { try reader.required("n").integer(in: 0...9) }?.code == .typeMismatch)
        #expect(refusal { try reader.required("s").bool() }?.detail == "/s must be true or false, not a string")
        #expect(refusal { try reader.required("s").elements(atMost: 9) }?.pointer == "/s")
        #expect(refusal { try reader.required("l").elements(atMost: 2) }?.limit == GateError.Limit("elements", provided: 3, allowed: 2))
        #expect(refusal { try reader.required("big").integer(in: 0...9) }?.code == .limitExceeded)
        #expect(refusal { try reader.required("dup").identifiers(FlagCode.self, atMost: 9) }?.pointer == "/dup/1")
        #expect(refusal { try reader.required("gone") }?.code == .memberMissing)
        #expect(refusal { try reader.required("gone") }?.pointer == "/gone")
    }

    @Test(
        "refuses texts with control characters or direction overrides, and texts that are too long",
        arguments: [
            ("a\nb", false), ("a\u{0}", false), ("\u{202E}abc", false), ("\u{2066}x", false), ("\u{85}", false), ("ok é 漢 😀", true),
            ("1234567890", true),
            ("12345678901", false),
        ])
    func texts(text: String, admitted: Bool) {
        #expect((refusal { try JSONReader(.string(text)).text(longest: 10) } == nil) == admitted)
    }
}
