import GateCore
import Logging

/// One line of the log.
struct LogLine: Sendable {
    enum Format: String, CaseIterable, Sendable {
        /// One JSON object.
        case json
        /// For people: time, level, logger, message, `key=value`.
        case text
    }

    /// The longest message or value, in characters.
    static let longest = 4_096
    /// What every JSON line has; metadata of these names is told apart by a prefix.
    private static let members: Set<String> = ["ts", "level", "logger", "message"]

    var at: Timestamp
    var level: Logger.Level
    var logger: String
    var message: String
    var metadata: Logger.Metadata

    /// The line, its end included. It is one line whatever was logged.
    func bytes(_ format: Format) -> [UInt8] {
        var line: [UInt8] = []
        switch format {
        case .json:
            line += "{\"ts\":\"\(at)\",\"level\":\"\(level.rawValue)\",\"logger\":".utf8
            line.appendLogString(logger)
            line += ",\"message\":".utf8
            line.appendLogString(message)
            for (name, value) in flat {
                line.append(UInt8(ascii: ","))
                line.appendLogString(Self.members.contains(name) ? "metadata.\(name)" : name)
                line.append(UInt8(ascii: ":"))
                line.append(value)
            }
            line.append(UInt8(ascii: "}"))
        case .text:
            line += "\(at) \(level.rawValue) ".utf8
            line.appendLogText(logger)
            line += ": ".utf8
            line.appendLogText(message)
            for (name, value) in flat {
                line.append(UInt8(ascii: " "))
                line.appendLogText(name)
                line.append(UInt8(ascii: "="))
                line.append(value)
            }
        }
        line.append(UInt8(ascii: "\n"))
        return line
    }

    /// A value as JSON has it.
    fileprivate enum Value {
        case number(String)
        case string(String)
    }

    /// The metadata by name, values of values with a dot between.
    private var flat: [(name: String, value: Value)] {
        func flattened(_ name: String, _ value: Logger.MetadataValue) -> [(name: String, value: Value)] {
            switch value {
            case .string(let text): [(name, .string(text))]
            case .stringConvertible(let value):
                // JSON knows no other numbers than these.
                if let number = value as? any BinaryInteger {
                    [(name, .number("\(number)"))]
                } else if let number = value as? Double, number.isFinite {
                    [(name, .number("\(number)"))]
                } else {
                    [(name, .string(value.description))]
                }
            case .dictionary(let members): members.sorted { $0.key < $1.key }.flatMap { flattened("\(name).\($0.key)", $0.value) }
            case .array(let elements): [(name, .string(elements.map(\.description).joined(separator: ", ")))]
            }
        }
        // Hummingbird's name for what the answer's header calls X-Request-ID.
        return metadata.map { (name: $0.key == "hb.request.id" ? "request_id" : $0.key, value: $0.value) }.sorted { $0.name < $1.name }
            .flatMap { flattened($0.name, $0.value) }
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ value: LogLine.Value) {
        switch value {
        case .number(let digits): self += digits.utf8
        case .string(let text): appendLogString(text)
        }
    }

    /// A JSON string, without credentials.
    fileprivate mutating func appendLogString(_ text: String) {
        append(UInt8(ascii: "\""))
        appendLogText(text)
        append(UInt8(ascii: "\""))
    }

    /// The inside of a JSON string. What a terminal or a log's reader could take for an order (controls, marks of direction, separators of
    /// lines) is escaped too.
    fileprivate mutating func appendLogText(_ text: String) {
        let cleaned = Redaction.cleaned(text).unicodeScalars
        for scalar in cleaned.prefix(LogLine.longest) {
            switch scalar {
            case "\"", "\\": self += "\\\(scalar)".utf8
            case "\n": self += "\\n".utf8
            case "\r": self += "\\r".utf8
            case "\t": self += "\\t".utf8
            default:
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator: appendEscaped(scalar)
                default: self += String(scalar).utf8
                }
            }
        }
        if cleaned.dropFirst(LogLine.longest).first != nil { self += "…".utf8 }
    }

    private mutating func appendEscaped(_ scalar: Unicode.Scalar) {
        for unit in String(scalar).utf16 {
            let digits = String(unit, radix: 16)
            self += "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8
        }
    }
}
