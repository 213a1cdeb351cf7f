import Crypto
import GateCore

/// The text of an API token, which only its holder has: `gate_<kind>_<43 characters><6 characters>`.
///
/// The 43 are 32 random bytes, the 6 the big-endian CRC-32 of everything before them, both in base64url. The checksum
/// lets a mistyped token be refused without a look-up, and lets secret scanners tell a token from noise.
struct APITokenText: Hashable, Sendable {
    private static let prefix = "gate_"
    private static let randomBytes = 32
    private static let randomCharacters = 43
    private static let checksumCharacters = 6

    let kind: Token.Kind
    /// The secret itself: shown once, never stored, never logged.
    let text: String

    /// A new token of 256 random bits. The system's generator is a CSPRNG (`getrandom` on Linux).
    static func generate(_ kind: Token.Kind) -> APITokenText {
        var generator = SystemRandomNumberGenerator()
        return generate(kind, using: &generator)
    }

    /// - Parameter generator: must be cryptographically secure outside tests.
    static func generate(_ kind: Token.Kind, using generator: inout some RandomNumberGenerator) -> APITokenText {
        let random = (0..<randomBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let body = "\(prefix)\(kind.rawValue)_\(Base64URL.encode(random))"
        return APITokenText(kind: kind, text: body + checksum(of: body.utf8))
    }

    private init(kind: Token.Kind, text: String) {
        self.kind = kind
        self.text = text
    }

    /// Reads and checks the form; whether such a token exists is for a look-up of its ``digest`` to say.
    ///
    /// - Throws: `credential_invalid`, without the text.
    init(_ text: String) throws(GateError) {
        let bytes = text.utf8
        let tail = Self.randomCharacters + Self.checksumCharacters
        guard Self.looksLikeAPIToken(text), bytes.count > Self.prefix.utf8.count + tail + 1,
            let kindEnd = bytes.dropFirst(Self.prefix.utf8.count).firstIndex(of: UInt8(ascii: "_")),
            let kind = Token.Kind.allCases.first(where: { bytes[..<kindEnd].elementsEqual((Self.prefix + $0.rawValue).utf8) }),
            bytes[bytes.index(after: kindEnd)...].count == tail
        else { throw GateError(.credentialInvalid, "this is not the form of an API token: gate_<kind>_ and \(tail) characters") }
        guard Self.checksum(of: bytes.dropLast(Self.checksumCharacters)).utf8.elementsEqual(bytes.suffix(Self.checksumCharacters)),
            Base64URL.decode(bytes.suffix(tail).dropLast(Self.checksumCharacters))?.count == Self.randomBytes
        else { throw GateError(.credentialInvalid, "the API token is mistyped: its checksum does not match") }
        self.init(kind: kind, text: text)
    }

    /// Whether it begins as one: such text is never tried as a JWT.
    static func looksLikeAPIToken(_ text: some StringProtocol) -> Bool { text.utf8.starts(with: prefix.utf8) }

    /// What is stored in its place: SHA-256 of the whole text, in lower-case hexadecimal.
    var digest: String {
        let digits = Array("0123456789abcdef".utf8)
        let characters = SHA256.hash(data: Array(text.utf8)).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: characters, as: UTF8.self)
    }

    private static func checksum(of body: some Sequence<UInt8>) -> String {
        let checksum = CRC32.checksum(body)
        return Base64URL.encode([24, 16, 8, 0].map { UInt8(truncatingIfNeeded: checksum >> UInt32($0)) })
    }
}

extension APITokenText: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Without the secret, so that a log line cannot give it away.
    var description: String { "\(Self.prefix)\(kind.rawValue)_…" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: ["kind": kind]) }
}
