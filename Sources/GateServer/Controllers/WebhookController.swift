import GateCore
import HTTPTypes

/// Webhooks: made, listed, changed, removed.
enum WebhookController {
    private static let path = "/v1/admin/webhooks"

    static let endpoints: [Endpoint] = [
        .list(path, "Every webhook; never its secret", of: "Webhook", access: .administer) { call in
            let webhooks = call.snapshot.webhooks.values.map(\.value).sorted { $0.id < $1.id }
            return .list(try Page(webhooks.map { (name: $0.id.rawValue, item: $0.json) }, call.query))
        },
        .write(
            .post, path, .administer, "Makes a webhook; its secret is shown this once", takes: "NewWebhook", isAboutOne: false, deferring: .never
        ) { call in try await create(call) }.describing(201, "MadeWebhook"),
        Endpoint(.get, "\(path)/{id}", .administer, "One webhook", answers: "Webhook", manners: [.revisioned]) { call in
            try call.entity(.webhook(try call.parameter("id")))
        },
        .write(
            .patch, "\(path)/{id}", .administer, "Changes members of a webhook: JSON merge patch", takes: .patch("WebhookPatch"), deferring: .never
        ) { call in
            let ref = EntityRef.webhook(try call.parameter("id"))
            let (reader, body) = try await call.json()
            if let url = try reader.members()["url"] { try await check(url.string(), call) }
            return try await call.write(.patch(ref, reader.value), about: ref, body: body)
        },
        .write(.delete, "\(path)/{id}", .administer, "Removes a webhook, and what it was still to be told", deferring: .never) { call in
            let ref = EntityRef.webhook(try call.parameter("id"))
            return try await call.write(.delete(ref), about: ref)
        },
    ]

    private static func create(_ call: Call) async throws -> Reply {
        let (reader, body) = try await call.json()
        let id = WebhookID(unchecked: "wh-" + (0..<6).map { _ in UInt8.random(in: .min ... .max) }.hexadecimal)
        var object = try reader.members(["url", "description", "types", "flags", "enabled"]).object
        object["id"] = .string(id.rawValue)
        let webhook = try Webhook(JSONReader(.object(object)))
        try await check(webhook.url, call)
        let secret = WebhookSignature.newSecret()
        let reply = try await call.write(.put(.webhook(webhook)), body: body, webhookSecret: secret)
        // A dry run and a replay make no webhook: only what was just stored is shown.
        guard try !call.query.flag("dry_run"), reply.headers[.idempotencyReplayed] == nil else { return reply }
        let members = webhook.json.objectValue?.members.map { ($0.name, $0.value) } ?? []
        var made = Reply(status: .created, .object(JSONObject([("secret", .string(WebhookSignature.text(of: secret)))] + members)))
        made.headers = reply.headers
        made.headers[.cacheControl] = "no-store"
        return made
    }

    /// What can be known to be refused now is refused now; a name without an address may get one.
    private static func check(_ url: String, _ call: Call) async throws {
        do throws(GateError) {
            _ = try await WebhookTarget(url, allowed: call.service.webhookAllowed)
        } catch {
            guard error.code == .webhookUnresolved else { throw error }
        }
    }
}
