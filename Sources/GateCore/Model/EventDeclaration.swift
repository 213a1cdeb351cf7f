/// What a property's value may look like. Closed, and without free text: a name, a phone number with its plus or an e-mail address
/// matches none of them, so none can be stored.
package enum PropertyPattern: String, Sendable, CaseIterable {
    /// `[A-Za-z0-9_-][A-Za-z0-9._:-]{0,127}`: what the embed panel takes for a ticket's id, so that no ticket's event is refused for its id.
    case id
    /// `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`
    case code
    /// `[a-z][a-z0-9_-]{0,31}`
    case word
    /// `http://host` or `https://host`, with a port or without, in lower case, at most 128 characters.
    case origin

    package func admits(_ text: String) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first else { return false }
        switch self {
        case .id:
            return bytes.count <= 128 && (first.isASCIIAlphanumeric || first.isDashOrUnderscore)
                && bytes.allSatisfy { $0.isASCIIAlphanumeric || $0.isDashOrUnderscore || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") }
        case .code:
            return bytes.count <= 64 && first.isASCIIAlphanumeric
                && bytes.allSatisfy { $0.isASCIIAlphanumeric || $0.isDashOrUnderscore || $0 == UInt8(ascii: ".") }
        case .word:
            return bytes.count <= 32 && first.isASCIILowercase
                && bytes.allSatisfy { $0.isASCIILowercase || $0.isASCIIDigit || $0.isDashOrUnderscore }
        case .origin: return bytes.count <= 128 && Self.isOrigin(text)
        }
    }

    /// A scheme, a host of labels of letters, digits and dashes, and perhaps a port: as browsers serialise an origin (RFC 6454 §6.2).
    private static func isOrigin(_ text: String) -> Bool {
        let scheme = text.hasPrefix("https://") ? 8 : text.hasPrefix("http://") ? 7 : 0
        guard scheme > 0 else { return false }
        let parts = text.utf8.dropFirst(scheme).split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2 {
            guard (1...5).contains(parts[1].count), parts[1].allSatisfy(\.isASCIIDigit) else { return false }
        }
        return parts[0].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            let isPlain = label.allSatisfy { $0.isASCIILowercase || $0.isASCIIDigit || $0 == UInt8(ascii: "-") }
            return isPlain && !label.isEmpty && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
        }
    }
}

extension UInt8 {
    fileprivate var isDashOrUnderscore: Bool { self == UInt8(ascii: "-") || self == UInt8(ascii: "_") }
    fileprivate var isASCIIDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
    fileprivate var isASCIILowercase: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) }
}

/// An event that clients may post: its name, and the only properties of it that are ever stored.
package struct EventDeclaration: Hashable, Sendable {
    package static let mostProperties = 32
    package static let longestLabel = 200

    /// A property that an event may have.
    package struct Property: Hashable, Sendable {
        package var name: PropertyName
        package var pattern: PropertyPattern
        /// Without it the event is refused.
        package var isRequired: Bool

        package init(_ name: PropertyName, _ pattern: PropertyPattern, isRequired: Bool = false) {
            self.name = name
            self.pattern = pattern
            self.isRequired = isRequired
        }
    }

    package var name: EventName
    /// A display label that is taken as another name of the event (RFC §3, Naming note).
    package var label: String?
    package var description: String
    /// By name.
    package private(set) var properties: [Property]

    package init(name: EventName, label: String? = nil, description: String = "", properties: some Sequence<Property> = []) {
        self.name = name
        self.label = label
        self.description = description
        self.properties = properties.sorted { $0.name < $1.name }
    }

    package func property(_ name: String) -> Property? { properties.first { $0.name.rawValue == name } }
}

extension EventDeclaration: EntityValue {
    package init(_ reader: JSONReader) throws(GateError) {
        let members = try reader.members(["name", "label", "description", "required", "properties"])
        let required = try members["required"]?.identifiers(PropertyName.self, atMost: Self.mostProperties) ?? []
        var properties: [Property] = []
        for (name, pattern) in try members["properties"]?.members().all ?? [] {
            let name = try PropertyName(name, at: pattern.pointer)
            properties.append(Property(name, try PropertyPattern(pattern), isRequired: required.contains(name)))
        }
        guard properties.count <= Self.mostProperties else {
            throw GateError(
                .limitExceeded, "an event has at most \(Self.mostProperties) properties", pointer: reader.pointer + "/properties",
                limit: .init("properties", provided: properties.count, allowed: Self.mostProperties))
        }
        if let index = required.firstIndex(where: { name in !properties.contains { $0.name == name } }) {
            throw GateError(
                .textInvalid, "\(required[index]) is required, but not among the properties", pointer: "\(reader.pointer)/required/\(index)")
        }
        self.init(
            name: try members.required("name").identifier(), label: try members["label"].map(Self.label),
            description: try members["description"]?.text(longest: Flag.longestDescription) ?? "", properties: properties)
    }

    /// A label is told from every event's name by its form, so that one text never means two events.
    private static func label(_ reader: JSONReader) throws(GateError) -> String {
        let text = try reader.text(longest: longestLabel)
        guard !text.isEmpty, !EventName.rule.admits(text) else {
            throw GateError(.textInvalid, "\(reader.pointer) must not be empty or of the form of an event's name", pointer: reader.pointer)
        }
        return text
    }

    package var json: JSONValue {
        [
            "name": .string(name.rawValue), "label": label.map { .string($0) } ?? .null, "description": .string(description),
            "required": .strings(properties.filter(\.isRequired).map(\.name)),
            "properties": .object(JSONObject(properties.map { ($0.name.rawValue, .string($0.pattern.rawValue)) })),
        ]
    }
}

extension PropertyPattern {
    fileprivate init(_ reader: JSONReader) throws(GateError) {
        guard let pattern = PropertyPattern(rawValue: try reader.string()) else {
            throw GateError(
                .textInvalid, "\(reader.pointer) must be one of \(Self.allCases.map(\.rawValue).joined(separator: ", "))", pointer: reader.pointer)
        }
        self = pattern
    }
}
