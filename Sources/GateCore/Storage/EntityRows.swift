import Crypto

/// An entity as rows: one main row that carries the revision and the hash, and the rows of its parts.
///
/// The hash covers every value of all of them, so a flipped bit in any is found when the entity is loaded.
package struct EntityRows: Sendable {
    package struct Part: Sendable {
        var table: String
        var columns: [String]
        /// The values after the entity's key, a list for each row.
        var rows: [[SQLValue]]
    }

    var table: String
    var keyColumns: [String]
    var key: [SQLValue]
    var columns: [String]
    var values: [SQLValue]
    var parts: [Part] = []

    package init(_ entity: Entity) {
        self.init(shapeOf: entity.ref)
        switch entity {
        case .company(let company):
            values = [.text(company.name)]
            parts[0].rows = company.groups.map { [.name($0)] }
        case .permission(let permission): values = [.text(permission.name), .text(permission.description)]
        case .role(let role):
            values = [.text(role.description)]
            parts[0].rows = role.permissions.map { [.name($0)] }
        case .flag(let flag):
            values = [
                .text(flag.description), .text(flag.owner), .flag(flag.enabled), .flag(flag.clientVisible), .flag(flag.permanent),
                flag.reviewBy.map { .text($0.description) } ?? .null,
            ]
            parts[0].rows = Self.positioned(flag.prerequisites)
        case .flagState(let state): values = [.flag(state.enabled)]
        case .hold, .epoch: values = []
        case .rollout(let rollout):
            values = [
                .text(rollout.seed), .text(rollout.status.rawValue), .integer(Int64(rollout.stage)),
                rollout.stageBeganAt.map { .integer($0.microseconds) } ?? .null, Self.json(.array(rollout.stages.map(\.json))),
            ]
        case .guard(let conditions): values = [Self.json(conditions.json)]
        case .gate(let gate):
            values = [.text(gate.description)]
            parts[0].rows = Self.positioned(gate.permissions)
            parts[1].rows = Self.positioned(gate.flags)
        case .event(let event):
            values = [event.label.map { .text($0) } ?? .null, .text(event.description)]
            parts[0].rows = event.properties.map { [.name($0.name), .text($0.pattern.rawValue), .flag($0.isRequired)] }
        case .user(let user):
            values = []
            parts[0].rows = user.grants.states.map { [.name($0.key), .flag($0.enabled)] }
            parts[1].rows = user.grants.roles.map { [.name($0)] }
        case .token(let token):
            values = [
                .text(token.kind.rawValue), .text(token.name), .integer(token.createdAt.microseconds), .integer(token.expiresAt.microseconds),
                .text(token.digest),
            ]
            parts[0].rows = Self.positioned(token.flags)
            parts[1].rows = Self.positioned(token.companies)
        case .schedule(let schedule): values = [.integer(schedule.dueAt.microseconds), Self.json(schedule.json)]
        case .webhook(let webhook): values = [.text(webhook.url), .flag(webhook.enabled), Self.json(webhook.json)]
        }
    }

    /// A definition that is never asked for by its parts is kept as its canonical JSON.
    private static func json(_ value: JSONValue) -> SQLValue { .text(String(decoding: value.canonicalBytes, as: UTF8.self)) }

    /// Where an entity is kept: the one table of tables and columns.
    package init(shapeOf ref: EntityRef) {
        values = []
        switch ref {
        case .company(let id):
            (table, keyColumns, key, columns) = ("companies", ["id"], [.name(id)], ["name"])
            parts = [Part("company_groups", ["company_id", "group_name"])]
        case .permission(let name):
            (table, keyColumns, key, columns) = ("permissions", ["key"], [.name(name)], ["name", "description"])
        case .role(let name):
            (table, keyColumns, key, columns) = ("roles", ["name"], [.name(name)], ["description"])
            parts = [Part("role_permissions", ["role_name", "permission_key"])]
        case .flag(let code):
            (table, keyColumns, key) = ("flags", ["code"], [.name(code)])
            columns = ["description", "owner", "enabled", "client_visible", "permanent", "review_by"]
            parts = [Part("flag_prerequisites", ["flag_code", "position", "prerequisite_code"])]
        case .flagState(let flag, let company):
            (table, keyColumns, key) = ("flag_company_states", ["flag_code", "company_id"], [.name(flag), .name(company)])
            columns = ["enabled"]
        case .hold(let flag, nil): (table, keyColumns, key, columns) = ("flag_holds", ["flag_code"], [.name(flag)], [])
        case .hold(let flag, let company?):
            (table, keyColumns, key, columns) = ("flag_company_holds", ["flag_code", "company_id"], [.name(flag), .name(company)], [])
        case .epoch(let flag, nil): (table, keyColumns, key, columns) = ("flag_epochs", ["flag_code"], [.name(flag)], [])
        case .epoch(let flag, let company?):
            (table, keyColumns, key, columns) = ("flag_company_epochs", ["flag_code", "company_id"], [.name(flag), .name(company)], [])
        case .rollout(let flag):
            (table, keyColumns, key) = ("rollouts", ["flag_code"], [.name(flag)])
            columns = ["seed", "status", "stage", "stage_began_at", "stages"]
        case .guard(let flag): (table, keyColumns, key, columns) = ("guards", ["flag_code"], [.name(flag)], ["definition"])
        case .gate(let name):
            (table, keyColumns, key, columns) = ("gates", ["name"], [.name(name)], ["description"])
            parts = [
                Part("gate_permissions", ["gate_name", "position", "permission_key"]),
                Part("gate_flags", ["gate_name", "position", "flag_code"]),
            ]
        case .event(let name):
            (table, keyColumns, key, columns) = ("event_types", ["name"], [.name(name)], ["label", "description"])
            parts = [Part("event_properties", ["event_name", "property_name", "pattern", "required"])]
        case .user(let company, let user):
            (table, keyColumns, key, columns) = ("users", ["company_id", "user_id"], [.name(company), .name(user)], [])
            parts = [
                Part("user_permissions", ["company_id", "user_id", "permission_key", "enabled"]),
                Part("user_roles", ["company_id", "user_id", "role_name"]),
            ]
        case .token(let id):
            (table, keyColumns, key) = ("tokens", ["id"], [.name(id)])
            columns = ["kind", "name", "created_at", "expires_at", "digest"]
            parts = [
                Part("token_flags", ["token_id", "position", "flag_code"]),
                Part("token_companies", ["token_id", "position", "company_id"]),
            ]
        case .schedule(let id): (table, keyColumns, key, columns) = ("schedules", ["id"], [.name(id)], ["due_at", "definition"])
        case .webhook(let id): (table, keyColumns, key, columns) = ("webhooks", ["id"], [.name(id)], ["url", "enabled", "definition"])
        }
    }

    private static func positioned(_ names: [some Identifier]) -> [[SQLValue]] {
        names.enumerated().map { [.integer(Int64($0)), .name($1)] }
    }

    /// SHA-256 over the table's name, the key, the values, the revision, and the parts' rows, each length-prefixed.
    package func hash(revision: Revision) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        bytes.appendPrefixed(table.utf8)
        for value in key { bytes.append(value) }
        for value in values { bytes.append(value) }
        bytes.append(.integer(revision))
        for part in parts {
            bytes.append(.integer(Int64(part.rows.count)))
            for row in part.rows {
                for value in row { bytes.append(value) }
            }
        }
        return Array(SHA256.hash(data: bytes))
    }
}

extension EntityRows.Part {
    init(_ table: String, _ columns: [String]) { self.init(table: table, columns: columns, rows: []) }
}

extension [UInt8] {
    fileprivate mutating func append(_ value: SQLValue) {
        switch value {
        case .null: append(0)
        case .integer(let number):
            append(1)
            appendBigEndian(UInt64(bitPattern: number))
        case .text(let text):
            append(2)
            appendPrefixed(text.utf8)
        case .blob(let blob):
            append(3)
            appendPrefixed(blob)
        }
    }

    package mutating func appendBigEndian(_ number: UInt64) {
        for shift in stride(from: 56, through: 0, by: -8) { append(UInt8(truncatingIfNeeded: number >> UInt64(shift))) }
    }

    /// The length as eight bytes, then the bytes.
    package mutating func appendPrefixed(_ bytes: some Collection<UInt8>) {
        appendBigEndian(UInt64(bytes.count))
        self += bytes
    }
}
