/// Every error that Gate's core reports: a closed code, a sentence for a person, and the facts behind it.
///
/// The code is stable: clients compare it. The detail names what was wrong and what the rule or limit is;
/// it never holds a secret or a value that was bound into a statement.
package struct GateError: Error, Sendable, Equatable {
    /// The stable words of the API's `code` member, grouped by what the caller can do about them.
    package enum Code: String, Sendable, CaseIterable {
        // What was sent is not well formed.
        case jsonMalformed = "json_malformed"
        case jsonDuplicateKey = "json_duplicate_key"
        case jsonTooDeep = "json_too_deep"
        case typeMismatch = "type_mismatch"
        case memberUnknown = "member_unknown"
        case memberMissing = "member_missing"
        case identifierInvalid = "identifier_invalid"
        case textInvalid = "text_invalid"
        case webhookRefused = "webhook_refused"
        case webhookUnresolved = "webhook_unresolved"
        case timeInvalid = "time_invalid"
        case durationInvalid = "duration_invalid"
        case manifestInvalid = "manifest_invalid"
        case parameterInvalid = "parameter_invalid"
        case parameterMissing = "parameter_missing"
        case reasonMissing = "reason_missing"
        case gateEmpty = "gate_empty"
        case limitExceeded = "limit_exceeded"

        // It names something that is not there.
        case flagUnknown = "flag_unknown"
        case companyUnknown = "company_unknown"
        case permissionUnknown = "permission_unknown"
        case roleUnknown = "role_unknown"
        case gateUnknown = "gate_unknown"
        case eventUnknown = "event_unknown"
        case userUnknown = "user_unknown"
        case tokenUnknown = "token_unknown"
        case changeUnknown = "change_unknown"
        case rolloutUnknown = "rollout_unknown"
        case guardUnknown = "guard_unknown"
        case scheduleUnknown = "schedule_unknown"
        case webhookUnknown = "webhook_unknown"
        case entityUnknown = "entity_unknown"
        case notFound = "not_found"

        // It is at odds with the state.
        case nameTaken = "name_taken"
        case prerequisiteCycle = "prerequisite_cycle"
        case prerequisitesTooDeep = "prerequisites_too_deep"
        case hasDependents = "has_dependents"
        case held = "held"
        case rolloutStatus = "rollout_status"
        case rolloutNoGo = "rollout_no_go"
        case scheduleUnsupported = "schedule_unsupported"
        case scheduleOverdue = "schedule_overdue"
        case nothingChanges = "nothing_changes"
        case undoConflict = "undo_conflict"
        case notUndoable = "not_undoable"
        case applyConflict = "apply_conflict"
        case planChanged = "plan_changed"
        case revisionMismatch = "revision_mismatch"
        case idempotencyMismatch = "idempotency_mismatch"

        // The caller may not.
        case credentialMissing = "credential_missing"
        case credentialInvalid = "credential_invalid"
        case rightMissing = "right_missing"
        case originRefused = "origin_refused"

        // HTTP's own.
        case methodNotAllowed = "method_not_allowed"
        case notAcceptable = "not_acceptable"
        case mediaTypeUnsupported = "media_type_unsupported"
        case bodyTooLarge = "body_too_large"
        case uriTooLong = "uri_too_long"
        case rateLimited = "rate_limited"
        case revisionNotReached = "revision_not_reached"

        // The database.
        case databaseLocked = "database_locked"
        case databaseNewer = "database_newer"
        case databaseForeign = "database_foreign"
        case databaseDamaged = "database_damaged"
        case databaseBehind = "database_behind"
        case storageFull = "storage_full"
        case storageFailed = "storage_failed"
        case outcomeUnknown = "outcome_unknown"

        /// Nothing the caller can do anything about.
        case unexpected = "internal_error"
    }

    /// A bound that was passed: what was given, what is allowed.
    package struct Limit: Sendable, Equatable {
        package var name: String
        package var provided: Int
        package var allowed: Int

        package init(_ name: String, provided: Int, allowed: Int) {
            self.name = name
            self.provided = provided
            self.allowed = allowed
        }
    }

    package var code: Code
    package var detail: String
    /// Where in the request's body: a JSON pointer (RFC 6901).
    package var pointer: String?
    package var limit: Limit?
    /// What was not found, so that names close to it can be looked for.
    package var missing: EntityRef?
    /// Known names close to the one given.
    package var nearest: [String] = []
    /// What still refers to the thing.
    package var dependents: [EntityRef] = []
    /// The flags of a prerequisite cycle, the first one repeated at the end.
    package var cycle: [FlagCode] = []
    /// Entities that were changed since, with the revision that changed them.
    package var conflicts: [EntityConflict] = []
    /// The go/no-go table of a step that was refused.
    package var criteria: [PromotionRow] = []
    /// The engine's own number for a storage failure (SQLite's extended result code).
    package var engineCode: Int?

    package init(_ code: Code, _ detail: String, pointer: String? = nil, limit: Limit? = nil) {
        self.code = code
        self.detail = detail
        self.pointer = pointer
        self.limit = limit
    }

    /// The same error with more facts.
    package func with(_ edit: (inout GateError) -> Void) -> GateError {
        var copy = self
        edit(&copy)
        return copy
    }
}

/// An entity that stands in the way, and the revision at which it was last changed.
package struct EntityConflict: Sendable, Hashable {
    package var entity: EntityRef
    package var revision: Revision

    package init(entity: EntityRef, revision: Revision) {
        self.entity = entity
        self.revision = revision
    }
}
