/// A strict reader of JSON (RFC 8259): nothing that the grammar does not have, valid UTF-8 only, whole surrogate
/// pairs only, no name twice in one object, bounded depth. Foundation's reader takes trailing commas, keeps the first
/// of two equal names and goes 512 levels deep, so two readers of one request could see two requests.
package struct JSONParser {
    package static let deepest = 32

    private let bytes: UnsafeBufferPointer<UInt8>
    private var index = 0
    /// The names and positions from the top to here, for the error's pointer.
    private var path: [String] = []

    /// - Throws: `json_malformed` with the byte's offset, `json_duplicate_key`, `json_too_deep` (all with a pointer).
    package static func parse(_ bytes: some Collection<UInt8>) throws(GateError) -> JSONValue {
        let contiguous = ContiguousArray(bytes)
        let result: Result<JSONValue, GateError> = contiguous.withUnsafeBufferPointer { buffer in
            var parser = JSONParser(bytes: buffer)
            do throws(GateError) {
                let value = try parser.value(depth: 0)
                parser.skipWhiteSpace()
                guard parser.index == buffer.count else { throw parser.malformed("nothing may follow the value") }
                return .success(value)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    package static func parse(_ text: String) throws(GateError) -> JSONValue { try parse(text.utf8) }

    private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    private var pointer: String { JSONPointer.text(path) }

    private func malformed(_ why: String) -> GateError {
        GateError(.jsonMalformed, "this is not JSON: \(why), at byte \(index)", pointer: pointer)
    }

    private mutating func skipWhiteSpace() {
        while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x0A || bytes[index] == 0x0D || bytes[index] == 0x09 { index += 1 }
    }

    private mutating func value(depth: Int) throws(GateError) -> JSONValue {
        skipWhiteSpace()
        guard index < bytes.count else { throw malformed("it ends where a value must stand") }
        switch bytes[index] {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw malformed("no value begins with this character")
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(GateError) -> JSONValue {
        for offset in 0..<word.utf8CodeUnitCount {
            guard index < bytes.count, bytes[index] == word.utf8Start[offset] else { throw malformed("\(word) is meant, but misspelt") }
            index += 1
        }
        return value
    }

    private func checkDepth(_ depth: Int) throws(GateError) {
        guard depth <= Self.deepest else {
            throw GateError(
                .jsonTooDeep, "the JSON is nested too deep: at most \(Self.deepest) levels", pointer: pointer,
                limit: .init("json_depth", provided: depth, allowed: Self.deepest))
        }
    }

    private mutating func array(depth: Int) throws(GateError) -> JSONValue {
        try checkDepth(depth)
        index += 1
        var elements: [JSONValue] = []
        skipWhiteSpace()
        if take("]") { return .array([]) }
        while true {
            path.append(String(elements.count))
            elements.append(try value(depth: depth))
            path.removeLast()
            skipWhiteSpace()
            if take("]") { return .array(elements) }
            guard take(",") else { throw malformed("a comma or a closing bracket must stand here") }
        }
    }

    private mutating func object(depth: Int) throws(GateError) -> JSONValue {
        try checkDepth(depth)
        index += 1
        var members: [JSONObject.Member] = []
        var names: Set<String> = []
        skipWhiteSpace()
        if take("}") { return .object(JSONObject()) }
        while true {
            skipWhiteSpace()
            guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { throw malformed("a member's name in quotes must stand here") }
            let name = try string()
            path.append(name)
            guard names.insert(name).inserted else {
                throw GateError(.jsonDuplicateKey, "the member \(quoted(name)) stands twice in one object", pointer: pointer)
            }
            skipWhiteSpace()
            guard take(":") else { throw malformed("a colon must stand here") }
            members.append(.init(name: name, value: try value(depth: depth)))
            path.removeLast()
            skipWhiteSpace()
            if take("}") { return .object(JSONObject(distinct: members)) }
            guard take(",") else { throw malformed("a comma or a closing brace must stand here") }
        }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private mutating func digits() -> Int {
        let start = index
        while index < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) { index += 1 }
        return index - start
    }

    private mutating func number() throws(GateError) -> JSONValue {
        let start = index
        _ = take("-")
        let leadingZero = index < bytes.count && bytes[index] == UInt8(ascii: "0")
        let whole = digits()
        guard whole > 0 else { throw malformed("a digit must stand here") }
        guard !leadingZero || whole == 1 else { throw malformed("a number has no leading zero") }
        var isInteger = true
        if take(".") {
            isInteger = false
            guard digits() > 0 else { throw malformed("a digit must stand here") }
        }
        if take("e") || take("E") {
            isInteger = false
            if !take("+") { _ = take("-") }
            guard digits() > 0 else { throw malformed("a digit must stand here") }
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isInteger, let integer = Int64(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else { throw malformed("the number is out of range") }
        return .number(number)
    }

    private mutating func string() throws(GateError) -> String {
        index += 1
        let start = index
        // Most strings have no escape: find the end, then check the bytes as UTF-8 in one go.
        while index < bytes.count, bytes[index] != UInt8(ascii: "\""), bytes[index] != UInt8(ascii: "\\"), bytes[index] >= 0x20 { index += 1 }
        guard index < bytes.count else { throw malformed("a string is not closed") }
        var content: [UInt8] = []
        if bytes[index] != UInt8(ascii: "\"") {
            content = Array(bytes[start..<index])
            try escapedTail(into: &content)
            index += 1
            return try text(content[...])
        }
        index += 1
        return try text(bytes[start..<index - 1])
    }

    private func text(_ content: some Collection<UInt8>) throws(GateError) -> String {
        guard let text = String(validating: content, as: UTF8.self) else { throw malformed("the string before here is not UTF-8") }
        return text
    }

    private mutating func escapedTail(into content: inout [UInt8]) throws(GateError) {
        while true {
            guard index < bytes.count else { throw malformed("a string is not closed") }
            switch bytes[index] {
            case UInt8(ascii: "\""): return
            case 0..<0x20: throw malformed("a control character must be escaped")
            case UInt8(ascii: "\\"):
                index += 1
                try escape(into: &content)
            default:
                content.append(bytes[index])
                index += 1
            }
        }
    }

    private mutating func escape(into content: inout [UInt8]) throws(GateError) {
        guard index < bytes.count else { throw malformed("a string is not closed") }
        let letter = bytes[index]
        index += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(letter)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"):
            let first = try hexadecimal()
            var code = UInt32(first)
            if (0xD800..<0xDC00).contains(first) {
                guard take("\\"), take("u") else { throw malformed("half of a surrogate pair") }
                let second = try hexadecimal()
                guard (0xDC00..<0xE000).contains(second) else { throw malformed("half of a surrogate pair") }
                code = 0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw malformed("half of a surrogate pair") }
            content += String(Character(scalar)).utf8
        default: throw malformed("no such escape")
        }
    }

    private mutating func hexadecimal() throws(GateError) -> UInt16 {
        guard index + 4 <= bytes.count else { throw malformed("four hexadecimal digits must stand here") }
        var code: UInt16 = 0
        for byte in bytes[index..<index + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw malformed("four hexadecimal digits must stand here")
            }
            code = code << 4 | UInt16(digit)
        }
        index += 4
        return code
    }
}

/// JSON pointers (RFC 6901).
package enum JSONPointer {
    /// `["a", "b/c"]` is `/a/b~1c`; the whole document is the empty text.
    package static func text(_ path: some Sequence<String>) -> String {
        var pointer = ""
        for name in path {
            pointer += "/"
            for character in name.unicodeScalars.prefix(100) {
                switch character {
                case "~": pointer += "~0"
                case "/": pointer += "~1"
                default: pointer.unicodeScalars.append(character)
                }
            }
        }
        return pointer
    }
}
