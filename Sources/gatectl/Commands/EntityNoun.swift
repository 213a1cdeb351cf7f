import ArgumentParser
import GateCore

/// A kind of thing that the server keeps a collection of. `list`, `get`, `create`, `edit` and `delete` are written once, for all of them.
protocol EntityNoun: Sendable {
    associatedtype Name: Identifier
    /// Whose collection it is: the server's, or a company's.
    associatedtype Scope: EntityScope = WholeServer
    /// What `list` can be narrowed to.
    associatedtype Filter: EntityFilter = NoFilter

    /// `flag`: the word on the command line.
    static var noun: String { get }
    /// `flags`: the segment of the path.
    static var collection: String { get }
    static var columns: [Table.Column] { get }
    /// A name for the examples of the help, with its scope if it has one.
    static var example: String { get }
    static var listWord: String { get }
    static var deleteWord: String { get }
}

extension EntityNoun {
    static var listWord: String { "list" }
    static var deleteWord: String { "delete" }

    /// `a flag`, `an …`: for sentences.
    static var aNoun: String { ("aeio".contains(noun.prefix(1)) ? "an " : "a ") + noun }
}

/// A thing that is made and changed with options for its members.
protocol EditableNoun: EntityNoun {
    associatedtype Members: EntityMembers

    /// The member that holds its name: `code`, `key`, `id`, `name`.
    static var nameMember: String { get }
    static var createWord: String { get }
    /// Whether making one that exists already replaces it; else that is a conflict.
    static var createReplaces: Bool { get }
    /// The options that an example of the help shows.
    static var exampleOptions: String { get }
}

extension EditableNoun {
    static var createWord: String { "create" }
    static var createReplaces: Bool { false }
}

/// Options for the members of an entity, each of them optional.
protocol EntityMembers: ParsableArguments {
    /// Those that were given.
    var given: JSONObject { get }
    /// Those that `edit --clear` may set back.
    static var clearable: [String] { get }
}

protocol EntityScope: ParsableArguments {
    /// The segments of the path before the collection.
    var path: [String] { get }
}

protocol EntityFilter: ParsableArguments {
    var query: [Request.Parameter] { get }
}

/// The scope of what is not within a company.
struct WholeServer: EntityScope {
    var path: [String] { [] }
}

struct NoFilter: EntityFilter {
    var query: [Request.Parameter] { [] }
}

/// Members that were given, by name.
func members(_ pairs: (String, JSONValue?)...) -> JSONObject {
    JSONObject(pairs.compactMap { pair in pair.1.map { (pair.0, $0) } })
}

extension JSONValue {
    /// A string, where there is one.
    static func given(_ text: String?) -> JSONValue? { text.map { .string($0) } }
    static func given(_ flag: Bool?) -> JSONValue? { flag.map { .bool($0) } }
    /// A list, where it has elements.
    static func given(_ names: [some Identifier]) -> JSONValue? { names.isEmpty ? nil : .strings(names) }
}

extension String {
    /// With a capital first letter.
    var capitalised: String { prefix(1).uppercased() + dropFirst() }
}
