import Crypto
import GateCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Standard Webhooks: a secret, and the signature of a message under it.
enum WebhookSignature {
    private static let prefix = "whsec_"

    static func newSecret() -> [UInt8] { (0..<32).map { _ in UInt8.random(in: .min ... .max) } }

    /// As it is shown once: `whsec_` and base64.
    static func text(of secret: [UInt8]) -> String { prefix + Data(secret).base64EncodedString() }

    /// `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.
    static func signature(id: String, timestamp: Int64, body: String, secret: [UInt8]) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Data("\(id).\(timestamp).\(body)".utf8), using: SymmetricKey(data: secret))
        return "v1," + Data(code).base64EncodedString()
    }
}
