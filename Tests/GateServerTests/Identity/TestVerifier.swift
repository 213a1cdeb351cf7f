import GateCore
import Testing

@testable import GateServer

/// Makes verifiers, and looks at how they refuse.
enum TestVerifier {
    static func make(_ keys: TestKey..., rolesClaim: String? = nil) async throws -> (TokenVerifier, TestSource) {
        let source = TestSource(TestKey.jwks(keys.map(\.jwk)))
        return (TokenVerifier(keys: try await source.open(), rules: try TestClaims.rules(rolesClaim: rolesClaim)), source)
    }

    /// Expects the refusal, with its words, and nothing of the token in it.
    static func expectRefusal(
        _ verifier: TokenVerifier, _ token: String, _ why: String, at location: SourceLocation = #_sourceLocation
    ) async {
        let error = await #expect(throws: GateError.self, sourceLocation: location) { try await verifier.verify(token, now: TestClaims.now) }
        #expect(error?.code == .credentialInvalid, sourceLocation: location)
        #expect(error?.detail.contains(why) == true, "\(error?.detail ?? "")", sourceLocation: location)
        for secret in ["SECRET", token] where !secret.isEmpty {
            #expect(error?.detail.contains(secret) == false, sourceLocation: location)
        }
    }
}
