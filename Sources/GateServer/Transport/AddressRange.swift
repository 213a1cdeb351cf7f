import GateCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A range of IP addresses: `10.0.0.0/8`, `2001:db8::/32`, or one address.
struct AddressRange: Sendable, Hashable {
    private let bytes: [UInt8]
    private let bits: Int

    /// - Throws: `parameter_invalid`.
    init(_ text: String) throws(GateError) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let bytes = Self.bytes(of: String(parts[0])) else {
            throw GateError(.parameterInvalid, "\(quoted(text)) is no range of addresses: write it as in 10.0.0.0/8 or 2001:db8::/32")
        }
        let bits = parts.count == 1 ? bytes.count * 8 : Int(parts[1]) ?? -1
        guard (0...bytes.count * 8).contains(bits), parts.count == 1 || parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw GateError(.parameterInvalid, "\(quoted(text)) is no range of addresses: after / stand 0 to \(bytes.count * 8) bits")
        }
        (self.bytes, self.bits) = (bytes, bits)
    }

    /// Whether every address is in it.
    var isEverything: Bool { bits == 0 }

    func contains(_ address: [UInt8]) -> Bool {
        guard address.count == bytes.count else { return false }
        return (0..<bits).allSatisfy { bit in (address[bit / 8] ^ bytes[bit / 8]) & (0x80 >> UInt8(bit % 8)) == 0 }
    }

    /// The four or sixteen bytes of an address in its standard text form; nil for anything else.
    static func bytes(of text: String) -> [UInt8]? {
        for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: count)
            if inet_pton(family, text, &bytes) == 1 { return bytes }
        }
        return nil
    }
}
