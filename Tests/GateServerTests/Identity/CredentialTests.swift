import GateCore
import Testing

@testable import GateServer

extension IdentityTests {
    @Suite("Credential")
    struct CredentialTests {
        private static func credential(_ authorization: String?, _ cookie: String?, name: String = "sso") throws(GateError) -> Credential {
            try Credential(authorization: authorization, cookie: cookie, cookieName: name)
        }

        @Test(
            "a Bearer token counts, in any case of the word",
            arguments: ["Bearer a.b-c_d", "bearer a.b-c_d", "BEARER   a.b-c_d"], [nil, "sso=x", "sso=x; sso=y", "sso=%"])
        func bearer(authorization: String, cookie: String?) throws {
            let credential = try Self.credential(authorization, cookie)
            #expect(credential.text == "a.b-c_d" && !credential.fromCookie)
        }

        @Test(
            "the cookie counts where there is no Authorization",
            arguments: ["sso=a.b", "x=1; sso=a.b; y=2", "x=\"a b\";sso= a.b ;", "SSO=x; xsso=y; sso =a.b", "sso; sso=a.b"])
        func cookie(cookie: String) throws {
            let credential = try Self.credential(nil, cookie)
            #expect(credential.text == "a.b" && credential.fromCookie)
        }

        @Test("the cookie's name is settable, and compared byte for byte")
        func cookieName() throws {
            #expect(try Self.credential(nil, "sso=x; global_sso_token=y", name: "global_sso_token").text == "y")
            #expect(throws: GateError.self) { try Self.credential(nil, "\u{212A}=x", name: "K") }
        }

        @Test("without either it is missing", arguments: [nil, "", ";", "a=b; c", "sso", "SSO=x", "xsso=y"])
        func missing(cookie: String?) {
            let error = #expect(throws: GateError.self) { try Self.credential(nil, cookie) }
            #expect(error?.code == .credentialMissing && error?.detail.contains("cookie sso") == true)
        }

        @Test(
            "another scheme, an empty token and a strange character are invalid, and no cookie makes up for them",
            arguments: [
                ("", "scheme"), ("Basic eDp5", "scheme"), ("Bearertoken", "scheme"), ("Bearer\ttoken", "scheme"), (" Bearer x", "scheme"),
                ("DPoP x", "scheme"),
                ("Bearer", "empty"), ("Bearer ", "empty"), ("Bearer a b", "character"), ("Bearer a,b", "character"), ("Bearer \u{212A}", "character"),
                ("Bearer a\u{0}", "character"), ("Bearer a%2Eb", "character"),
            ], [nil, "sso=good"])
        func invalidHeader(header: (String, String), cookie: String?) {
            let error = #expect(throws: GateError.self) { try Self.credential(header.0, cookie) }
            #expect(error?.code == .credentialInvalid && error?.detail.contains(header.1) == true)
        }

        @Test(
            "a cookie that is empty, there twice, quoted, percent-encoded or an API token is invalid",
            arguments: [
                ("sso=", "empty"), ("sso= ;", "empty"), ("sso=a%2Eb", "character"), ("sso=\"a.b\"", "character"), ("sso=a.b; sso=a.b", "twice"),
                ("sso=; x=1; sso=a", "twice"), ("sso=gate_read_x", "API token"),
            ])
        func invalidCookie(cookie: String, why: String) {
            let error = #expect(throws: GateError.self) { try Self.credential(nil, cookie) }
            #expect(error?.code == .credentialInvalid && error?.detail.contains(why) == true)
        }
    }
}
