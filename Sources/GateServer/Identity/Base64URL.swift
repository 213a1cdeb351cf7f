/// base64url without padding (RFC 4648 §5, as RFC 7515 §2 uses it).
///
/// Reading is strict: one text for one sequence of bytes. Foreign characters, padding, an impossible length and bits
/// that no byte uses are refused, so that nobody can make a second spelling of a token.
enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    private static let notInAlphabet: UInt8 = 0xFF
    /// The six bits of each character.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: notInAlphabet, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }()

    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var characters: [UInt8] = []
        var (pending, bits): (UInt32, Int) = (0, 0)
        for byte in bytes {
            pending = pending << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                characters.append(alphabet[Int(pending >> UInt32(bits) & 63)])
            }
        }
        if bits > 0 { characters.append(alphabet[Int(pending << UInt32(6 - bits) & 63)]) }
        return String(decoding: characters, as: UTF8.self)
    }

    /// The bytes, or nil where the text is not their one spelling.
    static func decode(_ characters: some Collection<UInt8>) -> [UInt8]? {
        let length = characters.count
        guard length % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length * 3 / 4)
        var (pending, bits): (UInt32, Int) = (0, 0)
        for character in characters {
            let value = values[Int(character)]
            guard value != notInAlphabet else { return nil }
            pending = pending << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: pending >> UInt32(bits)))
            }
        }
        guard pending & (1 << UInt32(bits) - 1) == 0 else { return nil }
        return bytes
    }

    static func decode(_ text: String) -> [UInt8]? { decode(text.utf8) }
}
