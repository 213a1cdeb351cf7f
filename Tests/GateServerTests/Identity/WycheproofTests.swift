import GateCore
import Testing

@testable import GateServer

extension IdentityTests {
    /// The vectors have no claims, so they are put to what stands before the claims: form, header, key, signature.
    @Suite("Wycheproof", .enabled(if: WycheproofVector.isPresent, "skipped: there is no \(WycheproofVector.path) (set GATE_CORPORA)"))
    struct WycheproofTests {
        /// Marked invalid ("invalid Base64 padding"), but the padding was lost when the file was made: their text is, byte
        /// for byte, that of the valid vector 357.
        private static let sameAsValid: Set<Int> = [367, 370]
        /// Marked valid although a `?` stands in the header or payload: the file's note is that some libraries skip it.
        /// RFC 7515 §2 has no such character and §5.2 rejects what cannot be decoded, so Gate refuses them.
        private static let foreignCharacter: Set<Int> = [372, 373]
        /// The algorithms that keys of this file name and Gate does not take: such a key is passed over, whatever is signed.
        private static let otherAlgorithms: Set<String> = ["RS384", "RS512", "PS256", "PS384", "PS512", "ES521"]

        /// Whether the token gets past everything but its claims.
        private static func accepts(_ vector: WycheproofVector) async -> Bool {
            guard let keys = try? await KeySet(jwks: TestKey.jwks([vector.key])), let token = try? CompactToken(vector.jws),
                let key = keys.key(for: token.kid)
            else { return false }
            return TokenVerifier.signatureHolds(token, key)
        }

        @Test("every vector is decided as Wycheproof says, or for a stated reason not", arguments: WycheproofVector.all)
        func vector(_ vector: WycheproofVector) async throws {
            let accepted = await Self.accepts(vector)
            if Self.sameAsValid.contains(vector.number) {
                #expect(!vector.isValid && vector.validInGroup.contains(vector.jws))
                #expect(accepted)
            } else if Self.foreignCharacter.contains(vector.number) {
                #expect(vector.isValid && vector.jws.contains("?"))
                #expect(!accepted)
            } else if let algorithm = vector.key["alg"]?.stringValue, Self.otherAlgorithms.contains(algorithm) {
                #expect(!accepted)
            } else {
                #expect(accepted == vector.isValid)
            }
        }

        @Test("the file is the one these exclusions were made for, and keys of ours are most of it")
        func coverage() {
            #expect(WycheproofVector.all.count == 401)
            let ours = WycheproofVector.all.filter { !Self.otherAlgorithms.contains($0.key["alg"]?.stringValue ?? "") }
            #expect(ours.count { $0.isValid } >= 15)
            #expect(ours.count { !$0.isValid } >= 280)
        }
    }
}
