import Foundation
import GateCore
import Testing

@testable import GateServer

/// Stream tokens: what they say to the server, and that they say nothing to anybody else.
@Suite("Stream tokens")
struct StreamTokensTests {
    private static let tokens = StreamTokens(secret: [UInt8](repeating: 7, count: 32))
    private static let now = TestClaims.now

    private static func user(_ name: String = "ann", until end: Timestamp, roles: [RoleName] = []) throws -> (Identity, Subject) {
        let (company, user) = (try CompanyID("acme"), try UserID(name))
        return (
            .user(UserIdentity(company: company, user: user, roles: roles, expiresAt: end)),
            Subject(company: company, user: user, tokenRoles: roles)
        )
    }

    private static func grant(_ name: String = "ann", until end: Timestamp = now + TimeSpan(seconds: 86_400), at now: Timestamp = now) throws
        -> StreamGrant
    {
        let (identity, subject) = try user(name, until: end, roles: [RoleName("agent"), RoleName("admin")])
        return StreamGrant(identity, subject, keys: "0123456789abcdef", now: now)
    }

    @Test("What is sealed comes out as it was: of a user with the roles of the token, of an API token")
    func roundTrip() throws {
        let grant = try Self.grant()
        #expect(try Self.tokens.open(Self.tokens.seal(grant)) == grant)
        var other = grant
        other.basis = .token(try TokenID("t-1"))
        other.subject.tokenRoles = []
        #expect(try Self.tokens.open(Self.tokens.seal(other)) == other)
    }

    @Test("The same grant gives the same token, another one another")
    func same() throws {
        let token = try Self.tokens.seal(Self.grant())
        #expect(try Self.tokens.seal(Self.grant()) == token)
        #expect(try Self.tokens.seal(Self.grant("bob")) != token)
        #expect(try Self.tokens.seal(Self.grant(at: Self.now + TimeSpan(seconds: 3_600))) != token)
    }

    @Test("A token names nobody, and nothing but what this server made is one")
    func sealed() throws {
        let token = try Self.tokens.seal(Self.grant())
        let bytes = try #require(Base64URL.decode(token))
        #expect(String(decoding: bytes, as: UTF8.self).contains("acme") == false)
        #expect(StreamTokens(secret: [UInt8](repeating: 8, count: 32)).open(token) == nil)
        for index in bytes.indices {
            var forged = bytes
            forged[index] ^= 1
            #expect(Self.tokens.open(Base64URL.encode(forged)) == nil, "byte \(index)")
        }
        for text in ["", "A", "AAAA", String(token.dropLast()), token + "A", token + "=", String(token.dropFirst())] {
            #expect(Self.tokens.open(text) == nil, "\(text)")
        }
    }

    @Test("A grant ends some minutes after its hour, not everybody's at once, and never after the credential")
    func ends() throws {
        let hour = TimeSpan(seconds: 3_600)
        var ends: Set<Timestamp> = []
        for number in 0..<200 {
            let end = try Self.grant("user-\(number)").expiresAt
            #expect(end >= Self.now + hour + TimeSpan(seconds: 300) && end < Self.now + hour + TimeSpan(seconds: 900))
            #expect(try Self.grant("user-\(number)", at: Self.now + TimeSpan(seconds: 3_599)).expiresAt == end)
            #expect(try Self.grant("user-\(number)", at: Self.now + hour).expiresAt == end + hour)
            ends.insert(end)
        }
        #expect(ends.count > 100)
        let soon = Self.now + TimeSpan(seconds: 60)
        #expect(try Self.grant(until: soon).expiresAt == soon)
    }

    @Test("The key lies beside the database for its owner alone, and is found again")
    func key() async throws {
        try await TestFolder.with { folder in
            let path = folder + "/gate.db"
            let token = try StreamTokens.beside(database: path, logger: TestServer.quiet).seal(Self.grant())
            #expect(try StreamTokens.beside(database: path, logger: TestServer.quiet).open(token) == Self.grant())
            let attributes = try FileManager.default.attributesOfItem(atPath: path + ".stream-key")
            #expect(attributes[.posixPermissions] as? Int == 0o600 && attributes[.size] as? Int == 32)
            // What is no key, or others may read, is not used; tokens then end with the process.
            for (bytes, mode) in [([UInt8](repeating: 1, count: 31), 0o600), ([UInt8](repeating: 1, count: 32), 0o644)] {
                try Data(bytes).write(to: URL(fileURLWithPath: path + ".stream-key"))
                try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path + ".stream-key")
                let other = try StreamTokens.beside(database: path, logger: TestServer.quiet).seal(Self.grant())
                #expect(StreamTokens.beside(database: path, logger: TestServer.quiet).open(other) == nil)
                #expect(StreamTokens(secret: bytes).open(other) == nil)
            }
        }
    }
}
