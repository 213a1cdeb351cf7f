import GateCore
import Hummingbird
import HummingbirdTesting
import NIOCore
import NIOPosix
import Testing

@testable import GateServer

extension IdentityTests {
    @Suite("JWKS location")
    struct JWKSLocationTests {
        @Test(
            "https is taken from anywhere, http from loopback hosts, all else without :// is a path",
            arguments: [
                "https://sso.example/jwks", "https://sso.example:8443/jwks?tenant=1", "HTTPS://sso.example/", "http://localhost/jwks",
                "http://LOCALHOST:81/",
                "http://127.0.0.1:8080/jwks", "http://127.3.2.1/", "http://[::1]:80/jwks", "keys.json", "/etc/gate/keys.json", "https:keys.json",
            ])
        func taken(text: String) throws {
            let location = try JWKSLocation(text)
            #expect(location == (text.contains("://") ? .web(url: text) : .file(path: text)))
        }

        @Test(
            "other places are refused",
            arguments: [
                "", "http://sso.example/jwks", "http://127.0.0.1.sso.example/", "http://localhost.sso.example/", "http://10.0.0.1/", "http://[::2]/",
                "http://[::ffff:10.0.0.1]/", "http://127.1/", "ftp://localhost/jwks", "file:///etc/keys.json", "http+unix://sock/jwks", "https://",
                "://x",
                "https://user:SECRET@sso.example/", "https://user@sso.example/", "http://127.0.0.1@sso.example/",
            ])
        func refused(text: String) {
            let error = #expect(throws: GateError.self) { try JWKSLocation(text) }
            #expect(error?.code == .parameterInvalid && error?.detail.contains("SECRET") == false)
        }

        @Test("a URL is named without its query")
        func named() throws {
            #expect(try JWKSLocation("https://sso.example/jwks?key=SECRET").name == "https://sso.example/jwks")
            #expect(try JWKSLocation("https://sso.example/jwks#SECRET").name == "https://sso.example/jwks")
        }

        @Test("keys come over http from loopback; another status, a redirect and a long body are refused")
        func fetched() async throws {
            let document = TestKey.jwks(try await TestKey.ed25519())
            let router = Router()
            router.get("jwks") { _, _ in ByteBuffer(bytes: document) }
            router.get("moved") { _, _ in Response.redirect(to: "/jwks", type: .found) }
            router.get("exact") { _, _ in ByteBuffer(repeating: 0x20, count: JWKSLocation.longestBytes) }
            router.get("long") { _, _ in ByteBuffer(repeating: 0x20, count: JWKSLocation.longestBytes + 1) }
            router.get("endless") { _, _ in
                Response(
                    status: .ok,
                    body: .init { writer in
                        for _ in 0..<1_000 { try await writer.write(ByteBuffer(repeating: 0x20, count: 1_000)) }
                        try await writer.finish(nil)
                    })
            }
            try await Application(router: router).test(.live) { client in
                let base = "http://127.0.0.1:\(try #require(client.port))"
                #expect(try await JWKSLocation("\(base)/jwks").read() == document)
                #expect(try await JWKSLocation("\(base)/exact").read().count == JWKSLocation.longestBytes)
                for (path, why) in [
                    ("none", "answered 404"), ("moved", "answered 302"), ("long", "cannot be fetched"), ("endless", "cannot be fetched"),
                ] {
                    let error = await #expect(throws: GateError.self) { try await JWKSLocation("\(base)/\(path)").read() }
                    #expect(error?.detail.contains(why) == true, "\(error?.detail ?? "")")
                }
            }
        }

        @Test("a server that does not answer is given up in time, and so is one that is not there")
        func silent() async throws {
            let silent = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0).get()
            let port = try #require(silent.localAddress?.port)
            let location = try JWKSLocation("http://127.0.0.1:\(port)/jwks?key=SECRET")
            let began = ContinuousClock.now
            let error = await #expect(throws: GateError.self) { try await location.read(within: .milliseconds(300)) }
            #expect(error?.detail.contains("cannot be fetched") == true && error?.detail.contains("SECRET") == false)
            try await silent.close()
            await #expect(throws: GateError.self) { try await location.read(within: .milliseconds(300)) }
            #expect(began.duration(to: .now) < .seconds(4))
        }
    }
}
