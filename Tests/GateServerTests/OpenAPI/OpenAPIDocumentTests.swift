import GateCore
import HTTPTypes
import Testing

@testable import GateServer

/// The document says of every route what the route does.
@Suite("The API's document")
struct OpenAPIDocumentTests {
    private static let endpoints = DocumentationController.documenting(
        Routes.published + Routes.administration + PublicFile.sdk.map { $0.endpoint(at: "/sdk/\($0.name)") })
    private static let document = OpenAPIDocument(endpoints).json

    private static func operation(_ endpoint: Endpoint) -> JSONValue? {
        document["paths"]?[endpoint.path]?[endpoint.method.rawValue.lowercased()]
    }

    private static func resolve(_ reference: String) -> JSONValue? {
        guard reference.hasPrefix("#/") else { return nil }
        return reference.dropFirst(2).split(separator: "/").reduce(Optional(document)) { value, name in value?[String(name)] }
    }

    /// Every object of the document, the innermost included.
    private static func objects(_ value: JSONValue) -> [JSONObject] {
        switch value {
        case .array(let elements): elements.flatMap(objects)
        case .object(let object): [object] + object.members.flatMap { objects($0.value) }
        default: []
        }
    }

    @Test("Every endpoint is an operation with a summary, an answer and its errors, and there are no others")
    func complete() throws {
        for endpoint in Self.endpoints {
            let name = "\(endpoint.method) \(endpoint.path)"
            let operation = try #require(Self.operation(endpoint), "\(name)")
            #expect(operation["summary"]?.stringValue?.isEmpty == false, "\(name)")
            let answers = try #require(operation["responses"]?.objectValue, "\(name)")
            let good = answers.members.filter { $0.name.hasPrefix("2") }
            #expect(!good.isEmpty && good.allSatisfy { $0.value["content"] != nil }, "\(name) has no answer")
            let errors = Set(answers.members.map(\.name).filter { $0.hasPrefix("4") || $0.hasPrefix("5") })
            var expected: Set<String> = ["400", "406", "408", "414", "417", "431", "500", "503"]
            if endpoint.access.looksAtCredential { expected.formUnion(["401", "403", "429"]) }
            if endpoint.takes != nil { expected.formUnion(["413", "415"]) }
            if endpoint.parameters?.contains("wait") == true { expected.formUnion(["409", "422", "507"]) }
            expected.subtract(endpoint.errors.absent.map { "\($0)" })
            #expect(errors.isSuperset(of: expected), "\(name) lacks \(expected.subtracting(errors).sorted())")
            #expect((operation["security"] == []) == (!endpoint.access.looksAtCredential), "\(name)")
            #expect((operation["requestBody"] == nil) == (endpoint.takes == nil), "\(name)")
        }
        let paths = try #require(Self.document["paths"]?.objectValue)
        #expect(paths.members.reduce(0) { $0 + ($1.value.objectValue?.members.count ?? 0) } == Self.endpoints.count)
    }

    @Test("A body is described exactly where one may be sent")
    func bodies() {
        for endpoint in Self.endpoints where [.put, .patch].contains(endpoint.method) {
            #expect(endpoint.takes != nil, "\(endpoint.method) \(endpoint.path)")
        }
        for endpoint in Self.endpoints where [.get, .delete].contains(endpoint.method) {
            #expect(endpoint.takes == nil, "\(endpoint.method) \(endpoint.path)")
        }
    }

    @Test("Every reference leads somewhere, and every component is referred to")
    func references() throws {
        let references = Set(Self.objects(Self.document).compactMap { $0["$ref"]?.stringValue })
        for reference in references { #expect(Self.resolve(reference) != nil, "\(reference)") }
        for kind in ["schemas", "responses", "headers"] {
            let components = try #require(Self.document["components"]?[kind]?.objectValue)
            #expect(Set(components.members.map(\.name)).count == components.members.count, "\(kind) has a name twice")
            for component in components.members { #expect(references.contains("#/components/\(kind)/\(component.name)"), "\(component.name)") }
        }
    }

    @Test("The parameters are those of the path, those of the query that the endpoint knows, and each is described")
    func parameters() throws {
        for endpoint in Self.endpoints {
            let name = "\(endpoint.method) \(endpoint.path)"
            let parameters = try #require(Self.operation(endpoint))["parameters"]?.arrayValue ?? []
            func names(_ place: String) -> Set<String> {
                Set(parameters.filter { $0["in"] == .string(place) }.compactMap { $0["name"]?.stringValue })
            }
            let path = endpoint.path.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
            #expect(names("path") == Set(path), "\(name)")
            #expect(names("query") == endpoint.documented, "\(name)")
            if let known = endpoint.parameters { #expect(known.isSuperset(of: endpoint.documented), "\(name)") }
            for parameter in parameters {
                #expect(parameter["description"]?.stringValue?.isEmpty == false, "\(name): \(parameter["name"]?.text ?? "")")
                #expect(parameter["in"] != "path" || parameter["required"] == true)
            }
        }
    }

    @Test("Operations are told apart by their ids")
    func identifiers() {
        let identifiers = Self.endpoints.compactMap { Self.operation($0)?["operationId"]?.stringValue }
        #expect(identifiers.count == Self.endpoints.count && Set(identifiers).count == identifiers.count)
    }

    @Test("The codes of problems are a closed list: of each status those that have it")
    func codes() throws {
        let all = try #require(Self.document["components"]?["schemas"]?["Problem"]?["properties"]?["code"]?["enum"]?.arrayValue)
        #expect(Set(all).count == all.count)
        for code in GateError.Code.answered { #expect(all.contains(.string(code.rawValue))) }
        for code in RequestRefusal.Code.allCases { #expect(all.contains(.string(code.rawValue))) }
        for status in [400, 401, 403, 404, 409, 412, 413, 414, 415, 422, 429, 431, 500, 503, 507] {
            let response = try #require(Self.document["components"]?["responses"]?["Problem\(status)"], "\(status)")
            let schema = response["content"]?["application/problem+json"]?["schema"]
            let codes = try #require(schema?["properties"]?["code"]?["enum"]?.arrayValue, "\(status)")
            #expect(!codes.isEmpty && Set(codes).isSubset(of: Set(all)), "\(status)")
        }
    }
}
