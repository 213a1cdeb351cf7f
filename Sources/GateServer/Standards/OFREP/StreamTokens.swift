import Crypto
import GateCore
import Logging

/// Makes stream tokens and reads them: grants, sealed with a key that only this server has.
///
/// A token stands in a URL, where proxies write it down, so it is encrypted: it says nothing about whom it is for. The same grant gives the same
/// token: the nonce is a MAC of the grant under a key of its own, so that no nonce serves two grants (as in RFC 5297).
struct StreamTokens: Sendable {
    private static let secretBytes = 32
    private static let nonceBytes = 12

    private let sealing: SymmetricKey
    private let nonces: SymmetricKey

    init(secret: [UInt8]) {
        func key(_ purpose: String) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(inputKeyMaterial: SymmetricKey(data: secret), info: Array(purpose.utf8), outputByteCount: 32)
        }
        sealing = key("gate stream token")
        nonces = key("gate stream nonce")
    }

    /// With the secret that lies beside the database, so that a restart sends nobody away; it is made where it is missing.
    ///
    /// Where it can neither be read nor made, one is used that ends with the process: streams are no reason not to start.
    static func beside(database: String, logger: Logger) -> StreamTokens {
        let path = database + ".stream-key"
        if let kept = try? SmallFile.contents(of: path, longest: secretBytes, secret: true), kept.count == secretBytes {
            return StreamTokens(secret: kept)
        }
        let fresh = (0..<secretBytes).map { _ in UInt8.random(in: .min ... .max) }
        do throws(GateError) {
            guard try SmallFile.put(fresh, at: path, mode: 0o600, replacing: false) else {
                throw GateError(.parameterInvalid, "\(path) is no key that its owner alone may read: remove it, and a fresh one is made")
            }
        } catch {
            logger.warning("stream tokens will end with this process", metadata: ["error": "\(error.detail)"])
        }
        return StreamTokens(secret: fresh)
    }

    /// - Throws: `internal_error` where the cipher fails.
    func seal(_ grant: StreamGrant) throws(GateError) -> String {
        let text = grant.json.canonicalBytes
        let nonce = Array(HMAC<SHA256>.authenticationCode(for: text, using: nonces).prefix(Self.nonceBytes))
        guard let nonce = try? AES.GCM.Nonce(data: nonce), let box = try? AES.GCM.seal(text, using: sealing, nonce: nonce), let bytes = box.combined
        else { throw GateError(.unexpected, "a stream token cannot be sealed") }
        return Base64URL.encode(bytes)
    }

    /// The grant of a token; nil for anything that this server has not made.
    func open(_ token: String) -> StreamGrant? {
        guard let bytes = Base64URL.decode(token), let box = try? AES.GCM.SealedBox(combined: bytes),
            let text = try? AES.GCM.open(box, using: sealing), let value = try? JSONParser.parse(text)
        else { return nil }
        return try? StreamGrant(JSONReader(value))
    }
}
