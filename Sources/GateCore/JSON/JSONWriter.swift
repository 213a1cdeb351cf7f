/// Writes JSON as UTF-8 bytes, without white space.
package struct JSONWriter {
    package enum Order {
        /// As the object has them.
        case given
        /// By the bytes of the names: the one form in which a value is hashed.
        case canonical
    }

    package private(set) var bytes: [UInt8] = []
    private let order: Order

    package init(order: Order = .given) { self.order = order }

    package static func bytes(_ value: JSONValue, order: Order = .given) -> [UInt8] {
        var writer = JSONWriter(order: order)
        writer.write(value)
        return writer.bytes
    }

    package mutating func write(_ value: JSONValue) {
        switch value {
        case .null: bytes += "null".utf8
        case .bool(let flag): bytes += (flag ? "true" : "false").utf8
        case .integer(let number): bytes += String(number).utf8
        case .number(let number): bytes += number.isFinite ? String(number).utf8 : "null".utf8
        case .string(let text): bytes.appendJSONString(text)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                write(element)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let object):
            let members = order == .given ? object.members : object.members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                bytes.appendJSONString(member.name)
                bytes.append(UInt8(ascii: ":"))
                write(member.value)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }
}

extension [UInt8] {
    /// A JSON string literal: quote, backslash and control characters escaped, everything else as it is.
    package mutating func appendJSONString(_ text: String) {
        append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): self += "\\\"".utf8
            case UInt8(ascii: "\\"): self += "\\\\".utf8
            case 0x0A: self += "\\n".utf8
            case 0x0D: self += "\\r".utf8
            case 0x09: self += "\\t".utf8
            case 0..<0x20:
                let digits = Array<UInt8>("0123456789abcdef".utf8)
                self += "\\u00".utf8
                append(digits[Int(byte >> 4)])
                append(digits[Int(byte & 15)])
            default: append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }
}

extension JSONValue {
    /// One line of JSON text.
    package var text: String { String(decoding: JSONWriter.bytes(self), as: UTF8.self) }
    /// The bytes that are hashed and stored: members in byte order, no white space.
    package var canonicalBytes: [UInt8] { JSONWriter.bytes(self, order: .canonical) }
}
