/// The schema on SQLite, as numbered migrations. A migration that has been released is frozen: a change is a new one.
///
/// Text compares by bytes (SQLite's BINARY). Rows of definitions carry `revision`, the change that last wrote them, and
/// `row_hash`, over the row and those of its parts. Foreign keys are checked at the commit, so that one change may write in any order.
enum SQLiteSchema {
    /// "Gate" in ASCII: marks the file as ours.
    static let applicationID: Int64 = 0x4761_7465

    static let migrations: [String] = [first, rollouts]

    private static let first = """
        CREATE TABLE head (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            revision INTEGER NOT NULL,
            hash BLOB NOT NULL,
            incarnation TEXT NOT NULL
        ) STRICT;

        CREATE TABLE changes (
            revision INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            actor TEXT NOT NULL,
            reason TEXT NOT NULL,
            command TEXT NOT NULL,
            format INTEGER NOT NULL,
            operations BLOB NOT NULL,
            before BLOB NOT NULL,
            previous_hash BLOB NOT NULL,
            hash BLOB NOT NULL
        ) STRICT;

        CREATE TABLE change_subjects (
            kind TEXT NOT NULL,
            flag_code TEXT NOT NULL,
            company_id TEXT NOT NULL,
            revision INTEGER NOT NULL REFERENCES changes (revision) DEFERRABLE INITIALLY DEFERRED,
            PRIMARY KEY (kind, flag_code, company_id, revision)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX change_subjects_by_flag ON change_subjects (flag_code, revision);
        CREATE INDEX change_subjects_by_company ON change_subjects (company_id, revision);

        CREATE TABLE companies (id TEXT PRIMARY KEY, name TEXT NOT NULL, revision INTEGER NOT NULL, row_hash BLOB NOT NULL) STRICT;
        CREATE TABLE company_groups (
            company_id TEXT NOT NULL REFERENCES companies (id) DEFERRABLE INITIALLY DEFERRED,
            group_name TEXT NOT NULL,
            PRIMARY KEY (company_id, group_name)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE permissions (
            key TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT NOT NULL, revision INTEGER NOT NULL, row_hash BLOB NOT NULL
        ) STRICT;

        CREATE TABLE roles (name TEXT PRIMARY KEY, description TEXT NOT NULL, revision INTEGER NOT NULL, row_hash BLOB NOT NULL) STRICT;
        CREATE TABLE role_permissions (
            role_name TEXT NOT NULL REFERENCES roles (name) DEFERRABLE INITIALLY DEFERRED,
            permission_key TEXT NOT NULL REFERENCES permissions (key) DEFERRABLE INITIALLY DEFERRED,
            PRIMARY KEY (role_name, permission_key)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE flags (
            code TEXT PRIMARY KEY,
            description TEXT NOT NULL,
            owner TEXT NOT NULL,
            enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
            client_visible INTEGER NOT NULL CHECK (client_visible IN (0, 1)),
            permanent INTEGER NOT NULL CHECK (permanent IN (0, 1)),
            review_by TEXT,
            revision INTEGER NOT NULL,
            row_hash BLOB NOT NULL
        ) STRICT;
        CREATE TABLE flag_prerequisites (
            flag_code TEXT NOT NULL REFERENCES flags (code) DEFERRABLE INITIALLY DEFERRED,
            position INTEGER NOT NULL,
            prerequisite_code TEXT NOT NULL REFERENCES flags (code) DEFERRABLE INITIALLY DEFERRED,
            PRIMARY KEY (flag_code, position)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE flag_holds (
            flag_code TEXT PRIMARY KEY REFERENCES flags (code) DEFERRABLE INITIALLY DEFERRED,
            revision INTEGER NOT NULL,
            row_hash BLOB NOT NULL
        ) STRICT;
        CREATE TABLE flag_company_states (
            flag_code TEXT NOT NULL REFERENCES flags (code) DEFERRABLE INITIALLY DEFERRED,
            company_id TEXT NOT NULL REFERENCES companies (id) DEFERRABLE INITIALLY DEFERRED,
            enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
            revision INTEGER NOT NULL,
            row_hash BLOB NOT NULL,
            PRIMARY KEY (flag_code, company_id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE flag_company_holds (
            flag_code TEXT NOT NULL REFERENCES flags (code) DEFERRABLE INITIALLY DEFERRED,
            company_id TEXT NOT NULL REFERENCES companies (id) DEFERRABLE INITIALLY DEFERRED,
            revision INTEGER NOT NULL,
            row_hash BLOB NOT NULL,
            PRIMARY KEY (flag_code, company_id)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE gates (name TEXT PRIMARY KEY, description TEXT NOT NULL, revision INTEGER NOT NULL, row_hash BLOB NOT NULL) STRICT;
        CREATE TABLE gate_permissions (
            gate_name TEXT NOT NULL REFERENCES gates (name) DEFERRABLE INITIALLY DEFERRED,
            position INTEGER NOT NULL,
            permission_key TEXT NOT NULL REFERENCES permissions (key) DEFERRABLE INITIALLY DEFERRED,
            PRIMARY KEY (gate_name, position)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE gate_flags (
            gate_name TEXT NOT NULL REFERENCES gates (name) DEFERRABLE INITIALLY DEFERRED,
            position INTEGER NOT NULL,
            flag_code TEXT NOT NULL REFERENCES flags (code) DEFERRABLE INITIALLY DEFERRED,
            PRIMARY KEY (gate_name, position)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE event_types (
            name TEXT PRIMARY KEY, label TEXT, description TEXT NOT NULL, revision INTEGER NOT NULL, row_hash BLOB NOT NULL
        ) STRICT;
        CREATE TABLE event_properties (
            event_name TEXT NOT NULL REFERENCES event_types (name) DEFERRABLE INITIALLY DEFERRED,
            property_name TEXT NOT NULL,
            pattern TEXT NOT NULL,
            required INTEGER NOT NULL CHECK (required IN (0, 1)),
            PRIMARY KEY (event_name, property_name)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE users (
            company_id TEXT NOT NULL REFERENCES companies (id) DEFERRABLE INITIALLY DEFERRED,
            user_id TEXT NOT NULL,
            revision INTEGER NOT NULL,
            row_hash BLOB NOT NULL,
            PRIMARY KEY (company_id, user_id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE user_permissions (
            company_id TEXT NOT NULL,
            user_id TEXT NOT NULL,
            permission_key TEXT NOT NULL REFERENCES permissions (key) DEFERRABLE INITIALLY DEFERRED,
            enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
            PRIMARY KEY (company_id, user_id, permission_key),
            FOREIGN KEY (company_id, user_id) REFERENCES users (company_id, user_id) DEFERRABLE INITIALLY DEFERRED
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE user_roles (
            company_id TEXT NOT NULL,
            user_id TEXT NOT NULL,
            role_name TEXT NOT NULL REFERENCES roles (name) DEFERRABLE INITIALLY DEFERRED,
            PRIMARY KEY (company_id, user_id, role_name),
            FOREIGN KEY (company_id, user_id) REFERENCES users (company_id, user_id) DEFERRABLE INITIALLY DEFERRED
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE tokens (
            id TEXT PRIMARY KEY,
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            digest TEXT NOT NULL UNIQUE,
            revision INTEGER NOT NULL,
            row_hash BLOB NOT NULL
        ) STRICT;
        CREATE TABLE token_flags (
            token_id TEXT NOT NULL REFERENCES tokens (id) DEFERRABLE INITIALLY DEFERRED,
            position INTEGER NOT NULL,
            flag_code TEXT NOT NULL,
            PRIMARY KEY (token_id, position)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE token_companies (
            token_id TEXT NOT NULL REFERENCES tokens (id) DEFERRABLE INITIALLY DEFERRED,
            position INTEGER NOT NULL,
            company_id TEXT NOT NULL,
            PRIMARY KEY (token_id, position)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE token_uses (token_id TEXT PRIMARY KEY, last_used_at INTEGER NOT NULL) STRICT;

        CREATE TABLE idempotency_keys (
            token_id TEXT NOT NULL,
            key TEXT NOT NULL,
            request_digest BLOB NOT NULL,
            receipt BLOB NOT NULL,
            created INTEGER NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (token_id, key)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX idempotency_keys_by_age ON idempotency_keys (at);

        -- For people: SELECT company_id FROM effective_flags WHERE flag_code = 'cdp_create_ticket_embed' AND value;
        -- A flag is on for a company when it, and everything it stands on, is enabled, not held, and on for that company.
        CREATE VIEW effective_flags AS
        WITH RECURSIVE needs (flag_code, needed) AS (
            SELECT code, code FROM flags
            UNION
            SELECT needs.flag_code, flag_prerequisites.prerequisite_code
            FROM needs JOIN flag_prerequisites ON flag_prerequisites.flag_code = needs.needed
        )
        SELECT
            flags.code AS flag_code,
            companies.id AS company_id,
            companies.name AS company_name,
            flags.enabled AS enabled,
            NOT EXISTS (
                SELECT 1 FROM needs JOIN flags AS basis ON basis.code = needs.needed
                WHERE needs.flag_code = flags.code AND NOT (
                    basis.enabled = 1
                    AND NOT EXISTS (SELECT 1 FROM flag_holds WHERE flag_holds.flag_code = basis.code)
                    AND NOT EXISTS (
                        SELECT 1 FROM flag_company_holds AS hold WHERE hold.flag_code = basis.code AND hold.company_id = companies.id)
                    AND EXISTS (
                        SELECT 1 FROM flag_company_states AS state
                        WHERE state.flag_code = basis.code AND state.company_id = companies.id AND state.enabled = 1)
                )
            ) AS value
        FROM flags CROSS JOIN companies;

        CREATE VIEW user_effective_permissions AS
        SELECT
            users.company_id, users.user_id, permissions.key AS permission_key,
            coalesce(
                (SELECT enabled FROM user_permissions AS own
                 WHERE own.company_id = users.company_id AND own.user_id = users.user_id AND own.permission_key = permissions.key),
                EXISTS (
                    SELECT 1 FROM user_roles JOIN role_permissions ON role_permissions.role_name = user_roles.role_name
                    WHERE user_roles.company_id = users.company_id AND user_roles.user_id = users.user_id
                      AND role_permissions.permission_key = permissions.key)
            ) AS is_enabled
        FROM users CROSS JOIN permissions;

        CREATE VIEW history AS
        SELECT revision, strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000000.0, 'unixepoch') AS at, actor, reason, command
        FROM changes ORDER BY revision DESC;
        """

    /// Rollouts, guards, epochs, schedules and webhooks. In `effective_flags` a value that only a percentage decides is NULL: buckets are
    /// computed by the server alone.
    private static let rollouts = """
        CREATE TABLE rollouts (
            flag_code TEXT PRIMARY KEY REFERENCES flags (code) DEFERRABLE INITIALLY DEFERRED,
            seed TEXT NOT NULL,
            status TEXT NOT NULL,
            stage INTEGER NOT NULL,
            stage_began_at INTEGER,
            stages TEXT NOT NULL,
            revision INTEGER NOT NULL,
            row_hash BLOB NOT NULL
        ) STRICT;
        CREATE TABLE guards (
            flag_code TEXT PRIMARY KEY REFERENCES flags (code) DEFERRABLE INITIALLY DEFERRED,
            definition TEXT NOT NULL,
            revision INTEGER NOT NULL,
            row_hash BLOB NOT NULL
        ) STRICT;
        CREATE TABLE flag_epochs (
            flag_code TEXT PRIMARY KEY REFERENCES flags (code) DEFERRABLE INITIALLY DEFERRED,
            revision INTEGER NOT NULL,
            row_hash BLOB NOT NULL
        ) STRICT;
        CREATE TABLE flag_company_epochs (
            flag_code TEXT NOT NULL REFERENCES flags (code) DEFERRABLE INITIALLY DEFERRED,
            company_id TEXT NOT NULL REFERENCES companies (id) DEFERRABLE INITIALLY DEFERRED,
            revision INTEGER NOT NULL,
            row_hash BLOB NOT NULL,
            PRIMARY KEY (flag_code, company_id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE schedules (
            id TEXT PRIMARY KEY, due_at INTEGER NOT NULL, definition TEXT NOT NULL, revision INTEGER NOT NULL, row_hash BLOB NOT NULL
        ) STRICT;
        CREATE TABLE webhooks (
            id TEXT PRIMARY KEY,
            url TEXT NOT NULL,
            enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
            definition TEXT NOT NULL,
            revision INTEGER NOT NULL,
            row_hash BLOB NOT NULL
        ) STRICT;
        CREATE TABLE webhook_secrets (webhook_id TEXT PRIMARY KEY, secret BLOB NOT NULL) STRICT;
        -- What waits to be sent, in order for each webhook and flag. It is no part of the state.
        CREATE TABLE notices (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            webhook_id TEXT NOT NULL,
            flag_code TEXT NOT NULL,
            message_id TEXT NOT NULL,
            body TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            due_at INTEGER NOT NULL,
            UNIQUE (webhook_id, message_id)
        ) STRICT;
        CREATE INDEX notices_in_order ON notices (webhook_id, flag_code, id);

        DROP VIEW effective_flags;

        -- Whom the rollouts reach by name or group (1), surely not (0), or by percentage perhaps (NULL).
        CREATE VIEW rollout_audience AS
        SELECT
            rollouts.flag_code, companies.id AS company_id,
            CASE
                WHEN rollouts.status NOT IN ('running', 'paused', 'completed') THEN 0
                WHEN EXISTS (
                    SELECT 1 FROM json_each(rollouts.stages) AS stage
                    WHERE stage.key <= rollouts.stage AND (
                        stage.value ->> 'percentage' = 100
                        OR EXISTS (SELECT 1 FROM json_each(stage.value, '$.companies') AS named WHERE named.value = companies.id)
                        OR EXISTS (
                            SELECT 1 FROM json_each(stage.value, '$.groups') AS named
                            JOIN company_groups ON company_groups.group_name = named.value AND company_groups.company_id = companies.id))
                ) THEN 1
                WHEN EXISTS (
                    SELECT 1 FROM json_each(rollouts.stages) AS stage
                    WHERE stage.key <= rollouts.stage AND stage.value ->> 'percentage' > 0
                ) THEN NULL
                ELSE 0
            END AS reached
        FROM rollouts CROSS JOIN companies;

        -- For people: SELECT company_id FROM effective_flags WHERE flag_code = 'cdp_create_ticket_embed' AND value;
        CREATE VIEW effective_flags AS
        WITH RECURSIVE needs (flag_code, needed) AS (
            SELECT code, code FROM flags
            UNION
            SELECT needs.flag_code, flag_prerequisites.prerequisite_code
            FROM needs JOIN flag_prerequisites ON flag_prerequisites.flag_code = needs.needed
        ),
        -- Each flag by itself: 1, 0, or NULL where a percentage decides.
        alone (flag_code, company_id, value) AS (
            SELECT flags.code, companies.id,
                flags.enabled = 1
                AND NOT EXISTS (SELECT 1 FROM flag_holds WHERE flag_holds.flag_code = flags.code)
                AND NOT EXISTS (
                    SELECT 1 FROM flag_company_holds AS hold WHERE hold.flag_code = flags.code AND hold.company_id = companies.id)
                AND CASE
                    WHEN state.flag_code IS NOT NULL THEN state.enabled
                    WHEN audience.flag_code IS NOT NULL THEN audience.reached
                    ELSE 0
                END
            FROM flags CROSS JOIN companies
            LEFT JOIN flag_company_states AS state ON state.flag_code = flags.code AND state.company_id = companies.id
            LEFT JOIN rollout_audience AS audience ON audience.flag_code = flags.code AND audience.company_id = companies.id
        )
        SELECT
            flags.code AS flag_code,
            companies.id AS company_id,
            companies.name AS company_name,
            flags.enabled AS enabled,
            -- min() passes over NULL: a 0 decides before what is not known does.
            CASE
                WHEN min(alone.value) = 0 THEN 0
                WHEN count(alone.value) < count(*) THEN NULL
                ELSE 1
            END AS value
        FROM flags CROSS JOIN companies
        JOIN needs ON needs.flag_code = flags.code
        JOIN alone ON alone.flag_code = needs.needed AND alone.company_id = companies.id
        GROUP BY flags.code, companies.id;
        """
}
