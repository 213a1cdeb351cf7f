import GateCore

/// Reads a JWKS document (RFC 7517 §5): `{"keys": […]}`.
enum JWKSParser {
    static let mostKeys = 100

    /// What the document holds: keys that can be used, and the reasons why others cannot, each with its index.
    struct Document: Sendable {
        var keys: [(index: Int, key: JWK)] = []
        var skipped: [(index: Int, reason: String)] = []
    }

    /// - Throws: `parameter_invalid` where it is no key set, or two keys have one `kid`.
    static func parse(_ bytes: [UInt8]) throws(GateError) -> Document {
        let value: JSONValue
        do { value = try JSONParser.parse(bytes) } catch { throw GateError(.parameterInvalid, "the key set cannot be read: \(error.detail)") }
        guard let elements = value["keys"]?.arrayValue else {
            throw GateError(.parameterInvalid, "the key set must be a JSON object with an array \"keys\"")
        }
        guard elements.count <= mostKeys else {
            throw GateError(
                .parameterInvalid, "the key set has too many keys: at most \(mostKeys)",
                limit: .init("keys", provided: elements.count, allowed: mostKeys))
        }
        var document = Document()
        var places: [[UInt8]: Int] = [:]
        for (index, element) in elements.enumerated() {
            if let kid = element["kid"]?.stringValue, let other = places.updateValue(index, forKey: Array(kid.utf8)) {
                throw GateError(.parameterInvalid, "the keys \(other) and \(index) of the key set have the same kid")
            }
            do throws(JWK.Unusable) {
                guard let members = element.objectValue else { throw JWK.Unusable("it is not an object") }
                document.keys.append((index, try JWK(members)))
            } catch {
                document.skipped.append((index, error.reason))
            }
        }
        return document
    }
}
