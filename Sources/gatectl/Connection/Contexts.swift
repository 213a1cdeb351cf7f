import Foundation
import GateCore

/// A named server: a server is an environment.
struct Context: Sendable {
    var url: String
    var tokenFile: String?
}

/// The named servers, in `gate/config.json` under `XDG_CONFIG_HOME` or `~/.config`, mode 0600.
///
/// Members that this version does not know are kept.
struct Contexts: Sendable {
    let path: String
    private var root: JSONObject

    /// Reads the file; none is the same as an empty one.
    init(environment: [String: String]) throws {
        let configured = environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        path = (configured ?? absolutePath("~/.config")) + "/gate/config.json"
        root = [:]
        guard let data = FileManager.default.contents(atPath: path) else { return }
        do throws(GateError) {
            guard case .object(let object) = try JSONParser.parse(data) else { throw GateError(.typeMismatch, "it must be an object") }
            root = object
        } catch {
            throw Failure(.usage, "contexts_invalid", "\(path) cannot be used: \(error.detail)")
        }
    }

    var current: String? { root["current"]?.stringValue }

    /// The names, sorted.
    var names: [String] { root["contexts"]?.objectValue?.members.map(\.name).sorted() ?? [] }

    /// The file's content, for `context list` as JSON.
    var json: JSONValue { .object(root) }

    subscript(name: String) -> Context? {
        get {
            guard let entry = root["contexts"]?[name], let url = entry["url"]?.stringValue else { return nil }
            return Context(url: url, tokenFile: entry["token_file"]?.stringValue)
        }
        set {
            var contexts = root["contexts"]?.objectValue ?? [:]
            if let newValue {
                var entry = contexts[name]?.objectValue ?? [:]
                entry["url"] = .string(newValue.url)
                entry["token_file"] = newValue.tokenFile.map { .string($0) }
                contexts[name] = .object(entry)
            } else {
                contexts[name] = nil
                if current == name { root["current"] = nil }
            }
            root["contexts"] = .object(contexts)
        }
    }

    /// Makes it the one that commands talk to unless told otherwise.
    mutating func use(_ name: String) { root["current"] = .string(name) }

    /// - Throws: a failure that names the known ones.
    func named(_ name: String) throws -> Context {
        guard let context = self[name] else {
            let known = names.isEmpty ? "there are none yet: gatectl login" : "known are \(names.joined(separator: ", "))"
            throw Failure(.usage, "context_unknown", "there is no context \(quoted(name))", advice: known)
        }
        return context
    }

    func save() throws { try PrivateFile.write(json.text + "\n", to: path) }

    /// Where `login` keeps a context's token.
    func tokenFile(of name: String) -> String { (path as NSString).deletingLastPathComponent + "/tokens/" + name }

    /// A context's name, which may become a file's.
    static func checkedName(_ name: String) throws -> String {
        let bytes = name.utf8
        guard let first = bytes.first, first.isASCIIAlphanumeric, bytes.count <= 100,
            bytes.allSatisfy({ $0.isASCIIAlphanumeric || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") })
        else {
            throw Failure(
                .usage, "context_name_invalid",
                "\(quoted(name)) cannot name a context: 1 to 100 characters of A-Z a-z 0-9 . _ -, the first a letter or digit")
        }
        return name
    }
}
