import Foundation
import GateCore

/// The demo: everything under `.gate/`, with a signing key of its own, so that anybody can make users' tokens.
struct Demo: Sendable {
    static let folder = ".gate"
    static let issuer = "https://sso.demo.invalid"
    static let audience = "gate"

    let database = folder + "/demo.db"
    let seeds = ["seeds", "seeds/demo"]
    let tokenFile = folder + "/admin.token"
    let signer: DemoSigner
    /// Where the CRM's stand-in and the demo itself listen, once they do.
    let standIn = DemoController.StandIn()
    let host = DemoController.StandIn()

    init() throws(GateError) { signer = try DemoSigner(folder: Self.folder) }

    func heard(_ listener: Composition.Listening) throws {
        switch listener.name {
        case "crm-stand-in": standIn.url = listener.url
        case nil:
            host.url = listener.url
            try writeContext(url: listener.url)
        default: break
        }
    }

    /// Names the server for gatectl: the context `demo`, beside the ones that are there.
    private func writeContext(url: String) throws {
        let environment = ProcessInfo.processInfo.environment
        let home = environment["XDG_CONFIG_HOME"] ?? (environment["HOME"] ?? ".") + "/.config"
        let path = home + "/gate/config.json"
        var config: JSONObject = [:]
        if let known = FileManager.default.contents(atPath: path) { config = try JSONReader(JSONParser.parse(known)).members().object }
        var contexts = config["contexts"]?.objectValue ?? [:]
        let token = FileManager.default.currentDirectoryPath + "/" + tokenFile
        contexts["demo"] = ["url": .string(url), "token_file": .string(token)]
        config["contexts"] = .object(contexts)
        if config["current"] == nil { config["current"] = "demo" }
        try FileManager.default.createDirectory(atPath: home + "/gate", withIntermediateDirectories: true)
        try SmallFile.put(JSONWriter.bytes(.object(config)), at: path, mode: 0o600, replacing: true)
    }
}
