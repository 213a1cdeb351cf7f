import Foundation

/// Another system's file of definitions: one JSON or YAML document.
package enum ForeignFile {
    package static let largest = 8 << 20

    /// - Parameter path: `-` is standard input.
    /// - Throws: `manifest_invalid` where there is no such file or it is no such document, with the file's name.
    package static func read(_ path: String) throws(GateError) -> JSONValue {
        let data = path == "-" ? try? FileHandle.standardInput.read(upToCount: largest + 1) ?? Data() : content(of: path)
        guard let data else { throw GateError(.manifestInvalid, "\(path) cannot be read") }
        guard data.count <= largest, let text = String(data: data, encoding: .utf8) else {
            throw GateError(.manifestInvalid, "\(path) is not UTF-8 text of at most \(largest) bytes")
        }
        return try document(text, file: path)
    }

    /// Never more than one byte beyond what is taken: the path may be a device.
    private static func content(of path: String) -> Data? {
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        return try? file.read(upToCount: largest + 1) ?? Data()
    }

    /// A text that begins as a JSON object or array does is JSON, unless the name says YAML.
    static func document(_ text: String, file: String) throws(GateError) -> JSONValue {
        let isYAML = file.hasSuffix(".yaml") || file.hasSuffix(".yml")
        if !isYAML, let first = text.first(where: { !$0.isWhitespace }), "{[".contains(first) {
            do throws(GateError) { return try JSONParser.parse(text) } catch { throw error.with { $0.detail = "\(file): \($0.detail)" } }
        }
        let documents = try ManifestFiles.documents(text, file: file)
        guard documents.count == 1 else { throw GateError(.manifestInvalid, "\(file) must hold one document, not \(documents.count)") }
        return documents[0]
    }
}
