import Testing

@testable import GateCore

@Suite("The reader of JSON")
struct JSONParserTests {
    private func nested(_ depth: Int, _ open: String, _ close: String) -> String {
        String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
    }

    @Test("goes 32 levels deep and not 33", arguments: [("[", "]"), ("{\"a\":", "}")])
    func depth(open: String, close: String) throws {
        #expect(refusal { try JSONParser.parse(nested(32, open, close)) } == nil)
        let error = refusal { try JSONParser.parse(nested(33, open, close)) }
        #expect(error?.code == .jsonTooDeep)
        #expect(error?.limit == GateError.Limit("json_depth", provided: 33, allowed: 32))
    }

    @Test("survives a hundred thousand opening brackets")
    func bomb() {
        #expect(refusal { try JSONParser.parse(String(repeating: "[", count: 100_000)) }?.code == .jsonTooDeep)
        #expect(refusal { try JSONParser.parse(String(repeating: "{\"a\":", count: 100_000)) }?.code == .jsonTooDeep)
    }

    @Test(
        "refuses a name that stands twice in one object, escaped or not, and says where",
        arguments: [
            (#"{"a":1,"a":1}"#, "/a"), (#"{"a":1,"\u0061":2}"#, "/a"), (#"{"x":[{},{"b/c":1,"d":2,"b/c":3}]}"#, "/x/1/b~1c"), (#"{"":1,"":2}"#, "/"),
        ])
    func duplicate(text: String, pointer: String) {
        let error = refusal { try JSONParser.parse(text) }
        #expect(error?.code == .jsonDuplicateKey)
        #expect(error?.pointer == pointer)
    }

    @Test("takes one name in two objects")
    func sameNameElsewhere() throws {
        #expect(try JSONParser.parse(#"{"a":{"a":1},"b":[{"a":2},{"a":3}]}"#)["b"]?.arrayValue?.count == 2)
    }

    @Test(
        "names the place of what is wrong by pointer and byte",
        arguments: [
            (#"{"a":[1,tru]}"#, "/a/1", 11), ("[1,]", "/1", 3), (#"{"a" 1}"#, "/a", 5), ("", "", 0), ("1 2", "", 2), (#"{"a":01}"#, "/a", 7),
            ("[1 2]", "", 3),
        ])
    func place(text: String, pointer: String, byte: Int) {
        let error = refusal { try JSONParser.parse(text) }
        #expect(error?.code == .jsonMalformed)
        #expect(error?.pointer == pointer)
        #expect(error?.detail.hasSuffix("at byte \(byte)") == true, "\(error?.detail ?? "")")
    }

    @Test(
        "reads numbers as integers where they are",
        arguments: [
            ("0", JSONValue.integer(0)), ("-0", 0), ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .number(9_223_372_036_854_775_808)), ("1.0", .number(1)), ("1e2", .number(100)), ("-1.5E-1", .number(-0.15)),
        ])
    func numbers(text: String, value: JSONValue) throws { #expect(try JSONParser.parse(text) == value) }

    @Test("reads escapes and surrogate pairs, and refuses halves of pairs")
    func escapes() throws {
        #expect(try JSONParser.parse(#""\"\\\/\b\f\n\r\té😀\u0000""#) == .string("\"\\/\u{8}\u{c}\n\r\té😀\u{0}"))
        for text in [#""\ud83d""#, #""\ud83dx""#, #""\ud83dA""#, #""\ude00""#, #""\u00g0""#, #""\u+123""#, #""\x41""#, "\"\u{1f}\""] {
            #expect(refusal { try JSONParser.parse(text) }?.code == .jsonMalformed, "\(text)")
        }
        #expect(refusal { try JSONParser.parse([0x22, 0xC0, 0xAF, 0x22]) }?.code == .jsonMalformed)
        #expect(refusal { try JSONParser.parse([0x22, 0xED, 0xA0, 0x80, 0x22]) }?.code == .jsonMalformed)
    }

    @Test("makes pointers that escape ~ and /, and cuts names that are too long")
    func pointers() {
        #expect(JSONPointer.text(["a/b", "m~n", "", "0"]) == "/a~1b/m~0n//0")
        #expect(JSONPointer.text([String]()) == "")
        #expect(JSONPointer.text([String(repeating: "x", count: 5_000)]).utf8.count == 101)
    }

    @Test("and the writer agree on generated values, given and canonical")
    func roundTrip() throws {
        let seed = Seed("JSON round trip")
        var random = seed.generator
        for _ in 0..<3_000 {
            let value = Self.value(&random, depth: 0)
            #expect(try JSONParser.parse(JSONWriter.bytes(value)) == value, "\(value.text); \(seed)")
            let canonical = try JSONParser.parse(value.canonicalBytes)
            #expect(canonical.canonicalBytes == value.canonicalBytes, "\(value.text); \(seed)")
            #expect(Self.isSorted(canonical), "\(seed)")
        }
    }

    private static let alphabet: [Unicode.Scalar] = Array("aAzZ09 \"\\/~\u{0}\u{1f}\u{7f}\n\r\té漢😀\u{2028}\u{301}".unicodeScalars)

    private static func text(_ random: inout SplitMix64) -> String {
        var view = String.UnicodeScalarView()
        for _ in 0..<random.below(6) { view.append(random.pick(alphabet)) }
        return String(view)
    }

    private static func value(_ random: inout SplitMix64, depth: Int) -> JSONValue {
        switch random.below(depth > 4 ? 6 : 8) {
        case 0: return .null
        case 1: return .bool(random.once(in: 2))
        case 2: return .integer(Int64(bitPattern: random.next()) >> Int64(random.below(63)))
        case 3:
            let number = Double(bitPattern: random.next())
            return number.isFinite ? .number(number) : .number(0.5)
        case 4, 5: return .string(text(&random))
        case 6: return .array((0..<random.below(4)).map { _ in value(&random, depth: depth + 1) })
        default:
            var object = JSONObject()
            for _ in 0..<random.below(4) { object[text(&random)] = value(&random, depth: depth + 1) }
            return .object(object)
        }
    }

    private static func isSorted(_ value: JSONValue) -> Bool {
        switch value {
        case .array(let elements): elements.allSatisfy(isSorted)
        case .object(let object):
            zip(object.members, object.members.dropFirst()).allSatisfy { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
                && object.members.allSatisfy { isSorted($0.value) }
        default: true
        }
    }
}
