import GateCore
import Testing

@testable import GateServer

/// Credentials do not get into a log, not even by mistake.
@Suite("Redaction")
struct RedactionTests {
    private static let jwt = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl"

    @Test("Every kind of API token is cut off behind its kind", arguments: Token.Kind.allCases)
    func apiTokens(kind: Token.Kind) {
        let token = APITokenText.generate(kind).text
        for text in [token, "Bearer \(token)", "x=\(token)&y", "\"\(token)\",", "a \(token) b \(token)"] {
            let cleaned = Redaction.cleaned(text)
            #expect(cleaned == text.split(separator: token, omittingEmptySubsequences: false).joined(separator: "gate_\(kind.rawValue)_[redacted]"))
        }
    }

    @Test("So are users' tokens, webhooks' secrets, and tokens in a query")
    func others() {
        #expect(Redaction.cleaned("Bearer \(Self.jwt)") == "Bearer eyJ[redacted]")
        #expect(Redaction.cleaned("global_sso_token=\(Self.jwt); a=b") == "global_sso_token=[redacted]; a=b")
        #expect(Redaction.cleaned(WebhookSignature.text(of: [UInt8](repeating: 7, count: 32))) == "whsec_[redacted]")
        #expect(Redaction.cleaned("/ofrep/v1/stream?token=abc.def-1&x=2") == "/ofrep/v1/stream?token=[redacted]&x=2")
    }

    @Test(
        "What is none stays as it is",
        arguments: [
            "", "gate_admin_", "the actor token/t-0123456789abcdef", "gate_writer failed", "eyJ", "eyJ is how they begin", "whsec_", "token= nothing",
            "é 日本 gate", "cdp_create_ticket_embed",
        ])
    func untouched(text: String) { #expect(Redaction.cleaned(text) == text) }
}
