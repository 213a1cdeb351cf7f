/// MurmurHash3_x86_32, Austin Appleby's public-domain hash: not for secrets, for spreading names evenly.
package enum MurmurHash3 {
    package static func hash(_ bytes: [UInt8], seed: UInt32 = 0) -> UInt32 {
        var hash = seed
        let blocks = bytes.count / 4
        for block in 0..<blocks {
            var word: UInt32 = 0
            for byte in 0..<4 { word |= UInt32(bytes[block * 4 + byte]) << UInt32(byte * 8) }
            hash ^= scramble(word)
            hash = rotate(hash, 13) &* 5 &+ 0xE654_6B64
        }
        var tail: UInt32 = 0
        for index in stride(from: bytes.count - 1, through: blocks * 4, by: -1) { tail = tail << 8 | UInt32(bytes[index]) }
        hash ^= scramble(tail)
        hash ^= UInt32(truncatingIfNeeded: bytes.count)
        hash = (hash ^ hash >> 16) &* 0x85EB_CA6B
        hash = (hash ^ hash >> 13) &* 0xC2B2_AE35
        return hash ^ hash >> 16
    }

    private static func scramble(_ word: UInt32) -> UInt32 { rotate(word &* 0xCC9E_2D51, 15) &* 0x1B87_3593 }

    private static func rotate(_ word: UInt32, _ bits: UInt32) -> UInt32 { word << bits | word >> (32 - bits) }
}
