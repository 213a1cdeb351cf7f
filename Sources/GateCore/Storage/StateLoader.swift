import HashTreeCollections

/// Reads the whole state from its tables, and checks every entity against its hash.
struct StateLoader {
    let connection: any SQLConnection

    /// - Throws: `database_damaged`, naming the table and the key.
    func load(incarnation: String, revision: Revision) throws(GateError) -> Snapshot {
        var snapshot = Snapshot(incarnation: incarnation)
        try snapshot.load(companies())
        try snapshot.load(
            named("permissions", "key, name, description") { row throws(GateError) in
                .permission(Permission(key: PermissionKey(unchecked: row.text(0)), name: row.text(1), description: row.text(2)))
            })
        try snapshot.load(roles())
        try snapshot.load(flags())
        try snapshot.load(
            named("flag_company_states", "flag_code, company_id, enabled") { row throws(GateError) in
                .flagState(
                    FlagState(flag: FlagCode(unchecked: row.text(0)), company: CompanyID(unchecked: row.text(1)), enabled: row.integer(2) == 1))
            })
        try snapshot.load(named("flag_holds", "flag_code") { row throws(GateError) in .hold(Hold(flag: FlagCode(unchecked: row.text(0)))) })
        try snapshot.load(
            named("flag_company_holds", "flag_code, company_id") { row throws(GateError) in
                .hold(Hold(flag: FlagCode(unchecked: row.text(0)), company: CompanyID(unchecked: row.text(1))))
            })
        try snapshot.load(named("flag_epochs", "flag_code") { row throws(GateError) in .epoch(Epoch(flag: FlagCode(unchecked: row.text(0)))) })
        try snapshot.load(
            named("flag_company_epochs", "flag_code, company_id") { row throws(GateError) in
                .epoch(Epoch(flag: FlagCode(unchecked: row.text(0)), company: CompanyID(unchecked: row.text(1))))
            })
        try snapshot.load(named("rollouts", "flag_code, seed, status, stage, stage_began_at, stages", Self.rollout))
        try snapshot.load(
            named("guards", "flag_code, definition") { row throws(GateError) in
                .guard(try Self.decoded("guard of flag \(row.text(0))", row.text(1)) { reader throws(GateError) in try Guard(reader) })
            })
        try snapshot.load(gates())
        try snapshot.load(eventTypes())
        try loadUsers(into: &snapshot)
        try snapshot.load(tokens())
        try snapshot.load(
            named("schedules", "id, definition") { row throws(GateError) in
                .schedule(try Self.decoded("schedule \(row.text(0))", row.text(1)) { reader throws(GateError) in try Schedule(reader) })
            })
        try snapshot.load(
            named("webhooks", "id, definition") { row throws(GateError) in
                .webhook(try Self.decoded("webhook \(row.text(0))", row.text(1)) { reader throws(GateError) in try Webhook(reader) })
            })
        try snapshot.apply([], revision: revision)
        return snapshot
    }

    /// The entities of one table: the given columns, then revision and hash, in order of the key.
    private func named(
        _ table: String, _ columns: String, _ make: (any SQLCursor) throws(GateError) -> Entity
    ) throws(GateError) -> [(Entity, Revision)] {
        let width = columns.split(separator: ",").count
        return try connection.query("SELECT \(columns), revision, row_hash FROM \(table)") { row throws(GateError) in
            let entity = try make(row)
            return (entity, try Self.check(entity, revision: row.integer(width), hash: row.blob(width + 1)))
        }
    }

    /// A definition that is kept as JSON. A column beside it that says otherwise does not match the row's hash.
    private static func decoded<Value>(
        _ what: String, _ text: String, _ make: (JSONReader) throws(GateError) -> Value
    ) throws(GateError) -> Value {
        do throws(GateError) {
            return try make(JSONReader(JSONParser.parse(text)))
        } catch {
            throw GateError(.databaseDamaged, "the row of \(what) holds no such definition: restore a backup, or let the log tell what was lost")
        }
    }

    private static func rollout(_ row: any SQLCursor) throws(GateError) -> Entity {
        let began: JSONValue = row.isNull(4) ? .null : .string(Timestamp(microseconds: row.integer(4)).description)
        return try decoded("rollout of flag \(row.text(0))", row.text(5)) { reader throws(GateError) in
            .rollout(
                try Rollout(
                    JSONReader([
                        "flag": .string(row.text(0)), "seed": .string(row.text(1)), "stages": reader.value, "status": .string(row.text(2)),
                        "stage": .integer(row.integer(3)), "stage_began_at": began,
                    ])))
        }
    }

    private static func check(_ entity: Entity, revision: Revision, hash: [UInt8]) throws(GateError) -> Revision {
        guard EntityRows(entity).hash(revision: revision) == hash else {
            throw GateError(
                .databaseDamaged,
                "the row of \(entity.ref) does not match its hash: restore a backup, or let the log tell what was lost (audit verify)")
        }
        return revision
    }

    /// The rows of a part table, grouped by the entity's key.
    private func parts<Value>(_ sql: String, _ make: (any SQLCursor) -> Value) throws(GateError) -> [String: [Value]] {
        var groups: [String: [Value]] = [:]
        for (key, value) in try connection.query(sql, [], { row throws(GateError) in (row.text(0), make(row)) }) {
            groups[key, default: []].append(value)
        }
        return groups
    }

    private func companies() throws(GateError) -> [(Entity, Revision)] {
        let groups = try parts("SELECT company_id, group_name FROM company_groups ORDER BY company_id, group_name") {
            GroupName(unchecked: $0.text(1))
        }
        return try named("companies", "id, name") { row throws(GateError) in
            .company(Company(id: CompanyID(unchecked: row.text(0)), name: row.text(1), groups: groups[row.text(0)] ?? []))
        }
    }

    private func roles() throws(GateError) -> [(Entity, Revision)] {
        let keys = try parts("SELECT role_name, permission_key FROM role_permissions") { PermissionKey(unchecked: $0.text(1)) }
        return try named("roles", "name, description") { row throws(GateError) in
            .role(Role(name: RoleName(unchecked: row.text(0)), description: row.text(1), permissions: keys[row.text(0)] ?? []))
        }
    }

    private func flags() throws(GateError) -> [(Entity, Revision)] {
        let prerequisites = try parts("SELECT flag_code, prerequisite_code FROM flag_prerequisites ORDER BY flag_code, position") {
            FlagCode(unchecked: $0.text(1))
        }
        return try named("flags", "code, description, owner, enabled, client_visible, permanent, review_by") { row throws(GateError) in
            .flag(
                Flag(
                    code: FlagCode(unchecked: row.text(0)), description: row.text(1), owner: row.text(2), enabled: row.integer(3) == 1,
                    prerequisites: prerequisites[row.text(0)] ?? [], clientVisible: row.integer(4) == 1, permanent: row.integer(5) == 1,
                    reviewBy: try Self.reviewBy(row)))
        }
    }

    private static func reviewBy(_ row: any SQLCursor) throws(GateError) -> CalendarDate? {
        if row.isNull(6) { return nil }
        do throws(GateError) {
            return try CalendarDate(row.text(6))
        } catch {
            throw GateError(.databaseDamaged, "the row of flag \(row.text(0)) has a review date that is no date: restore a backup")
        }
    }

    private func gates() throws(GateError) -> [(Entity, Revision)] {
        let permissions = try parts("SELECT gate_name, permission_key FROM gate_permissions ORDER BY gate_name, position") {
            PermissionKey(unchecked: $0.text(1))
        }
        let flags = try parts("SELECT gate_name, flag_code FROM gate_flags ORDER BY gate_name, position") { FlagCode(unchecked: $0.text(1)) }
        return try named("gates", "name, description") { row throws(GateError) in
            .gate(
                Gate(
                    name: GateName(unchecked: row.text(0)), description: row.text(1), permissions: permissions[row.text(0)] ?? [],
                    flags: flags[row.text(0)] ?? []))
        }
    }

    private func eventTypes() throws(GateError) -> [(Entity, Revision)] {
        // A pattern that nobody knows is left out: then the row does not match its hash.
        let properties = try parts("SELECT event_name, property_name, pattern, required FROM event_properties") { row in
            PropertyPattern(rawValue: row.text(2)).map {
                EventDeclaration.Property(PropertyName(unchecked: row.text(1)), $0, isRequired: row.integer(3) == 1)
            }
        }
        return try named("event_types", "name, label, description") { row throws(GateError) in
            .event(
                EventDeclaration(
                    name: EventName(unchecked: row.text(0)), label: row.isNull(1) ? nil : row.text(1), description: row.text(2),
                    properties: (properties[row.text(0)] ?? []).compactMap { $0 }))
        }
    }

    private func tokens() throws(GateError) -> [(Entity, Revision)] {
        let flags = try parts("SELECT token_id, flag_code FROM token_flags ORDER BY token_id, position") { FlagCode(unchecked: $0.text(1)) }
        let companies = try parts("SELECT token_id, company_id FROM token_companies ORDER BY token_id, position") {
            CompanyID(unchecked: $0.text(1))
        }
        return try named("tokens", "id, kind, name, created_at, expires_at, digest") { row throws(GateError) in
            guard let kind = Token.Kind(rawValue: row.text(1)) else {
                throw GateError(.databaseDamaged, "token \(row.text(0)) is of no known kind")
            }
            return .token(
                Token(
                    id: TokenID(unchecked: row.text(0)), kind: kind, name: row.text(2), flags: flags[row.text(0)] ?? [],
                    companies: companies[row.text(0)] ?? [], createdAt: Timestamp(microseconds: row.integer(3)),
                    expiresAt: Timestamp(microseconds: row.integer(4)), digest: row.text(5)))
        }
    }

    /// Users may be a million: three cursors in the order of the key are read side by side, nothing is gathered between.
    private func loadUsers(into snapshot: inout Snapshot) throws(GateError) {
        let users = try connection.rows("SELECT company_id, user_id, revision, row_hash FROM users ORDER BY company_id, user_id", [])
        defer { users.close() }
        var permissions = try PartCursor(
            connection.rows(
                "SELECT company_id, user_id, permission_key, enabled FROM user_permissions ORDER BY company_id, user_id, permission_key", []))
        defer { permissions.close() }
        var roles = try PartCursor(
            connection.rows("SELECT company_id, user_id, role_name FROM user_roles ORDER BY company_id, user_id, role_name", []))
        defer { roles.close() }

        var company = ""
        var members = Snapshot.Users()
        var known: [Grants: SharedGrants] = [:]
        while try users.next() {
            let (companyText, userText) = (users.text(0), users.text(1))
            if companyText != company {
                if !members.isEmpty { snapshot.load(users: members, of: CompanyID(unchecked: company)) }
                (company, members) = (companyText, [:])
            }
            var states: [PermissionKey: Bool] = [:]
            try permissions.forEach(of: companyText, userText) { states[PermissionKey(unchecked: $0.text(2))] = $0.integer(3) == 1 }
            var names: [RoleName] = []
            try roles.forEach(of: companyText, userText) { names.append(RoleName(unchecked: $0.text(2))) }
            let user = User(company: CompanyID(unchecked: companyText), id: UserID(unchecked: userText), grants: Grants(states, roles: names))
            let revision = try Self.check(.user(user), revision: users.integer(2), hash: users.blob(3))
            let shared = known[user.grants] ?? SharedGrants(user.grants)
            known[user.grants] = shared
            members[user.id] = UserRecord(shared: shared, revision: revision)
        }
        if !members.isEmpty { snapshot.load(users: members, of: CompanyID(unchecked: company)) }
        guard permissions.atEnd, roles.atEnd else {
            throw GateError(.databaseDamaged, "user_permissions or user_roles has rows of users that do not exist")
        }
    }
}

/// A cursor over the rows of a part table, read in step with the entities they belong to.
private struct PartCursor {
    private let cursor: any SQLCursor
    private(set) var atEnd: Bool

    init(_ cursor: any SQLCursor) throws(GateError) {
        self.cursor = cursor
        atEnd = try !cursor.next()
    }

    /// Takes the rows that begin with this key, which must be the next ones.
    mutating func forEach(of company: String, _ user: String, _ body: (any SQLCursor) -> Void) throws(GateError) {
        while !atEnd, cursor.text(0) == company, cursor.text(1) == user {
            body(cursor)
            atEnd = try !cursor.next()
        }
    }

    func close() { cursor.close() }
}
