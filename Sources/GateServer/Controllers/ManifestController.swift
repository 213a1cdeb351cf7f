import GateCore
import HTTPTypes
import Hummingbird
import NIOCore

/// Definitions as files have them: planned, applied, exported; and many entities at once, line by line.
enum ManifestController {
    static let endpoints: [Endpoint] = [
        Endpoint(
            .post, "/v1/admin/plan", .administer, "What applying manifests would change, and a name for that plan", parameters: ["new_company"],
            takes: "Application", answers: "Plan"
        ) { call in
            let (command, _) = try await application(call)
            var write = WriteRequest(command, actor: "token/\(try call.token.id)", reason: "plan", authority: Authority(try call.token))
            write.newCompany = try call.query.flag("new_company")
            let plan = try await call.service.history.plan(write, on: call.snapshot, now: call.now)
            return Reply([
                "plan_hash": .string(plan.hash), "operations": .array(plan.changes.map(\.json)), "impact": plan.impact.json,
            ])
        }.describing(failures: [409]),
        .write(
            .post, "/v1/admin/apply", .administer, "Makes the state what manifests say, as one change", takes: "Application", isAboutOne: false,
            deferring: .never
        ) { call in
            let (command, body) = try await application(call)
            return try await call.write(command, body: body)
        },
        Endpoint(.get, "/v1/admin/export", .read, "The definitions as manifests: what apply reads", parameters: ["kind"], answers: "Export") { call in
            var kinds: Set<EntityKind>?
            if let text = call.query["kind"] {
                guard let kind = EntityKind(rawValue: text) else { throw GateError(.parameterInvalid, "\(quoted(text)) is no kind of entity") }
                kinds = [kind]
            }
            return Reply(["manifests": .array(Manifest.manifests(of: call.snapshot, kinds: kinds))])
        },
        Endpoint(
            .post, "/v1/admin/import", .administer, "Puts many entities, one manifest a line, one change per 10 000 lines",
            parameters: ["reason", "dry_run", "new_company"], takes: .lines, answers: "Imported"
        ) { call in
            try await Import(call).run()
        }.describing(failures: [409, 507]),
    ]

    /// The command that a plan's or an apply's body asks for, with the body as it was sent.
    private static func application(_ call: Call) async throws -> (command: Command, body: ByteBuffer) {
        let (reader, body) = try await call.json(atMost: call.service.limits.importBytes)
        let members = try reader.members(["manifests", "prune", "force", "plan_hash"])
        var entities: [Entity] = []
        for manifest in try members.required("manifests").elements(atMost: Manifest.most) { entities += try Manifest.entities(manifest) }
        let command = Command.apply(
            entities, prune: try members["prune"]?.bool() ?? false, force: try members["force"]?.bool() ?? false,
            expecting: try members["plan_hash"]?.string())
        return (command, body)
    }
}
