import GateCore

/// A JWS in compact form (RFC 7515 §3.1), taken apart and not yet believed.
struct CompactToken: Sendable {
    static let longestBytes = 4_096

    /// The header's `alg`, to be compared with the key's.
    let algorithm: String
    let kid: String?
    /// What stands between the dots, decoded.
    let payload: [UInt8]
    let signature: [UInt8]
    /// The bytes that the signature is of: header, dot and payload as they were sent.
    let signed: [UInt8]

    /// - Throws: `credential_invalid`, saying which rule is broken and nothing of the content.
    init(_ text: String) throws(GateError) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.longestBytes else {
            throw GateError(
                .credentialInvalid, "the token is too long: \(bytes.count) bytes, at most \(Self.longestBytes)",
                limit: .init("token_bytes", provided: bytes.count, allowed: Self.longestBytes))
        }
        let segments = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard segments.count == 3, let header = Base64URL.decode(segments[0]), let payload = Base64URL.decode(segments[1]),
            let signature = Base64URL.decode(segments[2])
        else { throw GateError(.credentialInvalid, "the token is not three base64url segments with dots between them") }
        guard let header = try Self.json(header, what: "header").objectValue else {
            throw GateError(.credentialInvalid, "the token's header is not a JSON object")
        }
        (algorithm, kid) = try Self.check(header)
        self.payload = payload
        self.signature = signature
        signed = Array(bytes[..<segments[1].endIndex])
    }

    /// The claims. Only to be asked for once the signature has been checked.
    func claims() throws(GateError) -> JSONObject {
        guard let claims = try Self.json(payload, what: "payload").objectValue else {
            throw GateError(.credentialInvalid, "the token's payload is not a JSON object")
        }
        return claims
    }

    private static func json(_ bytes: [UInt8], what: String) throws(GateError) -> JSONValue {
        do throws(GateError) {
            return try JSONParser.parse(bytes)
        } catch {
            let why =
                switch error.code {
                case .jsonDuplicateKey: "has a member twice"
                case .jsonTooDeep: "is nested too deep"
                default: "is not JSON"
                }
            throw GateError(.credentialInvalid, "the token's \(what) \(why)")
        }
    }

    private static func check(_ header: JSONObject) throws(GateError) -> (algorithm: String, kid: String?) {
        guard header["crit"] == nil else {
            throw GateError(.credentialInvalid, "the token's header demands extensions (crit): none is supported")
        }
        if let type = header["typ"] {
            guard let type = type.stringValue, ["jwt", "at+jwt"].contains(where: { $0.hasSameBytes(as: type.lowercased()) }) else {
                throw GateError(.credentialInvalid, "the token's typ is neither JWT nor at+jwt")
            }
        }
        guard let algorithm = header["alg"]?.stringValue else { throw GateError(.credentialInvalid, "the token's header has no alg") }
        guard let kid = header["kid"] else { return (algorithm, nil) }
        guard let kid = kid.stringValue else { throw GateError(.credentialInvalid, "the token's kid is not a string") }
        return (algorithm, kid)
    }
}
