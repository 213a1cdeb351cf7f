/// A value together with its place in the document, so that every complaint about it names that place.
package struct JSONReader: Sendable {
    package let value: JSONValue
    package let pointer: String

    package init(_ value: JSONValue, pointer: String = "") {
        self.value = value
        self.pointer = pointer
    }

    func mismatch(_ expected: String) -> GateError {
        GateError(.typeMismatch, "\(pointer.isEmpty ? "the body" : pointer) must be \(expected), not \(value.typeName)", pointer: pointer)
    }

    package func string() throws(GateError) -> String {
        guard case .string(let text) = value else { throw mismatch("a string") }
        return text
    }

    /// A text for people: bounded, without control characters.
    package func text(longest: Int) throws(GateError) -> String {
        let text = try string()
        try Self.check(text, longest: longest, what: pointer, pointer: pointer)
        return text
    }

    package static func check(_ text: String, longest: Int, what: String, pointer: String? = nil) throws(GateError) {
        guard text.unicodeScalars.count <= longest else {
            throw GateError(
                .limitExceeded, "\(what) is too long: at most \(longest) characters", pointer: pointer,
                limit: .init("characters", provided: text.unicodeScalars.count, allowed: longest))
        }
        guard
            !text.unicodeScalars.contains(where: {
                $0.properties.generalCategory == .control || (0x2028...0x202E).contains($0.value) || (0x2066...0x2069).contains($0.value)
            })
        else { throw GateError(.textInvalid, "\(what) holds a control character: only printable text is taken", pointer: pointer) }
    }

    package func bool() throws(GateError) -> Bool {
        guard case .bool(let flag) = value else { throw mismatch("true or false") }
        return flag
    }

    package func integer(in range: ClosedRange<Int64>) throws(GateError) -> Int64 {
        guard let number = value.wholeNumber else { throw mismatch("a whole number") }
        guard range.contains(number) else {
            throw GateError(.limitExceeded, "\(pointer) must be \(range.lowerBound) to \(range.upperBound), not \(number)", pointer: pointer)
        }
        return number
    }

    package func identifier<Name: Identifier>(_ type: Name.Type = Name.self) throws(GateError) -> Name { try Name(string(), at: pointer) }

    package func elements(atMost limit: Int) throws(GateError) -> [JSONReader] {
        guard case .array(let elements) = value else { throw mismatch("an array") }
        guard elements.count <= limit else {
            throw GateError(
                .limitExceeded, "\(pointer) has too many elements: at most \(limit)", pointer: pointer,
                limit: .init("elements", provided: elements.count, allowed: limit))
        }
        return elements.enumerated().map { JSONReader($1, pointer: "\(pointer)/\($0)") }
    }

    /// A list of distinct names, in the order given.
    package func identifiers<Name: Identifier>(_ type: Name.Type = Name.self, atMost limit: Int) throws(GateError) -> [Name] {
        var names: [Name] = []
        for element in try elements(atMost: limit) {
            let name: Name = try element.identifier()
            guard !names.contains(name) else {
                throw GateError(.textInvalid, "\(element.pointer) repeats \(name): each may stand once", pointer: element.pointer)
            }
            names.append(name)
        }
        return names
    }

    /// The members of an object.
    ///
    /// - Parameter known: the names that may stand here; nil admits any.
    /// - Throws: `member_unknown` with the member's pointer.
    package func members(_ known: Set<String>? = nil) throws(GateError) -> JSONMembers {
        guard case .object(let object) = value else { throw mismatch("an object") }
        if let known, let stranger = object.members.first(where: { !known.contains($0.name) }) {
            throw GateError(
                .memberUnknown, "\(quoted(stranger.name)) is not a member here: known are \(known.sorted().joined(separator: ", "))",
                pointer: pointer + JSONPointer.text([stranger.name]))
        }
        return JSONMembers(object: object, pointer: pointer)
    }
}

/// The members of one object, each with its place.
package struct JSONMembers: Sendable {
    package let object: JSONObject
    package let pointer: String

    /// The member, unless it is absent or null.
    package subscript(name: String) -> JSONReader? {
        guard let value = object[name], value != .null else { return nil }
        return JSONReader(value, pointer: pointer + JSONPointer.text([name]))
    }

    /// - Throws: `member_missing`.
    package func required(_ name: String) throws(GateError) -> JSONReader {
        guard let reader = self[name] else {
            throw GateError(.memberMissing, "the member \(name) is missing", pointer: pointer + JSONPointer.text([name]))
        }
        return reader
    }

    /// Every member with its name, null ones included.
    package var all: [(name: String, reader: JSONReader)] {
        object.members.map { ($0.name, JSONReader($0.value, pointer: pointer + JSONPointer.text([$0.name]))) }
    }
}
