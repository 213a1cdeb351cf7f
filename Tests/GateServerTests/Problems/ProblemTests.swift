import GateCore
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import Testing

@testable import GateServer

/// Errors as answers.
@Suite("Problems", .timeLimit(.minutes(10)))
struct ProblemTests {
    /// What each code means in HTTP, as the design has it.
    private static let statuses: [Int: Set<GateError.Code>] = [
        400: [
            .jsonMalformed, .jsonDuplicateKey, .jsonTooDeep, .typeMismatch, .memberUnknown, .memberMissing, .identifierInvalid, .textInvalid,
            .timeInvalid, .durationInvalid, .manifestInvalid, .parameterInvalid, .parameterMissing, .reasonMissing, .gateEmpty, .limitExceeded,
            .webhookRefused, .webhookUnresolved, .scheduleUnsupported,
        ],
        401: [.credentialMissing, .credentialInvalid],
        403: [.rightMissing, .originRefused],
        404: [
            .flagUnknown, .companyUnknown, .permissionUnknown, .roleUnknown, .gateUnknown, .userUnknown, .tokenUnknown, .changeUnknown,
            .entityUnknown, .eventUnknown, .notFound, .rolloutUnknown, .guardUnknown, .scheduleUnknown, .webhookUnknown,
        ],
        405: [.methodNotAllowed], 406: [.notAcceptable],
        409: [
            .nameTaken, .prerequisiteCycle, .prerequisitesTooDeep, .hasDependents, .held, .undoConflict, .notUndoable, .applyConflict, .planChanged,
            .rolloutStatus, .rolloutNoGo, .scheduleOverdue, .nothingChanges,
        ],
        412: [.revisionMismatch], 413: [.bodyTooLarge], 414: [.uriTooLong], 415: [.mediaTypeUnsupported], 422: [.idempotencyMismatch],
        429: [.rateLimited],
        500: [.databaseNewer, .databaseForeign, .databaseDamaged, .databaseBehind, .outcomeUnknown, .unexpected],
        503: [.revisionNotReached, .storageFailed, .databaseLocked], 507: [.storageFull],
    ]

    private static func problem(_ error: GateError) -> Problem { Problem(error, instance: "/v1/x", requestID: "request-7") }

    @Test("Every code has its status, a title, and a word that is itself", arguments: GateError.Code.allCases)
    func meaning(code: GateError.Code) {
        let expected = Self.statuses.first { $0.value.contains(code) }?.key
        #expect(code.meaning.status.code == expected)
        let problem = Self.problem(GateError(code, "why"))
        #expect(problem.body["status"] == .integer(Int64(expected ?? 0)) && problem.body["title"]?.stringValue?.isEmpty == false)
        #expect(problem.body["type"]?.stringValue == "urn:gate:problem:\(problem.body["code"]?.stringValue ?? "")")
        #expect(problem.body["code"]?.stringValue == code.rawValue || expected == 500)
        #expect(code.rawValue.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "_") })
        #expect((problem.headers[.wwwAuthenticate] != nil) == (expected == 401))
        #expect((problem.headers[.retryAfter] != nil) == (expected == 429 || expected == 503))
        #expect((problem.body["instance"] == nil) == (expected == 404))
    }

    @Test("An internal error says nothing but the request's id", arguments: GateError.Code.allCases.filter { $0.meaning.status.code == 500 })
    func secret(code: GateError.Code) throws {
        let problem = Self.problem(GateError(code, "the secret password is hunter2 at /var/lib/gate.db"))
        let text = problem.body.text
        #expect(!text.contains("hunter2") && !text.contains("/var/lib") && text.contains("request-7"))
        #expect(Set(try #require(problem.body.objectValue).members.map(\.name)) == ["type", "title", "status", "detail", "code", "instance"])
        #expect(problem.body["code"] == (code == .outcomeUnknown ? "outcome_unknown" : "internal_error"))
    }

    @Test("What an error knows becomes the problem's members")
    func members() {
        let company = EntityRef.company(CompanyID(unchecked: "acme"))
        let error = GateError(.hasDependents, "because", pointer: "/a/0", limit: .init("things", provided: 5, allowed: 4)).with {
            $0.nearest = ["a"]
            $0.dependents = [company]
            $0.cycle = [FlagCode(unchecked: "f")]
            $0.conflicts = [EntityConflict(entity: company, revision: 7)]
        }
        let named: JSONValue = ["kind": "company", "id": "acme"]
        #expect(
            Self.problem(error).body == [
                "type": "urn:gate:problem:has_dependents", "title": "Conflict with the state", "status": 409, "detail": "because",
                "code": "has_dependents", "instance": "/v1/x", "pointer": "/a/0", "limit": "things", "provided": 5, "allowed": 4, "nearest": ["a"],
                "dependents": [named], "cycle": ["f"], "conflicts": [["entity": named, "revision": 7]],
            ])
        let plain = Self.problem(GateError(.held, "x")).body.objectValue?.members.map(\.name)
        #expect(plain == ["type", "title", "status", "detail", "code", "instance"])
    }

    @Test("An answer that is a problem says so, and is not kept by caches")
    func reply() {
        let reply = Self.problem(GateError(.rateLimited, "x")).reply
        #expect(reply.status == .tooManyRequests && reply.headers[.contentType] == "application/problem+json")
        #expect(reply.headers[.cacheControl] == "no-store" && reply.headers[.retryAfter] == "1")
    }

    private struct Secret: Error, CustomStringConvertible { var description: String { "hunter2" } }

    @Test("An error that nobody foresaw leaves a route as an internal error without a word of it")
    func unforeseen() async throws {
        try await TestFolder.with { folder in
            let writer = try GateWriter(database: Database(path: folder + "/gate.db", newIncarnation: "x"), clock: { TestClaims.now })
            let router = Router(context: GateRequestContext.self)
            router.add(middleware: ProblemMiddleware(cors: CORS(origins: []), store: writer.store))
            router.get("/boom") { _, _ -> String in throw Secret() }
            let app = Application(router: router, logger: TestServer.quiet)
            try await app.test(.live) { client in
                let answer = try await client.executeRequest(uri: "/boom?q=1", method: .get, headers: [:], body: nil)
                let text = String(buffer: answer.body)
                #expect(answer.status == .internalServerError && !text.contains("hunter2"))
                let id = try #require(answer.headers[.requestID])
                #expect(text.contains(id) && answer.headers[.vary] == "Origin")
            }
        }
    }
}
