/// Where notices are sent: Standard Webhooks, signed with a secret that is no part of this and never enters the history.
package struct Webhook: Hashable, Sendable {
    package static let most = 100
    package static let longestURL = 2_000

    /// What a notice can be about.
    package enum Kind: String, Sendable, CaseIterable {
        case flagChanged = "flag.changed"
        case rolloutAdvanced = "rollout.advanced"
        case rolloutStopped = "rollout.stopped"
        case guardTripped = "guard.tripped"
        case guardWarning = "guard.warning"
        case scheduleFailed = "schedule.failed"
    }

    package var id: WebhookID
    /// `https`, or `http` to the loopback where the server admits that.
    package var url: String
    /// What it is for, in a person's words.
    package var description: String
    /// Only these kinds; none means all.
    package var types: [Kind]
    /// Only notices about these flags; none means all.
    package var flags: [FlagCode]
    /// False: nothing is sent. A receiver that answers 410 turns it false.
    package var enabled: Bool

    package init(id: WebhookID, url: String, description: String = "", types: [Kind] = [], flags: [FlagCode] = [], enabled: Bool = true) {
        self.id = id
        self.url = url
        self.description = description
        self.types = types
        self.flags = flags
        self.enabled = enabled
    }
}

extension Webhook: EntityValue {
    package init(_ reader: JSONReader) throws(GateError) {
        let members = try reader.members(["id", "url", "description", "types", "flags", "enabled"])
        var types: [Kind] = []
        for element in try members["types"]?.elements(atMost: Kind.allCases.count) ?? [] {
            guard let kind = Kind(rawValue: try element.string()), !types.contains(kind) else {
                throw GateError(
                    .textInvalid, "\(element.pointer) must be one of \(Kind.allCases.map(\.rawValue).joined(separator: ", ")), each once",
                    pointer: element.pointer)
            }
            types.append(kind)
        }
        self.init(
            id: try members.required("id").identifier(), url: try members.required("url").text(longest: Self.longestURL),
            description: try members["description"]?.text(longest: Flag.longestDescription) ?? "", types: types,
            flags: try members["flags"]?.identifiers(atMost: 100) ?? [], enabled: try members["enabled"]?.bool() ?? true)
    }

    package var json: JSONValue {
        [
            "id": .string(id.rawValue), "url": .string(url), "description": .string(description),
            "types": .array(types.map { .string($0.rawValue) }), "flags": .strings(flags), "enabled": .bool(enabled),
        ]
    }
}
