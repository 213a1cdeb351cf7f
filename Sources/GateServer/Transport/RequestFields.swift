/// The header fields that decide how a request is framed and how its connection goes on, collected in one pass.
struct RequestFields {
    private(set) var host: String?
    private(set) var length: Int?
    private(set) var isChunked = false
    private(set) var saysClose = false
    private(set) var wantsUpgrade = false
    private(set) var expectsContinue = false
    /// No field was seen that could ask for anything but a plain answer.
    private(set) var isPlain = true
    private(set) var count = 0
    /// As the lines were on the wire, without optional white space.
    private(set) var bytes = 0

    /// Takes in one field.
    ///
    /// Fields are told apart by their length first, so that the many which mean nothing here cost one comparison.
    mutating func read(name: String, value: String) throws(RequestRefusal) {
        count += 1
        bytes += name.utf8.count + value.utf8.count + 4
        switch name.utf8.count {
        case 4 where name.isASCIICaseInsensitively("host"):
            try readHost(value)
        case 6 where name.isASCIICaseInsensitively("expect"):
            guard value.isASCIICaseInsensitively("100-continue") else { throw .expectationUnknown }
            expectsContinue = true
            isPlain = false
        case 7 where name.isASCIICaseInsensitively("upgrade"):
            wantsUpgrade = true
            isPlain = false
        case 10 where name.isASCIICaseInsensitively("connection"):
            readConnection(value)
        case 14 where name.isASCIICaseInsensitively("content-length"):
            try readLength(value)
        case 17 where name.isASCIICaseInsensitively("transfer-encoding"):
            guard !isChunked else { throw .malformed("Transfer-Encoding may be given once.") }
            guard value == "chunked" else { throw .malformed("The only transfer coding known here is chunked.") }
            isChunked = true
            isPlain = false
        default:
            break
        }
    }

    /// RFC 9112 §3.2: exactly one, of the characters that a name, an address and a port are written with.
    private mutating func readHost(_ value: String) throws(RequestRefusal) {
        guard host == nil else { throw .malformed("Host may be given once.") }
        guard !value.isEmpty, value.utf8.allSatisfy(RequestTarget.isHostByte) else {
            throw .malformed("The Host header field is not a host and a port.")
        }
        host = value
    }

    /// RFC 9112 §6.2, but only ever one number.
    private mutating func readLength(_ value: String) throws(RequestRefusal) {
        guard length == nil else { throw .malformed("Content-Length may be given once.") }
        guard value.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = Int(value) else {
            throw .malformed("Content-Length is not a number.")
        }
        length = number
        isPlain = false
    }

    /// A list of options (RFC 9110 §7.6.1), of which `close` ends the connection.
    private mutating func readConnection(_ value: String) {
        if value.isASCIICaseInsensitively("keep-alive") { return }
        isPlain = false
        for option in value.split(separator: ",") {
            let word = option.drop(while: { $0 == " " || $0 == "\t" })
            let end = word.firstIndex(where: { $0 == " " || $0 == "\t" }) ?? word.endIndex
            if word[..<end].isASCIICaseInsensitively("close") { saysClose = true }
        }
    }
}

extension StringProtocol {
    /// Whether the text is this word, when A–Z and a–z count as the same.
    ///
    /// - Parameter word: in lower case.
    func isASCIICaseInsensitively(_ word: StaticString) -> Bool {
        let expected = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        guard utf8.count == expected.count else { return false }
        return utf8.elementsEqual(expected) { byte, wanted in
            byte == wanted || ((UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) && byte | 0x20 == wanted)
        }
    }
}
