import GateCore

/// The API's document as a page: no script, no picture, nothing from elsewhere.
struct DocumentationPage {
    private let document: JSONValue
    private let operations: [(tag: String, operation: Operation)]

    /// What the page shows of an operation.
    private struct Operation {
        let method: String
        let path: String
        let json: JSONValue

        var anchor: String { json["operationId"]?.stringValue ?? "" }
    }

    init(_ document: OpenAPIDocument) {
        self.document = document.json
        operations = (document.json["paths"]?.objectValue?.members ?? []).flatMap { path in
            (path.value.objectValue?.members ?? []).map { method in
                (
                    method.value["tags"]?.arrayValue?.first?.stringValue ?? "",
                    Operation(method: method.name.uppercased(), path: path.name, json: method.value)
                )
            }
        }
    }

    var bytes: [UInt8] { Array(page.text.utf8) }

    private var page: HTML {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Gate: the API</title>
        <link rel="stylesheet" href="/docs.css">
        </head>
        <body>
        <a class="skip" href="#content">To the content</a>
        <header><h1>Gate: the API</h1>
        <p>Version \(document["info"]?["version"]?.stringValue ?? "") · <a href="/openapi.json">openapi.json</a></p></header>
        <nav aria-label="Contents">\(tags.map(contents))<h2><a href="#errors">Errors</a></h2><h2>Schemas</h2><ul>\(schemas.map(entry))</ul></nav>
        <main id="content" tabindex="-1">
        \(paragraphs(document["info"]?["description"]?.stringValue ?? ""))
        \(tags.map(section))
        <section aria-labelledby="errors"><h2 id="errors">Errors</h2><article aria-labelledby="errors">\(errors)</article></section>
        <section aria-labelledby="schemas"><h2 id="schemas">Schemas</h2>\(schemas.map(schema))</section>
        </main>
        </body>
        </html>

        """
    }

    private var schemas: [JSONObject.Member] { document["components"]?["schemas"]?.objectValue?.members ?? [] }

    private var tags: [(name: String, description: String)] {
        (document["tags"]?.arrayValue ?? []).map { ($0["name"]?.stringValue ?? "", $0["description"]?.stringValue ?? "") }
            .filter { tag in operations.contains { $0.tag == tag.0 } }
    }

    private func paragraphs(_ text: String) -> HTML { "\(text.split(separator: "\n").map { "<p>\(HTML.prose(String($0)))</p>" as HTML })" }

    private func of(_ tag: String) -> [Operation] { operations.filter { $0.tag == tag }.map(\.operation) }

    private func contents(_ tag: (name: String, description: String)) -> HTML {
        let items = of(tag.name).map { "<li><a href=\"#\($0.anchor)\"><b>\($0.method)</b> \($0.path)</a></li>" as HTML }
        return "<h2><a href=\"#tag-\(tag.name)\">\(tag.name.prefix(1).uppercased() + tag.name.dropFirst())</a></h2><ul>\(items)</ul>"
    }

    private func entry(_ schema: JSONObject.Member) -> HTML { "<li><a href=\"#schema-\(schema.name)\">\(schema.name)</a></li>" }

    private func section(_ tag: (name: String, description: String)) -> HTML {
        let title = tag.name.prefix(1).uppercased() + tag.name.dropFirst()
        return """
            <section aria-labelledby="tag-\(tag.name)"><h2 id="tag-\(tag.name)">\(title)</h2>
            <p>\(HTML.prose(tag.description))</p>
            \(of(tag.name).map(article))</section>

            """
    }

    private func article(_ operation: Operation) -> HTML {
        let json = operation.json
        let description = json["description"]?.stringValue.map { "<p>\(HTML.prose($0))</p>" as HTML } ?? ""
        return """
            <article aria-labelledby="\(operation.anchor)">
            <h3 id="\(operation.anchor)"><b class="method">\(operation.method)</b> <code>\(operation.path)</code></h3>
            <p class="summary">\(HTML.prose(json["summary"]?.stringValue ?? ""))</p>
            \(description)\(parameters(json["parameters"]?.arrayValue ?? []))\(body(json["requestBody"]))\(answers(json["responses"]))
            </article>

            """
    }

    private func parameters(_ parameters: [JSONValue]) -> HTML {
        guard !parameters.isEmpty else { return "" }
        let rows = parameters.map { parameter -> HTML in
            """
            <tr><th scope="row"><code>\(parameter["name"]?.stringValue ?? "")</code></th><td>\(parameter["in"]?.stringValue ?? "")\
            \(parameter["required"] == true ? ", required" : "")</td><td>\(SchemaText(parameter["schema"] ?? .null).html)</td>\
            <td>\(HTML.prose(parameter["description"]?.stringValue ?? ""))</td></tr>

            """
        }
        return table("Parameters", ["Name", "In", "Form", "Meaning"], rows)
    }

    private func body(_ body: JSONValue?) -> HTML {
        guard let content = body?["content"]?.objectValue?.members.first else { return "" }
        let types = (body?["content"]?.objectValue?.members ?? []).map(\.name).joined(separator: ", ")
        return """
            <p>Body\(body?["required"] == true ? "" : " (may be left out)"): \(SchemaText(content.value["schema"] ?? .null).html), as \
            <code>\(types)</code>.</p>

            """
    }

    /// The ways in which all is well; and the errors, which are described once for all.
    private func answers(_ responses: JSONValue?) -> HTML {
        let all = responses?.objectValue?.members ?? []
        let rows = all.filter { $0.value["$ref"] == nil }.map { answer($0.name, $0.value, id: nil) }
        let errors = all.compactMap { member -> HTML? in
            guard let name = member.value["$ref"]?.stringValue?.split(separator: "/").last else { return nil }
            return "<a href=\"#answer-\(String(name))\">\(member.name)</a> "
        }
        return "\(table("Answers", ["Status", "Body", "Meaning"], rows))<p>Errors: \(errors)</p>"
    }

    private var errors: HTML {
        let rows = (document["components"]?["responses"]?.objectValue?.members ?? []).map { member in
            answer(String(member.name.suffix(3)), member.value, id: member.name)
        }
        return table("Every answer to what is refused, or goes wrong", ["Status", "Body", "Meaning"], rows)
    }

    private func answer(_ status: String, _ response: JSONValue, id: String?) -> HTML {
        let form = response["content"]?.objectValue?.members.first?.value["schema"].map { SchemaText($0).html } ?? "no body"
        let head: HTML = id.map { "<tr id=\"answer-\($0)\">" } ?? "<tr>"
        return "\(head)<th scope=\"row\">\(status)</th><td>\(form)</td><td>\(HTML.prose(response["description"]?.stringValue ?? ""))</td></tr>\n"
    }

    private func schema(_ schema: JSONObject.Member) -> HTML {
        let value = schema.value
        let needed = Set((value["required"]?.arrayValue ?? []).compactMap(\.stringValue))
        let rows = (value["properties"]?.objectValue?.members ?? []).map { member -> HTML in
            """
            <tr><th scope="row"><code>\(member.name)</code></th><td>\(SchemaText(member.value).html)\(needed.contains(member.name) ? ", required" : "")</td>\
            <td>\(HTML.prose(member.value["description"]?.stringValue ?? ""))</td></tr>

            """
        }
        let example = value["examples"]?.arrayValue?.first.map { "<p>For example</p><pre>\($0.text)</pre>" as HTML } ?? ""
        let form = rows.isEmpty ? "<p>\(SchemaText(value).html)</p>" as HTML : table("Members", ["Name", "Form", "Meaning"], rows)
        return """
            <article aria-labelledby="schema-\(schema.name)"><h3 id="schema-\(schema.name)"><code>\(schema.name)</code></h3>
            <p>\(HTML.prose(value["description"]?.stringValue ?? ""))</p>\(form)\(example)</article>

            """
    }

    private func table(_ caption: String, _ columns: [String], _ rows: [HTML]) -> HTML {
        """
        <table><caption>\(caption)</caption><thead><tr>\(columns.map { "<th scope=\"col\">\($0)</th>" as HTML })</tr></thead><tbody>
        \(rows)</tbody></table>

        """
    }
}
