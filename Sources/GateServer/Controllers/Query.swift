import GateCore

/// The parameters behind the question mark, decoded; each name may stand once.
struct Query: Sendable {
    private var values: [String: String] = [:]

    /// - Throws: `parameter_invalid` for a name that stands twice or is not valid percent-encoding of UTF-8.
    init(_ text: String?) throws(GateError) {
        for pair in (text ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decode(parts[0], plusIsSpace: true), let value = Self.decode(parts.count > 1 ? parts[1] : "", plusIsSpace: true)
            else {
                throw GateError(.parameterInvalid, "the query is not valid percent-encoding of UTF-8")
            }
            guard values.updateValue(value, forKey: name) == nil else {
                throw GateError(.parameterInvalid, "the parameter \(quoted(name)) stands twice")
            }
        }
    }

    subscript(name: String) -> String? { values[name] }

    /// - Throws: `parameter_invalid` when there is any other.
    func check(known: Set<String>) throws(GateError) {
        if let stranger = values.keys.filter({ !known.contains($0) }).min() {
            throw GateError(.parameterInvalid, "\(quoted(stranger)) is not a parameter here: known are \(known.sorted().joined(separator: ", "))")
        }
    }

    func identifier<Name: Identifier>(_ name: String, _ type: Name.Type = Name.self) throws(GateError) -> Name? {
        guard let text = values[name] else { return nil }
        return try Name(text)
    }

    func required<Name: Identifier>(_ name: String, _ type: Name.Type = Name.self) throws(GateError) -> Name {
        guard let value: Name = try identifier(name) else { throw GateError(.parameterMissing, "the parameter \(name) is missing") }
        return value
    }

    func flag(_ name: String) throws(GateError) -> Bool {
        switch values[name] {
        case nil, "false"?: return false
        case "true"?, ""?: return true
        default: throw GateError(.parameterInvalid, "the parameter \(name) must be true or false")
        }
    }

    func limit() throws(GateError) -> Int {
        guard let text = values["limit"] else { return Page.defaultLimit }
        guard let limit = Int(text), (1...Page.largestLimit).contains(limit) else {
            throw GateError(
                .parameterInvalid, "the limit must be a whole number from 1 to \(Page.largestLimit)",
                limit: Int(text).map { .init("limit", provided: $0, allowed: Page.largestLimit) })
        }
        return limit
    }

    /// Percent-decoding to UTF-8; nil when either is broken.
    static func decode(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
        var bytes: [UInt8] = []
        var rest = Substring(text).utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(hexadecimal), let low = rest.popFirst().flatMap(hexadecimal) else { return nil }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(0x20)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
