/// What an identifier may look like.
package enum IdentifierRule: Sendable {
    /// Codes, keys and names: `[A-Za-z0-9][A-Za-z0-9._-]{0,99}`.
    case name
    /// Company and user ids: `[A-Za-z0-9._:@-]{1,128}`, but not `.` or `..`.
    case id
    /// Names of events and of their properties: `[a-z][a-z0-9_]{0,99}`.
    case snakeCase

    package var longest: Int { self == .id ? 128 : 100 }

    var text: String {
        switch self {
        case .name: "1 to 100 characters of A-Z a-z 0-9 . _ -, the first a letter or digit"
        case .id: "1 to 128 characters of A-Z a-z 0-9 . _ : @ -, other than . and .."
        case .snakeCase: "1 to 100 characters of a-z 0-9 _, the first a letter"
        }
    }

    package func admits(_ text: String) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, bytes.count <= longest else { return false }
        switch self {
        case .name:
            return first.isASCIIAlphanumeric
                && bytes.allSatisfy { $0.isASCIIAlphanumeric || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
        case .id:
            return text != "." && text != ".."
                && bytes.allSatisfy {
                    $0.isASCIIAlphanumeric || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
                        || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "@")
                }
        case .snakeCase:
            let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
            return letters.contains(first)
                && bytes.allSatisfy { letters.contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "_") }
        }
    }
}

extension UInt8 {
    package var isASCIIAlphanumeric: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        default: false
        }
    }
}

/// A checked name of one kind of thing. Distinct types, so that two kinds cannot be swapped; ASCII, so that
/// Swift's string order is byte order.
package protocol Identifier: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// What an error calls it: "flag code", "company id".
    static var noun: String { get }
    static var rule: IdentifierRule { get }
    var rawValue: String { get }
    /// For text that was checked before (a row that this program wrote, a constant).
    init(unchecked rawValue: String)
}

extension Identifier {
    /// - Throws: `identifier_invalid`, naming the rule and (shortened) what was given.
    package init(_ text: String, at pointer: String? = nil) throws(GateError) {
        guard Self.rule.admits(text) else {
            throw GateError(
                .identifierInvalid,
                "\(Self.noun) \(quoted(text)) is not valid: it must be \(Self.rule.text)",
                pointer: pointer,
                limit: text.utf8.count > Self.rule.longest
                    ? .init("characters", provided: text.utf8.count, allowed: Self.rule.longest) : nil
            )
        }
        self.init(unchecked: text)
    }

    package var description: String { rawValue }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// Foreign text made safe to show: in quotes, control characters escaped, at most 60 characters.
package func quoted(_ text: String) -> String {
    var shown = "\""
    for scalar in text.unicodeScalars.prefix(60) {
        if scalar.properties.generalCategory == .control || scalar == "\"" || scalar == "\\" {
            shown += "\\u{\(String(scalar.value, radix: 16))}"
        } else {
            shown.unicodeScalars.append(scalar)
        }
    }
    return shown + (text.unicodeScalars.count > 60 ? "…\"" : "\"")
}

/// A flag's code, `cdp_create_ticket_embed`. Shares one namespace with gate names.
package struct FlagCode: Identifier {
    package static let noun = "flag code"
    package static let rule = IdentifierRule.name
    package let rawValue: String
    package init(unchecked rawValue: String) { self.rawValue = rawValue }
}

/// A permission's key, `tickets_ticket_create`.
package struct PermissionKey: Identifier {
    package static let noun = "permission key"
    package static let rule = IdentifierRule.name
    package let rawValue: String
    package init(unchecked rawValue: String) { self.rawValue = rawValue }
}

/// A gate's name, `canCreateTicket`.
package struct GateName: Identifier {
    package static let noun = "gate name"
    package static let rule = IdentifierRule.name
    package let rawValue: String
    package init(unchecked rawValue: String) { self.rawValue = rawValue }
}

/// A role's name, `support_agent`.
package struct RoleName: Identifier {
    package static let noun = "role name"
    package static let rule = IdentifierRule.name
    package let rawValue: String
    package init(unchecked rawValue: String) { self.rawValue = rawValue }
}

/// The name of a group of companies, `beta`.
package struct GroupName: Identifier {
    package static let noun = "group name"
    package static let rule = IdentifierRule.name
    package let rawValue: String
    package init(unchecked rawValue: String) { self.rawValue = rawValue }
}

/// The name of a telemetry event, `cdp_ticket_embed_opened`.
package struct EventName: Identifier {
    package static let noun = "event name"
    package static let rule = IdentifierRule.snakeCase
    package let rawValue: String
    package init(unchecked rawValue: String) { self.rawValue = rawValue }
}

/// The name of an event's property, `contact_id`.
package struct PropertyName: Identifier {
    package static let noun = "property name"
    package static let rule = IdentifierRule.snakeCase
    package let rawValue: String
    package init(unchecked rawValue: String) { self.rawValue = rawValue }
}

/// A company's id (the SSO's `company_sso_id`). Compared byte for byte.
package struct CompanyID: Identifier {
    package static let noun = "company id"
    package static let rule = IdentifierRule.id
    package let rawValue: String
    package init(unchecked rawValue: String) { self.rawValue = rawValue }
}

/// A user's id within a company (the SSO's `sub`). Compared byte for byte.
package struct UserID: Identifier {
    package static let noun = "user id"
    package static let rule = IdentifierRule.id
    package let rawValue: String
    package init(unchecked rawValue: String) { self.rawValue = rawValue }
}

/// The name of a rollout's stage, `beta`.
package struct StageName: Identifier {
    package static let noun = "stage name"
    package static let rule = IdentifierRule.name
    package let rawValue: String
    package init(unchecked rawValue: String) { self.rawValue = rawValue }
}

/// The name of a guard's metric, `create_error`.
package struct MetricName: Identifier {
    package static let noun = "metric name"
    package static let rule = IdentifierRule.snakeCase
    package let rawValue: String
    package init(unchecked rawValue: String) { self.rawValue = rawValue }
}

/// The id of a schedule.
package struct ScheduleID: Identifier {
    package static let noun = "schedule id"
    package static let rule = IdentifierRule.name
    package let rawValue: String
    package init(unchecked rawValue: String) { self.rawValue = rawValue }
}

/// The id of a webhook.
package struct WebhookID: Identifier {
    package static let noun = "webhook id"
    package static let rule = IdentifierRule.name
    package let rawValue: String
    package init(unchecked rawValue: String) { self.rawValue = rawValue }
}

/// The public id of an API token. It says nothing about the token's secret.
package struct TokenID: Identifier {
    package static let noun = "token id"
    package static let rule = IdentifierRule.name
    package let rawValue: String
    package init(unchecked rawValue: String) { self.rawValue = rawValue }
}
