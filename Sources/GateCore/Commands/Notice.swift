/// Something that webhooks are told of.
package struct Notice: Hashable, Sendable {
    package var kind: Webhook.Kind
    /// The flag it is about, where it is about one: notices of one flag arrive in order.
    package var flag: FlagCode?
    package var data: JSONValue
    /// A line for people, as a channel shows it.
    package var text: String

    package init(kind: Webhook.Kind, flag: FlagCode?, data: JSONValue, text: String) {
        self.kind = kind
        self.flag = flag
        self.data = data
        self.text = text
    }

    /// The body of the message (Standard Webhooks): `{type, timestamp, data}`, the line for a channel, and the head of the chain.
    package func body(at moment: Timestamp, chainHead: [UInt8]) -> JSONValue {
        [
            "type": .string(kind.rawValue), "timestamp": .string(moment.description), "data": data, "text": .string(Self.escaped(text)),
            "chain_head": .string(chainHead.hexadecimal),
        ]
    }

    /// As Slack wants text that people have written: the three characters that mean something there.
    private static func escaped(_ text: String) -> String {
        String(
            text.flatMap { character -> String in
                switch character {
                case "&": "&amp;"
                case "<": "&lt;"
                case ">": "&gt;"
                default: String(character)
                }
            })
    }
}

extension Notice {
    /// Who made a change, when, and why, as its notices say it.
    package struct Origin: Sendable {
        package var revision: Revision
        package var at: Timestamp
        package var actor: String
        package var reason: String
        package var command: JSONValue

        package init(revision: Revision, at: Timestamp, actor: String, reason: String, command: JSONValue) {
            self.revision = revision
            self.at = at
            self.actor = actor
            self.reason = reason
            self.command = command
        }
    }

    /// What a change is told as: first that it changed a flag, then what else it was.
    package static func notices(of plan: Plan, _ origin: Origin) -> [Notice] {
        let facts: JSONObject = [
            "revision": .integer(origin.revision), "at": .string(origin.at.description), "actor": .string(origin.actor),
            "reason": .string(origin.reason),
        ]
        func notice(_ kind: Webhook.Kind, _ flag: FlagCode?, _ text: String, _ more: (String, JSONValue)...) -> Notice {
            var data = facts
            if let flag { data["flag"] = .string(flag.rawValue) }
            for (name, value) in more { data[name] = value }
            return Notice(kind: kind, flag: flag, data: .object(data), text: "\(text) – \(origin.actor): \(origin.reason)")
        }
        var notices: [Notice] = []
        for flag in Set(plan.changes.compactMap { $0.ref.kind == .epoch ? nil : $0.ref.flag }).sorted() {
            let changes = plan.changes.filter { $0.ref.flag == flag && $0.ref.kind != .epoch }
            let flips = plan.impact.flips.filter { if case .flag(flag, _) = $0.answer { true } else { false } }
            let (on, off) = (flips.count(where: \.isOn), flips.count { !$0.isOn })
            notices.append(
                notice(
                    .flagChanged, flag, "\(flag) changed: on for \(on) more, off for \(off)",
                    ("entities", .array(changes.prefix(Impact.named).map(\.json))), ("turned_on", .integer(Int64(on))),
                    ("turned_off", .integer(Int64(off)))))
        }
        for change in plan.changes {
            switch (change.before, change.after) {
            case (let before, .rollout(let rollout)):
                guard case .rollout(let old)? = before, old.status != rollout.status || old.stage != rollout.stage else { continue }
                let stage = rollout.stages[rollout.stage].name
                if rollout.status == .stopped {
                    notices.append(
                        notice(
                            .rolloutStopped, rollout.flag, "the rollout of \(rollout.flag) was stopped at stage \(stage)", ("rollout", rollout.json)))
                } else {
                    notices.append(
                        notice(
                            .rolloutAdvanced, rollout.flag, "the rollout of \(rollout.flag) is \(rollout.status.rawValue), at stage \(stage)",
                            ("rollout", rollout.json)))
                }
            case (nil, .hold(let hold)) where origin.actor == "guard":
                let whom = hold.company.map { "for company \($0)" } ?? "for every company"
                notices.append(
                    notice(
                        .guardTripped, hold.flag, "\(hold.flag) is held \(whom)",
                        ("company_id", hold.company.map { .string($0.rawValue) } ?? .null),
                        ("numbers", origin.command["numbers"] ?? .null)))
            case (_, .schedule(let schedule)):
                guard let failure = schedule.failure else { continue }
                notices.append(
                    notice(
                        .scheduleFailed, schedule.expected.lazy.compactMap(\.entity.flag).first,
                        "schedule \(schedule.id) could not be carried out: \(failure)", ("schedule", schedule.shown)))
            default: continue
            }
        }
        return notices
    }
}
