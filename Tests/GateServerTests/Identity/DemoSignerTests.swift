import Foundation
import GateCore
import Testing

@testable import GateServer

extension IdentityTests {
    @Suite("Demo signer")
    struct DemoSignerTests {
        private static func mode(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }

        private static func sign(_ signer: DemoSigner, roles: [RoleName] = []) throws -> String {
            try signer.sign(
                company: TestClaims.goodIdentity.company, user: TestClaims.goodIdentity.user, issuer: TestClaims.issuer,
                audience: TestClaims.audience,
                ttl: TimeSpan(seconds: 3_600), roles: roles, now: TestClaims.now)
        }

        @Test("its tokens are taken with the public key that it writes")
        func taken() async throws {
            try await TestFolder.with { folder in
                let signer = try DemoSigner(folder: "\(folder)/.gate")
                let keys = try await JWKSSource(JWKSLocation(signer.keySetPath), logger: TestLog().logger, clock: { TestClaims.now })
                let verifier = TokenVerifier(keys: keys, rules: try TestClaims.rules(rolesClaim: "roles"))
                var expected = TestClaims.goodIdentity
                #expect(try await verifier.verify(Self.sign(signer), now: TestClaims.now) == expected)
                expected.roles = [RoleName(unchecked: "agent")]
                #expect(try await verifier.verify(Self.sign(signer, roles: expected.roles), now: TestClaims.now) == expected)
            }
        }

        @Test("the private key is its owner's alone, and not in the public file")
        func files() async throws {
            try await TestFolder.with { folder in
                let signer = try DemoSigner(folder: "\(folder)/.gate")
                let keyPath = "\(folder)/.gate/\(DemoSigner.keyFileName)"
                #expect(try Self.mode(keyPath) == 0o600)
                #expect(try Self.mode("\(folder)/.gate") == 0o700)
                let secret = try JSONParser.parse(SmallFile.contents(of: keyPath, longest: 4_096))
                let d = try #require(secret["d"]?.stringValue)
                #expect(Base64URL.decode(d)?.count == 32)
                let open = try SmallFile.contents(of: signer.keySetPath, longest: 4_096)
                #expect(!String(decoding: open, as: UTF8.self).contains(d))
                #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/.gate").count == 2)
            }
        }

        @Test("a second signer of the folder has the same key, and mends a lost public file")
        func reloaded() async throws {
            try await TestFolder.with { folder in
                let first = try DemoSigner(folder: folder)
                try FileManager.default.removeItem(atPath: first.keySetPath)
                let second = try DemoSigner(folder: folder)
                #expect(second.kid == first.kid)
                #expect(try Self.sign(second) == Self.sign(first))
                #expect(FileManager.default.fileExists(atPath: second.keySetPath))
            }
        }

        @Test("many that start at once agree on one key")
        func concurrent() async throws {
            try await TestFolder.with { folder in
                let kids = try await withThrowingTaskGroup(of: String.self) { group in
                    for _ in 0..<32 { group.addTask { try DemoSigner(folder: folder).kid } }
                    return try await group.reduce(into: Set<String>()) { $0.insert($1) }
                }
                #expect(kids.count == 1)
            }
        }

        @Test("a key that others may read, or that is none, is refused by its path")
        func refused() async throws {
            try await TestFolder.with { folder in
                _ = try DemoSigner(folder: folder)
                let path = "\(folder)/\(DemoSigner.keyFileName)"
                try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
                let open = #expect(throws: GateError.self) { try DemoSigner(folder: folder) }
                #expect(open?.detail.contains("0600") == true)
                try SmallFile.put(Array("{}".utf8), at: path, mode: 0o600, replacing: true)
                let none = #expect(throws: GateError.self) { try DemoSigner(folder: folder) }
                #expect(none?.detail.contains(path) == true)
                #expect(throws: GateError.self) { try DemoSigner(folder: "\(folder)/none/none") }
            }
        }
    }
}
