import Foundation
import GateCore
import HTTPTypes
import NIOHTTP1
import Testing

@testable import GateServer

/// How a server begins, with whose database, and on which listeners.
@Suite("Start", .timeLimit(.minutes(10)))
struct StartTests {
    @Test("--admin-listen keeps the admin API off the front ends' listener, and them off its own")
    func separated() async throws {
        try await TestServer.running(TestServer.unlimited + ["--admin-listen", "127.0.0.1:0"]) { server in
            #expect(server.adminURL != server.url)
            let user = try server.user("acme", "ann")
            #expect(try await server.get("/v1/feature_flags", by: user).status == 200)
            #expect(try await server.read("/flags").status == 200)
            let nothing = try await server.get("/v1/nothing", by: server.admin)
            for endpoint in Routes.administration where endpoint.method == .get {
                // `send` asks the admin listener for these, so this goes to the other one by its port.
                let raw = try await RawClient.connected(to: server.port) { client in
                    let request = "GET \(endpoint.path) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(server.admin)\r\nConnection: close\r\n\r\n"
                    try await client.send(request)
                    return try await client.readToEnd()
                }
                #expect(raw.hasPrefix("HTTP/1.1 404") && raw.hasSuffix(nothing.text), "\(endpoint.path)")
            }
            let adminPort = Int(server.adminURL.split(separator: ":").last ?? "") ?? 0
            for path in ["/v1/feature_flags", "/v1/gates", "/readyz"] {
                let raw = try await RawClient.connected(to: adminPort) { client in
                    try await client.send("GET \(path) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(user)\r\nConnection: close\r\n\r\n")
                    return try await client.readToEnd()
                }
                #expect(raw.hasPrefix(path == "/readyz" ? "HTTP/1.1 200" : "HTTP/1.1 404"), "\(path)")
            }
            #expect(try await server.get("/livez").status == 200)
        }
    }

    @Test("A second server on the same database is refused, and told why")
    func secondServer() async throws {
        try await TestFolder.with { folder in
            try await TestServer.running(in: folder) { server async throws in
                let error = await #expect(throws: GateError.self) { try await TestServer.running(in: folder) { _ in } }
                #expect(error?.code == .databaseLocked)
                #expect(error?.detail.contains("in use by another gate-server") == true && error?.detail.contains("\(getpid())") == true)
                #expect(try await server.read("/flags").status == 200)
            }
            try await TestServer.running(in: folder) { server async throws in
                #expect(try await server.revision() == TestUniverse.revision, "the lock went with the first")
            }
        }
    }

    @Test("The bootstrap token is its owner's file alone, works, and is made once")
    func bootstrap() async throws {
        try await TestFolder.with { folder in
            let first = try await TestServer.running(in: folder) { server in
                let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/admin.token")
                #expect(attributes[.posixPermissions] as? Int == 0o600)
                #expect(try APITokenText(server.admin).kind == .admin)
                #expect(try await server.write(.PUT, "/companies/new", [:]).status == 201)
                let token = try await server.read("/tokens").data
                #expect(token.count == 1 && token[0]["kind"] == "admin" && token[0]["name"] == "bootstrap")
                return server.admin
            }
            try await TestServer.running(in: folder) { server async throws in
                #expect(server.admin == first)
                #expect(try await server.read("/tokens").data.count == 1)
                #expect(try await server.read("/companies/new").status == 200)
            }
        }
    }

    @Test("A bootstrap file that cannot be written stops the start before anything is, so that the next one can make it")
    func bootstrapFails() async throws {
        try await TestFolder.with { folder in
            let options = TestServer.unlimited + ["--bootstrap-token-file", folder + "/none/admin.token"]
            await #expect(throws: GateError.self) { try await TestServer.running(options, in: folder) { _ in } }
            try await TestServer.running(in: folder) { server async throws in
                #expect(try await server.revision() == TestUniverse.revision)
                #expect(try await server.read("/flags").status == 200)
            }
        }
    }

    @Test("Seeds are the first change of an empty database, and are not looked at again")
    func seeds() async throws {
        try await TestFolder.with { folder in
            try await TestServer.running(in: folder) { server in
                let first = try await server.read("/changes/1").json
                #expect(first["actor"] == "seeds" && first["command"]?["command"] == "apply")
                try await server.change(.DELETE, "/flags/hidden")
            }
            try await TestServer.running(seeds: "{kind: flag, name: other, enabled: true}\n", in: folder) { server async throws in
                #expect(try await server.read("/flags").json["data"]?.all("code") == ["base", "dark", "embed"])
                #expect(try await server.revision() == TestUniverse.revision + 1)
            }
        }
    }

    @Test(
        "Seeds that are wrong stop the start, named by their file",
        arguments: ["{kind: flag}\n", "kind: [flag\n", "{kind: role, name: r, permissions: [nope]}\n"])
    func wrongSeeds(seeds: String) async throws {
        try await TestFolder.with { folder in
            let error = await #expect(throws: GateError.self) { try await TestServer.running(seeds: seeds, in: folder) { _ in } }
            #expect([.memberMissing, .manifestInvalid, .permissionUnknown].contains(error?.code))
            try await TestServer.running(in: folder) { server async throws in #expect(try await server.revision() == TestUniverse.revision) }
        }
    }

    @Test("The repository's own seeds and the demo's make a state in which the RFC's gate is open for its people")
    func ownSeeds() async throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        func text(_ folder: String) throws -> String {
            let names = try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path).filter { $0.hasSuffix(".yaml") }
            return try names.sorted().map { try String(contentsOf: root.appending(path: "\(folder)/\($0)"), encoding: .utf8) }.joined(separator: "\n")
        }
        try await TestServer.running(seeds: text("seeds")) { server in
            let user = try server.user("acme", "agent-1")
            #expect(try await server.get("/v1/gates/canCreateTicket", by: user).member("allowed") == false)
            let flags = try await server.get("/v1/feature_flags", by: user).data
            #expect(flags.first { $0["code"] == "cdp_create_ticket_embed" }?["enabled"] == false, "off for everybody at first")
        }
    }
}
