import GateCore
import HTTPTypes

/// What each code means in HTTP: the one table.
extension GateError.Code {
    struct Meaning {
        var status: HTTPResponse.Status
        var title: String
    }

    var meaning: Meaning {
        switch self {
        case .jsonMalformed, .jsonDuplicateKey, .jsonTooDeep: Meaning(status: .badRequest, title: "Malformed JSON")
        case .typeMismatch, .memberUnknown, .memberMissing, .identifierInvalid, .textInvalid, .timeInvalid, .durationInvalid, .gateEmpty,
            .webhookRefused, .webhookUnresolved,
            .manifestInvalid:
            Meaning(status: .badRequest, title: "Invalid content")
        case .parameterInvalid, .parameterMissing, .reasonMissing: Meaning(status: .badRequest, title: "Invalid parameter")
        case .limitExceeded: Meaning(status: .badRequest, title: "Limit exceeded")
        case .flagUnknown, .companyUnknown, .permissionUnknown, .roleUnknown, .gateUnknown, .eventUnknown, .userUnknown, .tokenUnknown,
            .changeUnknown, .rolloutUnknown, .guardUnknown, .scheduleUnknown, .webhookUnknown, .entityUnknown:
            Meaning(status: .notFound, title: "Unknown name")
        case .notFound: Meaning(status: .notFound, title: "Not found")
        case .nameTaken, .prerequisiteCycle, .prerequisitesTooDeep, .hasDependents, .held, .undoConflict, .notUndoable, .applyConflict,
            .planChanged, .rolloutStatus, .scheduleOverdue, .nothingChanges:
            Meaning(status: .conflict, title: "Conflict with the state")
        case .rolloutNoGo: Meaning(status: .conflict, title: "No-go")
        case .scheduleUnsupported: Meaning(status: .badRequest, title: "Cannot wait")
        case .revisionMismatch: Meaning(status: .preconditionFailed, title: "Precondition failed")
        case .idempotencyMismatch: Meaning(status: .unprocessableContent, title: "Idempotency key reused")
        case .credentialMissing, .credentialInvalid: Meaning(status: .unauthorized, title: "Credential required")
        case .rightMissing, .originRefused: Meaning(status: .forbidden, title: "Not allowed")
        case .methodNotAllowed: Meaning(status: .methodNotAllowed, title: "Method not allowed")
        case .notAcceptable: Meaning(status: .notAcceptable, title: "Not acceptable")
        case .mediaTypeUnsupported: Meaning(status: .unsupportedMediaType, title: "Unsupported media type")
        case .bodyTooLarge: Meaning(status: .contentTooLarge, title: "Content too large")
        case .uriTooLong: Meaning(status: .uriTooLong, title: "URI too long")
        case .rateLimited: Meaning(status: .tooManyRequests, title: "Too many requests")
        case .revisionNotReached: Meaning(status: .serviceUnavailable, title: "Revision not reached")
        case .storageFull: Meaning(status: .init(code: 507, reasonPhrase: "Insufficient Storage"), title: "Storage full")
        case .storageFailed, .databaseLocked: Meaning(status: .serviceUnavailable, title: "Storage unavailable")
        case .databaseNewer, .databaseForeign, .databaseDamaged, .databaseBehind, .outcomeUnknown, .unexpected:
            Meaning(status: .internalServerError, title: "Internal error")
        }
    }
}
