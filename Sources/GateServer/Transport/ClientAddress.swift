/// Where a request comes from: the peer, unless that is a proxy that is trusted to say for whom it asks.
enum ClientAddress {
    /// - Parameters:
    ///   - peer: the connection's other end.
    ///   - forwarded: the values of `X-Forwarded-For`, in the order of the request. Each proxy appends the address that it was asked by, so
    ///     what stands at the end was said by the nearest one, and what a client made up stands before it.
    ///   - trusted: the proxies' addresses; nil trusts none.
    /// - Returns: the nearest address that is no trusted proxy's; where that cannot be read, the proxy's that said it.
    static func of(peer: String?, forwarded: [String], trusted: AddressRange?) -> String {
        var nearest = peer ?? "unknown"
        guard let trusted, var bytes = peer.flatMap(Self.bytes(of:)) else { return nearest }
        var said = forwarded.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
        while trusted.contains(bytes), let text = said.popLast().map(bare), let next = Self.bytes(of: text) {
            (nearest, bytes) = (text, next)
        }
        return nearest
    }

    /// Without white space, and without the port that some proxies add.
    private static func bare(_ text: Substring) -> String {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        if text.first == "[" { return String(text.dropFirst().prefix { $0 != "]" }) }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return String(parts.count == 2 ? parts[0] : text)
    }

    /// An IPv4 address that comes as `::ffff:10.0.0.1` is that IPv4 address.
    private static func bytes(of text: String) -> [UInt8]? {
        guard let bytes = AddressRange.bytes(of: text) else { return nil }
        let isMapped = bytes.count == 16 && bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        return isMapped ? Array(bytes[12...]) : bytes
    }
}
