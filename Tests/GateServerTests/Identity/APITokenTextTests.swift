import GateCore
import Testing

@testable import GateServer

extension IdentityTests {
    @Suite("API token text")
    struct APITokenTextTests {
        /// Random bits that are none, so that the text is always the same.
        private struct Zeros: RandomNumberGenerator {
            mutating func next() -> UInt64 { 0 }
        }

        @Test("the checksum is the CRC-32 of IEEE 802.3")
        func checksum() {
            #expect(CRC32.checksum("123456789".utf8) == 0xCBF4_3926)
            #expect(CRC32.checksum([]) == 0)
        }

        @Test("a generated token reads back as its kind", arguments: Token.Kind.allCases)
        func roundTrip(kind: Token.Kind) throws {
            let token = APITokenText.generate(kind)
            #expect(token.text.utf8.count == "gate_\(kind.rawValue)_".utf8.count + 49)
            #expect(token.text.hasPrefix("gate_\(kind.rawValue)_"))
            #expect(try APITokenText(token.text) == token)
            #expect(APITokenText.looksLikeAPIToken(token.text))
        }

        @Test("the text is the prefix, 32 bytes and their checksum, and its digest is its SHA-256")
        func fixed() throws {
            var zeros = Zeros()
            let token = APITokenText.generate(.admin, using: &zeros)
            // Computed with Python: zlib.crc32, hashlib.sha256, base64.urlsafe_b64encode.
            #expect(token.text == "gate_admin_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAmxQxVg")
            #expect(token.digest == "4c39696a6e63936646d418d54d597809e130ad1cbfb1df10796a3383b83e83b2")
        }

        @Test("no two generated tokens are alike")
        func distinct() {
            #expect(Set((0..<1_000).map { _ in APITokenText.generate(.read).text }).count == 1_000)
        }

        @Test("one wrong character anywhere is found")
        func mistyped() throws {
            let text = APITokenText.generate(.service).text
            for index in text.indices {
                for other in ["A", "b", "7", "_", "-"] where String(text[index]) != other {
                    let typed = text.replacingCharacters(at: index, with: other)
                    let error = #expect(throws: GateError.self) { try APITokenText(typed) }
                    #expect(error?.code == .credentialInvalid)
                    #expect(error?.detail.contains(String(text.suffix(49))) == false)
                }
            }
        }

        @Test("two neighbours swapped are found")
        func swapped() throws {
            let text = Array(APITokenText.generate(.service).text)
            for index in text.indices.dropLast() where text[index] != text[index + 1] {
                var typed = text
                typed.swapAt(index, index + 1)
                #expect(throws: GateError.self) { try APITokenText(String(typed)) }
            }
        }

        @Test(
            "another form is refused",
            arguments: [
                "", "gate_", "gate_admin_", "gate_admin", "gate__", "gate_root_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "GATE_admin_",
                "eyJhbGciOiJub25lIn0.e30.",
            ])
        func otherForm(text: String) {
            let error = #expect(throws: GateError.self) { try APITokenText(text) }
            #expect(error?.code == .credentialInvalid)
        }

        @Test("a character more or less is refused")
        func length() {
            let text = APITokenText.generate(.ops).text
            #expect(throws: GateError.self) { try APITokenText(String(text.dropLast())) }
            #expect(throws: GateError.self) { try APITokenText(text + "A") }
            #expect(throws: GateError.self) { try APITokenText(text + "\n") }
            #expect(throws: GateError.self) { try APITokenText(" " + text) }
        }

        @Test("printing a token does not give it away")
        func printing() {
            let token = APITokenText.generate(.admin)
            let secret = token.text.suffix(49)
            var dumped = ""
            dump(token, to: &dumped)
            for text in ["\(token)", String(reflecting: token), "\([token])", "\(Optional(token) as Any)", dumped] { #expect(!text.contains(secret)) }
        }
    }
}

extension String {
    fileprivate func replacingCharacters(at index: Index, with other: String) -> String { self[..<index] + other + self[self.index(after: index)...] }
}
