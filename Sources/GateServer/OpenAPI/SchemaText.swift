import GateCore

/// A schema in a few words: what it is, and its limits.
struct SchemaText {
    private let schema: JSONValue

    init(_ schema: JSONValue) { self.schema = schema }

    var html: HTML {
        if let name = schema["$ref"]?.stringValue?.split(separator: "/").last { return "<a href=\"#schema-\(String(name))\">\(String(name))</a>" }
        if let general = schema["allOf"]?.arrayValue?.first, schema["type"] == nil { return SchemaText(general).html }
        if let choices = schema["anyOf"]?.arrayValue, schema["type"] == nil { return joined(choices.map { SchemaText($0).html }, " or ") }
        if let words = schema["enum"]?.arrayValue { return joined(words.map { "<code>\($0.stringValue ?? $0.text)</code>" as HTML }, ", ") }
        if let word = schema["const"] { return "<code>\(word.stringValue ?? word.text)</code>" }
        return "\(kind)\(limits)"
    }

    private var types: [String] { schema["type"]?.arrayValue?.compactMap(\.stringValue) ?? [schema["type"]?.stringValue ?? "any"] }

    private var kind: HTML {
        let name = types.joined(separator: " or ")
        if let items = schema["items"] { return "\(name) of \(SchemaText(items).html)" }
        if types.contains("object"), let values = schema["additionalProperties"], values != false { return "\(name) of \(SchemaText(values).html)" }
        if let members = schema["properties"]?.objectValue?.members {
            return "\(name): \(joined(members.map { "<code>\($0.name)</code> \(SchemaText($0.value).html)" as HTML }, "; "))"
        }
        return "\(name)"
    }

    private var limits: HTML {
        func pair(_ least: String, _ most: String, _ what: String) -> String? {
            switch (schema[least], schema[most]) {
            case (nil, nil): nil
            case (let least?, nil): "at least \(least.text)\(what)"
            case (nil, let most?): "at most \(most.text)\(what)"
            case (let least?, let most?): "\(least.text) to \(most.text)\(what)"
            }
        }
        var limits = [
            pair("minimum", "maximum", ""), pair("minLength", "maxLength", " characters"), pair("minItems", "maxItems", " elements"),
            schema["uniqueItems"] == true ? "distinct" : nil, schema["format"]?.stringValue, schema["default"].map { "by default \($0.text)" },
        ].compactMap { $0 }.map { "\($0)" as HTML }
        if let pattern = schema["pattern"]?.stringValue { limits.append("<code>\(pattern)</code>") }
        return limits.isEmpty ? "" : ", \(joined(limits, ", "))"
    }

    private func joined(_ pieces: [HTML], _ separator: String) -> HTML {
        var all: [HTML] = []
        for (index, piece) in pieces.enumerated() {
            if index > 0 { all.append("\(separator)") }
            all.append(piece)
        }
        return "\(all)"
    }
}
