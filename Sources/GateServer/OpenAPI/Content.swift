/// A body, as the document has it: its media types, and the schema of what is in it.
struct Content: Sendable {
    var mediaTypes: [String]
    var schema: JSONSchema
    /// A request may come without it.
    var isOptional = false

    /// JSON, of a named schema.
    static func json(_ name: String) -> Content { Content(mediaTypes: ["application/json"], schema: .ref(name)) }

    /// The same, where no body is as good as an empty object.
    static func optional(_ name: String) -> Content { Content(mediaTypes: ["application/json"], schema: .ref(name), isOptional: true) }

    /// A JSON merge patch (RFC 7396), of a named schema.
    static func patch(_ name: String) -> Content {
        Content(mediaTypes: ["application/json", "application/merge-patch+json"], schema: .ref(name))
    }

    /// A part of a list.
    static func page(of item: String) -> Content {
        Content(
            mediaTypes: ["application/json"],
            schema: .object(
                "A part of a list.", ["data": .array(.ref(item))],
                optional: ["next": .string("The `after` to ask with for what follows; absent at the end.")]))
    }

    /// A whole list.
    static func list(of item: String) -> Content {
        Content(mediaTypes: ["application/json"], schema: .object("A whole list.", ["data": .array(.ref(item))]))
    }

    /// Manifests, one a line.
    static let lines = Content(mediaTypes: Import.mediaTypes, schema: .ref("ImportLines"))

    /// A file.
    static func file(_ mediaType: String) -> Content { Content(mediaTypes: [mediaType], schema: .string("The file's bytes.")) }

    /// Text of some other form.
    static func text(_ mediaType: String, _ description: String) -> Content { Content(mediaTypes: [mediaType], schema: .string(description)) }
}

extension Content: ExpressibleByStringLiteral {
    /// JSON, of a named schema.
    init(stringLiteral name: String) { self = .json(name) }
}

/// One way in which all is well.
struct Outcome: Sendable {
    var status: Int
    /// Nil for an answer without a body.
    var content: Content?

    init(_ status: Int, _ content: Content?) {
        self.status = status
        self.content = content
    }
}
