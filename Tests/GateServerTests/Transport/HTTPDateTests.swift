#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
import NIOCore
import Testing

@testable import GateServer

@Suite("HTTP date")
struct HTTPDateTests {
    @Test(
        "A second is written as the RFC's fixed form",
        arguments: [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] as [(Int64, String)]
    )
    func form(second: Int64, text: String) {
        #expect(String(decoding: HTTPDate.format(second), as: UTF8.self) == text)
    }

    @Test("Any second reads as the C library writes it")
    func likeTheLibrary() {
        let seed = UInt64.random(in: .min ... .max)
        var state = seed
        for _ in 0..<2_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            var second = time_t(state >> 16) % 253_402_300_799
            var parts = tm()
            gmtime_r(&second, &parts)
            var text = [CChar](repeating: 0, count: 64)
            strftime(&text, text.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
            let expected = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            #expect(String(decoding: HTTPDate.format(Int64(second)), as: UTF8.self) == expected, "seed \(seed)")
        }
    }

    @Test("The kept date changes with the second, and only then")
    func kept() {
        var date = HTTPDate()
        var buffer = ByteBuffer()
        date.write(at: 59, to: &buffer)
        date.write(at: 59, to: &buffer)
        date.write(at: 60, to: &buffer)
        #expect(buffer.readString(length: HTTPDate.length) == "Thu, 01 Jan 1970 00:00:59 GMT")
        #expect(buffer.readString(length: HTTPDate.length) == "Thu, 01 Jan 1970 00:00:59 GMT")
        #expect(buffer.readString(length: HTTPDate.length) == "Thu, 01 Jan 1970 00:01:00 GMT")
    }
}
