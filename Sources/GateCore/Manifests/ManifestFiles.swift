import Foundation
import Yams

/// Manifests in files: YAML, one or more documents each.
package enum ManifestFiles {
    package static let largestFile = 8 << 20

    /// Reads a file, or every `.yaml` and `.yml` file directly in a folder, in the order of their names.
    ///
    /// - Throws: `manifest_invalid` or what the manifest's reader throws, with the file's name in front.
    package static func read(_ path: String) throws(GateError) -> [(file: String, manifest: JSONValue)] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw GateError(.manifestInvalid, "there is no file or folder \(path)")
        }
        var files = [path]
        if isFolder.boolValue {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
            files = names.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.sorted().map { path + "/" + $0 }
            guard !files.isEmpty else { throw GateError(.manifestInvalid, "the folder \(path) has no .yaml file") }
        }
        var manifests: [(String, JSONValue)] = []
        for file in files {
            guard let data = FileManager.default.contents(atPath: file), data.count <= largestFile, let text = String(data: data, encoding: .utf8)
            else {
                throw GateError(.manifestInvalid, "\(file) cannot be read as UTF-8 text of at most \(largestFile) bytes")
            }
            for manifest in try documents(text, file: file) { manifests.append((file, manifest)) }
        }
        return manifests
    }

    /// The entities of all manifests under a path. A name that stands twice is refused.
    package static func entities(_ path: String) throws(GateError) -> [Entity] {
        var entities: [Entity] = []
        var origins: [EntityRef: String] = [:]
        for (file, manifest) in try read(path) {
            do throws(GateError) {
                for entity in try Manifest.entities(JSONReader(manifest)) {
                    if let other = origins.updateValue(file, forKey: entity.ref) {
                        throw GateError(.manifestInvalid, "\(entity.ref) stands in \(other) too")
                    }
                    entities.append(entity)
                }
            } catch {
                throw error.with { $0.detail = "\(file): \($0.detail)" }
            }
        }
        return entities
    }

    /// The documents of one YAML text as JSON values.
    package static func documents(_ text: String, file: String) throws(GateError) -> [JSONValue] {
        var nodes: [Node] = []
        do {
            // The sequence ends at an error as if the text did, and keeps the error.
            var sequence = try compose_all(yaml: text)
            while let node = sequence.next() { nodes.append(node) }
            if let error = sequence.error { throw error }
        } catch {
            throw GateError(.manifestInvalid, "\(file): this is not YAML: \(error)")
        }
        var budget = 2_000_000
        var values: [JSONValue] = []
        for node in nodes {
            let value = try json(node, depth: 0, budget: &budget, file: file)
            if value != .null { values.append(value) }
        }
        return values
    }

    /// - Parameter budget: how many nodes may still come; aliases can make a small text large.
    private static func json(_ node: Node, depth: Int, budget: inout Int, file: String) throws(GateError) -> JSONValue {
        budget -= 1
        guard budget > 0, depth <= JSONParser.deepest else { throw GateError(.manifestInvalid, "\(file): the YAML is too large or too deep") }
        switch node {
        case .scalar(let scalar): return json(scalar, node)
        case .sequence(let sequence):
            var elements: [JSONValue] = []
            for element in sequence { elements.append(try json(element, depth: depth + 1, budget: &budget, file: file)) }
            return .array(elements)
        case .mapping(let mapping):
            var members: [(String, JSONValue)] = []
            var names: Set<String> = []
            for (key, value) in mapping {
                guard case .scalar(let name) = key, names.insert(name.string).inserted else {
                    throw GateError(.manifestInvalid, "\(file): a name stands twice, or is not a plain text, at line \(key.mark?.line ?? 0)")
                }
                members.append((name.string, try json(value, depth: depth + 1, budget: &budget, file: file)))
            }
            return .object(JSONObject(members))
        case .alias: throw GateError(.manifestInvalid, "\(file): an alias stands for nothing")
        }
    }

    private static func json(_ scalar: Node.Scalar, _ node: Node) -> JSONValue {
        guard scalar.style == .plain else { return .string(scalar.string) }
        if let flag = node.bool { return .bool(flag) }
        if node.null != nil { return .null }
        if let number = Int64(scalar.string) { return .integer(number) }
        if let number = fraction(scalar.string) { return .number(number) }
        return .string(scalar.string)
    }

    /// A decimal fraction, `0.05`; nil for anything else that looks like a number.
    private static func fraction(_ text: String) -> Double? {
        guard text.utf8.allSatisfy({ "0123456789.-e".utf8.contains($0) }), text.utf8.contains(where: { ".e".utf8.contains($0) }) else { return nil }
        return Double(text)
    }

    /// Manifests as one YAML text, a document each.
    package static func text(_ manifests: [JSONValue]) throws(GateError) -> String {
        do {
            var text = ""
            for manifest in manifests { text += "---\n" + (try serialize(node: node(manifest), sortKeys: false)) }
            return text
        } catch {
            throw GateError(.unexpected, "the manifests cannot be written as YAML")
        }
    }

    private static func isPlain(_ text: String) -> Bool {
        let scalar = Node.Scalar(text, Tag(.implicit), .plain)
        return json(scalar, .scalar(scalar)) == .string(text)
    }

    private static func node(_ value: JSONValue) -> Node {
        switch value {
        case .null: Node("null", Tag(.null))
        case .bool(let flag): Node(flag ? "true" : "false", Tag(.bool))
        case .integer(let number): Node(String(number), Tag(.int))
        case .number(let number): Node(String(number), Tag(.float))
        case .string(let text):
            // What plain text would be read back as something else is quoted.
            isPlain(text) ? Node(text, Tag(.str)) : .scalar(.init(text, Tag(.str), .doubleQuoted))
        case .array(let elements): Node(elements.map(node), Tag(.seq))
        case .object(let object): Node(object.members.map { (node(.string($0.name)), node($0.value)) }, Tag(.map))
        }
    }
}
