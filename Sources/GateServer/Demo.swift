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

    init() throws(GateError) { signer = try DemoSigner(folder: Self.folder) }

    /// Names the server for gatectl: the context `demo`, in a file of its own that the printed commands refer to.
    func writeContext(url: String) throws {
        let token = FileManager.default.currentDirectoryPath + "/" + tokenFile
        let context: JSONValue = [
            "current": "demo", "contexts": ["demo": ["url": .string(url), "token_file": .string(token)]],
        ]
        let path = Self.folder + "/config.json"
        try Data(JSONWriter.bytes(context)).write(to: URL(fileURLWithPath: path), options: .atomic)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    }
}
