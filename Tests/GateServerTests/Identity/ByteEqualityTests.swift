import Testing

@testable import GateServer

extension IdentityTests {
    @Suite("Byte equality")
    struct ByteEqualityTests {
        @Test("texts are compared byte by byte, all of them")
        func bytes() {
            #expect("abc".hasSameBytesInConstantTime(as: "abc") && "abc".hasSameBytes(as: "abc"))
            for other in ["abd", "xbc", "ab", "abcd", ""] {
                #expect(!"abc".hasSameBytesInConstantTime(as: other) && !"abc".hasSameBytes(as: other))
            }
        }

        @Test("what Swift holds equal although the bytes differ is not equal here")
        func canonicalEquivalents() {
            #expect("K" == "\u{212A}")
            #expect(!"K".hasSameBytes(as: "\u{212A}") && !"K".hasSameBytesInConstantTime(as: "\u{212A}"))
        }
    }
}
