import GateCore

/// The last line of defence: what looks like a credential is not written, whoever logs it.
enum Redaction {
    /// What credentials begin with, and how many bytes must follow for it to be one.
    private static let beginnings: [(text: [UInt8], atLeast: Int)] =
        Token.Kind.allCases.map { (Array("gate_\($0.rawValue)_".utf8), 16) }
        + [(Array("whsec_".utf8), 8), (Array("eyJ".utf8), 16), (Array("token=".utf8), 1)]
    private static let mark = Array("[redacted]".utf8)

    /// The text, with the beginnings of credentials and nothing more of them.
    static func cleaned(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if let length = beginning(of: bytes[index...]) {
                result += bytes[index..<index + length] + mark
                index = end(of: bytes, from: index + length)
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return result.count == bytes.count ? text : String(decoding: result, as: UTF8.self)
    }

    /// How long the beginning of a credential is that stands here; nil where none does.
    private static func beginning(of rest: ArraySlice<UInt8>) -> Int? {
        guard let first = rest.first, beginnings.contains(where: { $0.text[0] == first }) else { return nil }
        return beginnings.first { rest.starts(with: $0.text) && rest.dropFirst($0.text.count).prefix($0.atLeast).count(where: isPart) == $0.atLeast }?
            .text.count
    }

    private static func end(of bytes: [UInt8], from start: Int) -> Int { bytes[start...].firstIndex { !isPart($0) } ?? bytes.count }

    private static func isPart(_ byte: UInt8) -> Bool { letters.contains(byte) }
    private static let letters = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=".utf8)
}
