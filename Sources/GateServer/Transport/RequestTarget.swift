import NIOHTTP1

/// The forms that a request target may have (RFC 9112 §3.2), and the bytes that it may hold.
enum RequestTarget {
    /// Brings a target into origin form.
    ///
    /// - Parameters:
    ///   - target: as it was sent.
    ///   - method: `*` is for OPTIONS alone.
    ///   - host: the Host header field, which a target in absolute form must agree with: whoever routed the request by the one
    ///     and whoever answers it by the other would otherwise disagree about whose request it is.
    /// - Returns: nil when it has origin form (or is `*`) already.
    static func originForm(of target: String, method: HTTPMethod, host: String?) throws(RequestRefusal) -> String? {
        guard target.utf8.allSatisfy(isTargetByte) else {
            throw .malformed("The request target holds a byte that must be percent-encoded.")
        }
        if method == .CONNECT { throw .malformed("CONNECT is for proxies.") }
        if target.utf8.first == UInt8(ascii: "/") { return nil }
        if target == "*" {
            guard method == .OPTIONS else { throw .malformed("The request target * is for OPTIONS.") }
            return nil
        }
        return try originForm(ofAbsolute: target, host: host)
    }

    private static func originForm(ofAbsolute target: String, host: String?) throws(RequestRefusal) -> String {
        let scheme = target.prefix(while: { $0 != ":" })
        let rest = target[scheme.endIndex...]
        guard scheme.isASCIICaseInsensitively("http") || scheme.isASCIICaseInsensitively("https"), rest.hasPrefix("://") else {
            throw .malformed("The request target is neither a path nor an http URI.")
        }
        let authority = rest.dropFirst(3).prefix(while: { $0 != "/" && $0 != "?" })
        guard !authority.isEmpty, authority.utf8.allSatisfy(isHostByte), let host, authority.lowercased() == host.lowercased() else {
            throw .malformed("The request target names another host than the Host header field.")
        }
        let path = target[authority.endIndex...]
        return path.utf8.first == UInt8(ascii: "/") ? String(path) : "/" + path
    }

    /// Visible ASCII without `#`: a fragment is never sent.
    private static func isTargetByte(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "#")
    }

    /// What names, addresses and ports are written with: unreserved, percent, colon, brackets, and the sub-delimiters save the
    /// comma, which is how a doubled field looks once somebody has joined it.
    static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "%"), UInt8(ascii: ":"),
            UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"),
            UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: ";"), UInt8(ascii: "="):
            true
        default:
            false
        }
    }
}
