import GateCore

/// The one credential of a request, as text.
struct Credential: Hashable, Sendable {
    let text: String
    /// Browsers send cookies unasked: such a request may do less.
    let fromCookie: Bool

    /// - Parameters:
    ///   - authorization: the header's value. It counts when both are present, and a bad one is not made good by a cookie.
    ///   - cookie: the header's value (several joined with `; `).
    /// - Throws: `credential_missing`, `credential_invalid`.
    init(authorization: String?, cookie: String?, cookieName: String) throws(GateError) {
        if let authorization {
            self.init(text: try Self.bearer(authorization), fromCookie: false)
        } else if let cookie, let value = try Self.value(of: cookieName, in: cookie) {
            self.init(text: value, fromCookie: true)
        } else {
            throw GateError(.credentialMissing, "this needs a credential: Authorization: Bearer, or the cookie \(cookieName)")
        }
    }

    private init(text: String, fromCookie: Bool) {
        self.text = text
        self.fromCookie = fromCookie
    }

    /// `Bearer`, in any case, a space, the token (RFC 6750 §2.1).
    private static func bearer(_ header: String) throws(GateError) -> String {
        let bytes = header.utf8
        let scheme = bytes.prefix { $0 != UInt8(ascii: " ") }
        guard scheme.count == 6, String(Substring(scheme)).lowercased().hasSameBytes(as: "bearer") else {
            throw GateError(.credentialInvalid, "the Authorization header must be of the scheme Bearer")
        }
        let token = bytes[scheme.endIndex...].drop { $0 == UInt8(ascii: " ") }
        return try checked(token, what: "the Bearer token")
    }

    /// The cookie's value, nil where it is absent (RFC 6265 §5.4).
    private static func value(of name: String, in header: String) throws(GateError) -> String? {
        var found: Substring.UTF8View?
        for pair in header.utf8.split(separator: UInt8(ascii: ";")) {
            let pair = trimmed(pair)
            guard let equals = pair.firstIndex(of: UInt8(ascii: "=")), trimmed(pair[..<equals]).elementsEqual(name.utf8) else { continue }
            guard found == nil else { throw GateError(.credentialInvalid, "the cookie \(name) is there twice") }
            found = trimmed(pair[pair.index(after: equals)...])
        }
        guard let found else { return nil }
        let text = try checked(found, what: "the cookie \(name)")
        guard !APITokenText.looksLikeAPIToken(text) else {
            throw GateError(.credentialInvalid, "an API token is not taken from a cookie: send it as Authorization: Bearer")
        }
        return text
    }

    private static func trimmed(_ bytes: Substring.UTF8View) -> Substring.UTF8View {
        let isSpace = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        var rest = bytes.drop(while: isSpace)
        while let last = rest.last, isSpace(last) { rest = rest.dropLast() }
        return rest
    }

    /// Letters, digits and `-._~+/=` only (RFC 6750's b64token): no quotes, no percent, nothing beyond ASCII.
    private static func checked(_ token: Substring.UTF8View, what: String) throws(GateError) -> String {
        guard !token.isEmpty else { throw GateError(.credentialInvalid, "\(what) is empty") }
        guard token.allSatisfy({ $0.isASCIIAlphanumeric || "-._~+/=".utf8.contains($0) }) else {
            throw GateError(.credentialInvalid, "\(what) holds a character that no token has")
        }
        return String(Substring(token))
    }
}
