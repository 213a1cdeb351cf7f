import GateCore

/// A JSON Schema (2020-12), as OpenAPI 3.1 has it.
struct JSONSchema: Sendable, Hashable {
    private(set) var json: JSONObject

    init(_ json: JSONObject) { self.json = json }

    /// One of the document's named schemas.
    static func ref(_ name: String) -> JSONSchema { JSONSchema(["$ref": .string("#/components/schemas/\(name)")]) }

    /// An object with these members and no others.
    ///
    /// - Parameters:
    ///   - required: members that are always there.
    ///   - optional: members that may be missing.
    static func object(
        _ description: String, _ required: KeyValuePairs<String, JSONSchema>, optional: KeyValuePairs<String, JSONSchema> = [:]
    ) -> JSONSchema {
        object(description, required: Array(required), optional: Array(optional))
    }

    static func object(
        _ description: String, required: [(key: String, value: JSONSchema)], optional: [(key: String, value: JSONSchema)]
    ) -> JSONSchema {
        var json: JSONObject = ["type": "object", "description": .string(description)]
        if !required.isEmpty { json["required"] = .array(required.map { .string($0.key) }) }
        json["properties"] = .object(JSONObject((required + optional).map { ($0.key, .object($0.value.json)) }))
        json["additionalProperties"] = false
        return JSONSchema(json)
    }

    /// An object whose members' names are not known beforehand.
    static func map(_ description: String, of value: JSONSchema, named name: JSONSchema? = nil, most: Int? = nil) -> JSONSchema {
        var json: JSONObject = ["type": "object", "description": .string(description), "additionalProperties": .object(value.json)]
        json["propertyNames"] = name.map { .object($0.json) }
        json["maxProperties"] = most.map { .integer(Int64($0)) }
        return JSONSchema(json)
    }

    /// Any object.
    static func anyObject(_ description: String) -> JSONSchema { JSONSchema(["type": "object", "description": .string(description)]) }

    static func array(_ item: JSONSchema, _ description: String? = nil, least: Int? = nil, most: Int? = nil, isSet: Bool = false) -> JSONSchema {
        var json: JSONObject = ["type": "array"]
        json["description"] = description.map { .string($0) }
        json["items"] = .object(item.json)
        json["minItems"] = least.map { .integer(Int64($0)) }
        json["maxItems"] = most.map { .integer(Int64($0)) }
        if isSet { json["uniqueItems"] = true }
        return JSONSchema(json)
    }

    /// Distinct names, in some order.
    static func names(_ item: JSONSchema, _ description: String, most: Int, least: Int? = nil) -> JSONSchema {
        array(item, description, least: least, most: most, isSet: true)
    }

    static func string(_ description: String, pattern: String? = nil, least: Int? = nil, most: Int? = nil, format: String? = nil) -> JSONSchema {
        var json: JSONObject = ["type": "string", "description": .string(description)]
        json["format"] = format.map { .string($0) }
        json["minLength"] = least.map { .integer(Int64($0)) }
        json["maxLength"] = most.map { .integer(Int64($0)) }
        json["pattern"] = pattern.map { .string($0) }
        return JSONSchema(json)
    }

    /// One of these words.
    static func word(_ description: String, _ words: [String]) -> JSONSchema {
        JSONSchema(["type": "string", "description": .string(description), "enum": .array(words.map { .string($0) })])
    }

    static func constant(_ word: String) -> JSONSchema { JSONSchema(["type": "string", "const": .string(word)]) }

    static func boolean(_ description: String) -> JSONSchema { JSONSchema(["type": "boolean", "description": .string(description)]) }

    static func integer(_ description: String, _ range: PartialRangeFrom<Int64>) -> JSONSchema {
        JSONSchema(["type": "integer", "description": .string(description), "minimum": .integer(range.lowerBound)])
    }

    static func integer(_ description: String, in range: ClosedRange<Int64>) -> JSONSchema {
        var schema = integer(description, range.lowerBound...)
        schema.json["maximum"] = .integer(range.upperBound)
        return schema
    }

    static func number(_ description: String) -> JSONSchema { JSONSchema(["type": "number", "description": .string(description)]) }

    /// What any of these admits.
    static func anyOf(_ description: String, _ schemas: [JSONSchema]) -> JSONSchema {
        JSONSchema(["description": .string(description), "anyOf": .array(schemas.map { .object($0.json) })])
    }

    static let null = JSONSchema(["type": "null"])
}

extension JSONSchema {
    /// The same, and null.
    var orNull: JSONSchema {
        guard case .string(let type)? = json["type"], json["enum"] == nil else {
            return JSONSchema(["anyOf": .array([.object(json), .object(Self.null.json)])])
        }
        return with("type", [.string(type), "null"])
    }

    /// The same with one more keyword.
    func with(_ keyword: String, _ value: JSONValue) -> JSONSchema {
        var schema = self
        schema.json[keyword] = value
        return schema
    }

    /// The same with an example, which the tests hold against it.
    func example(_ value: JSONValue) -> JSONSchema { with("examples", .array([value])) }

    /// The same with a value that stands where nothing is given.
    func byDefault(_ value: JSONValue) -> JSONSchema { with("default", value) }

    /// The same, said by the path or moved by other means: it may be sent back as it was read.
    var readOnly: JSONSchema { with("readOnly", true) }

    /// The same, described in other words.
    func saying(_ description: String) -> JSONSchema { with("description", .string(description)) }
}
