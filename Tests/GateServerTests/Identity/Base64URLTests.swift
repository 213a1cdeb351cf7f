import Testing

@testable import GateServer

extension IdentityTests {
    @Suite("base64url")
    struct Base64URLTests {
        @Test(
            "the vectors of RFC 4648 hold in both directions, without padding",
            arguments: [
                ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"), ("foobar", "Zm9vYmFy"),
                ("\u{3FF}?", "z78_"),
            ])
        func vectors(plain: String, encoded: String) {
            #expect(Base64URL.encode(plain.utf8) == encoded)
            #expect(Base64URL.decode(encoded) == Array(plain.utf8))
        }

        @Test("every byte comes back, at every length")
        func roundTrip() {
            for length in 0...70 {
                let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ length) }
                #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
            }
        }

        @Test(
            "anything but the one spelling is refused",
            arguments: ["Zg==", "Zg=", "Z", "Zm9vY", "Zh", "Zm9", "Zm9v Yg", "Zm9v\n", "Zm+v", "Zm/v", "Zmé", "?m9v"])
        func refused(text: String) {
            #expect(Base64URL.decode(text) == nil)
        }
    }
}
