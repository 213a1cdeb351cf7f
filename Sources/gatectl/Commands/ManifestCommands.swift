import ArgumentParser
import Foundation
import GateCore

/// The files that say how things should be.
struct ManifestOptions: ParsableArguments {
    @Option(
        name: [.customShort("f"), .customLong("file")], help: ArgumentHelp("A YAML file, or a folder of them; may be repeated.", valueName: "path"),
        completion: .file())
    var paths: [String]

    @Flag(help: "Also remove what the manifests do not name.") var prune = false
    @Flag(help: "Turn on again even what somebody turned off since the last apply.") var force = false
    @OptionGroup var newCompany: NewCompanyOption

    /// The body of a plan, and of an apply.
    func body() throws(GateError) -> JSONObject {
        var manifests: [JSONValue] = []
        for path in paths { manifests += try ManifestFiles.read(path).map(\.manifest) }
        return ["manifests": .array(manifests), "prune": .bool(prune), "force": .bool(force)]
    }
}

/// What applying would do.
struct PlanManifests: ReadCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "What applying manifests would change, whom it would concern, and the plan's hash.",
        discussion: examples("gatectl plan -f seeds", "gatectl plan -f flags.yaml -f gates.yaml --prune"))

    @OptionGroup var manifests: ManifestOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func request() throws -> Request {
        var request = Request.admin(.post, ["plan"], query: manifests.newCompany.query, body: .object(try manifests.body()))
        request.timeout = .seconds(60)
        return request
    }

    func lines(_ body: JSONValue) -> [Line] { Self.lines(of: body) }

    /// The difference, its impact and the hash of a plan.
    static func lines(of body: JSONValue) -> [Line] {
        let operations = body["operations"]?.arrayValue ?? []
        let difference =
            operations.isEmpty ? ["nothing changes: it already is so"] : Difference.lines(operations) + Receipt.impact(body["impact"], would: true)
        return difference + [["plan hash ", Span(body.words("plan_hash"), .bold)]]
    }
}

/// Makes the state what the manifests say.
struct ApplyManifests: WriteCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Make things what manifests say.",
        discussion: """
            Creates and changes what the manifests name; removes nothing without --prune. With --plan it does what that plan said, or nothing.

            \(examples("gatectl apply -f seeds --reason \"release 12\"", "gatectl apply -f seeds --plan HASH --reason \"release 12\""))
            """)

    @OptionGroup var manifests: ManifestOptions
    @Option(help: ArgumentHelp("Only if the plan is still this one: the hash that plan printed.", valueName: "hash")) var plan: String?
    @OptionGroup var options: WriteOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func request() throws -> Request {
        var body = try manifests.body()
        if let plan { body["plan_hash"] = .string(plan) }
        var request = Request.admin(.post, ["apply"], query: manifests.newCompany.query, body: .object(body))
        request.timeout = .seconds(60)
        return request
    }
}
