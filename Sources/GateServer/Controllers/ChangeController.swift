import GateCore
import HTTPTypes
import HashTreeCollections
import Hummingbird

/// The history: listed, shown, undone, verified; and explanations of answers by it.
enum ChangeController {
    static let endpoints: [Endpoint] = [
        .list("/v1/admin/changes", "The changes, newest first", of: "Change", parameters: ["flag", "company", "actor"]) { call in
            var filter = ChangeLog.Filter()
            filter.flag = try call.query.identifier("flag")
            filter.company = try call.query.identifier("company")
            filter.actor = call.query["actor"]
            if let after = call.query["after"] { filter.before = try revision(after) }
            let limit = try call.query.limit()
            let changes = try await call.service.history.changes(filter, limit: limit + 1)
            return .list(
                Page(
                    items: changes.prefix(limit).map(\.json), next: changes.count > limit ? changes.prefix(limit).last.map { "\($0.revision)" } : nil)
            )
        },
        Endpoint(.get, "/v1/admin/changes/{revision}", .read, "One change, with before and after of everything it touched", answers: "Change") {
            call in
            Reply(try await change(call).json)
        },
        .write(
            .post, "/v1/admin/changes/{revision}/undo", .operate, "Restores what a change replaced", takes: .optional("Force"), isAboutOne: false,
            deferring: .never
        ) { call in
            let (reader, body) = try await call.json(emptyIsObject: true)
            let force = try reader.members(["force"])["force"]?.bool() ?? false
            return try await call.write(.undo(try await change(call), force: force), body: body)
        },
        Endpoint(
            .get, "/v1/admin/audit", .read, "Verifies the chain of changes, every row's hash, and that the log gives the state", answers: "Audit"
        ) { call in
            Reply(try await call.service.history.audit().json)
        },
        Endpoint(
            .get, "/v1/admin/explain", .read, "Why an answer is what it is, with the changes that made it so",
            parameters: ["flag", "gate", "company_id", "user_id"], answers: "Explanation"
        ) { call in try await explain(call) },
    ]

    private static func revision(_ text: String) throws(GateError) -> Revision {
        guard let revision = Revision(text), revision > 0 else {
            throw GateError(.parameterInvalid, "\(quoted(text)) is not a revision: those are whole numbers from 1")
        }
        return revision
    }

    private static func change(_ call: Call) async throws -> Change {
        try await call.service.history.change(try revision(call.parameters["revision"] ?? ""))
    }

    private static func explain(_ call: Call) async throws -> Reply {
        let company: CompanyID = try call.query.required("company_id")
        let flag: FlagCode? = try call.query.identifier("flag")
        let gate: GateName? = try call.query.identifier("gate")
        let explanation: Explanation
        switch (flag, gate) {
        case (let flag?, nil): explanation = .flag(call.snapshot.trace(flag, call.snapshot.companies[company], companyID: company), company: company)
        case (nil, let gate?):
            let subject = Subject(company: company, user: try call.query.required("user_id"))
            guard let decision = call.snapshot.decide(gate, subject) else { throw Planner.unknown(.gate(gate)) }
            explanation = .gate(decision)
        default: throw GateError(.parameterMissing, "say which: either flag or gate")
        }
        var changes: [Revision: Change] = [:]
        for revision in explanation.revisions { changes[revision] = try await call.service.history.change(revision) }
        return Reply(explanation.json(changes))
    }
}
