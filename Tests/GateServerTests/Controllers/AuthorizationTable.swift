import GateCore

@testable import GateServer

/// Who gets what from which endpoint: the expected answers, written down apart from the code that gives them.
enum AuthorizationTable {
    /// The companies that a request is about, where it is about one: of the limited tokens, another, and one that is not there.
    static let companies = ["acme", "umbrella", "nowhere"]

    /// The API tokens, in the order of the columns.
    static let tokens: [(name: String, kind: String, flags: [String], companies: [String])] = [
        ("admin", "admin", [], []), ("ops", "ops", [], []), ("ops of embed and dark", "ops", ["embed", "dark"], []),
        ("ops of base", "ops", ["base"], []), ("ops of acme", "ops", [], ["acme"]), ("read", "read", [], []),
        ("service", "service", [], []), ("service of acme", "service", [], ["acme"]), ("events", "events", [], []),
    ]

    /// What is asked of one endpoint, and what each token gets: one status, or one for each of the companies.
    struct Row: Sendable {
        var statuses: [[Int]]
        var parameters: [String: String]
        var query: String
        var body: String?

        init(_ statuses: String, _ parameters: [String: String] = [:], query: String = "", body: String? = nil) {
            self.statuses = statuses.split(separator: " ").map { column in column.split(separator: "/").compactMap { Int($0) } }
            self.parameters = parameters
            self.query = query
            self.body = body
        }

        func expected(column: Int, company: Int) -> Int {
            let column = statuses[column]
            return column.count == 1 ? column[0] : column[company]
        }

        /// Whether it makes a difference which company is meant.
        func isAboutCompany(_ path: String) -> Bool { (path + query + (body ?? "")).contains("{company}") }
    }

    private static let open = "200 200 200 200 200 200 200 200 200"
    private static let evaluates = "200 200 200 200 200/403/403 200 200 200/403/403 403"
    private static let reads = "200 200 200 200 200 200 403 403 403"
    private static let readsCompany = "200/200/404 200/200/404 200/200/404 200/200/404 200/200/404 200/200/404 403 403 403"
    private static let administers = "200 403 403 403 403 403 403 403 403"
    private static let administersCompany = "200/200/404 403 403 403 403 403 403 403 403"
    private static let setsEmbed = "200/200/404 200/200/404 200/200/404 403/403/404 200/403/404 403 403 403 403"
    private static let subject = "company_id={company}&user_id=ann"
    private static let question =
        #"{"subject":{"type":"user","id":"ann"},"action":{"name":"canCreate"},"resource":{"type":"company","id":"{company}"}}"#
    private static let context = #"{"context":{"targetingKey":"ann","companyId":"{company}"}}"#
    private static let users = "/v1/admin/companies/{company}/users"
    private static let spare = ["key": "spare", "name": "spare"]
    private static let dark = ["code": "dark"]
    private static let base = ["code": "base"]
    private static let running = ["code": "hidden"]
    /// Made when the test begins, under ids that only the server knows.
    private static let schedule = ["id": "{schedule}"]
    private static let webhook = ["id": "{webhook}"]

    static let rows: [String: Row] = [
        "GET /livez": Row(open),
        "GET /readyz": Row(open),
        "GET /metrics": Row(reads),
        "GET /v1/feature_flags": Row(evaluates, query: "company_id={company}"),
        "GET /v1/permissions": Row(evaluates, query: subject),
        "GET /v1/gates": Row(evaluates, query: subject),
        "GET /v1/gates/{name}": Row(evaluates, ["name": "canCreate"], query: subject),

        "GET /v1/stream": Row(evaluates, query: subject),
        "POST /ofrep/v1/evaluate/flags": Row(evaluates, body: context),
        "POST /ofrep/v1/evaluate/flags/{key}": Row(evaluates, ["key": "embed"], body: context),
        // Nobody, whatever else they show: the token of an evaluation is in its address.
        "GET /ofrep/v1/stream": Row("401 401 401 401 401 401 401 401 401"),
        "POST /v1/events": Row("202 403 403 403 403 403 403 403 202", body: #"{"events":[]}"#),

        "POST /access/v1/evaluation": Row(evaluates, body: question),
        "POST /access/v1/evaluations": Row(evaluates, body: question),
        "POST /access/v1/search/subject": Row(evaluates, body: question),
        // Companies that the token is not for are no results.
        "POST /access/v1/search/resource": Row("200 200 200 200 200 200 200 200 403", body: question),
        "POST /access/v1/search/action": Row(evaluates, body: question),
        "GET /.well-known/authzen-configuration": Row(open),

        "GET /v1/admin/companies": Row(reads),
        "GET /v1/admin/companies/{company}": Row(readsCompany),
        "PUT /v1/admin/companies/{company}": Row(administers, body: #"{"groups":["qa"]}"#),
        "PATCH /v1/admin/companies/{company}": Row(administersCompany, body: #"{"groups":["qa"]}"#),
        "DELETE /v1/admin/companies/{company}": Row("409/409/404 403 403 403 403 403 403 403 403"),
        "GET /v1/admin/groups": Row(reads),

        "GET /v1/admin/flags": Row(reads),
        "GET /v1/admin/flags/{code}": Row(reads),
        "PUT /v1/admin/flags/{code}": Row(administers, body: #"{"enabled":false}"#),
        "PATCH /v1/admin/flags/{code}": Row("200 200 200 403 403 403 403 403 403", body: #"{"enabled":false}"#),
        "DELETE /v1/admin/flags/{code}": Row(administers, ["code": "hidden"]),
        "GET /v1/admin/flags/{code}/dependents": Row(reads),
        "GET /v1/admin/flags/{code}/companies": Row(reads),
        "PATCH /v1/admin/flags/{code}/companies": Row(setsEmbed, body: #"{"companies":{"{company}":{"enabled":false}}}"#),
        "GET /v1/admin/flags/{code}/companies/{company}": Row(readsCompany, base),
        "PUT /v1/admin/flags/{code}/companies/{company}": Row(setsEmbed, body: #"{"enabled":false}"#),
        // Clearing base for acme turns embed there: beyond the token that is limited to base.
        "DELETE /v1/admin/flags/{code}/companies/{company}": Row(
            "200/200/404 200/200/404 403/403/404 403/200/404 200/403/404 403 403 403 403", base),
        "GET /v1/admin/flags/{code}/holds": Row(reads),
        "PUT /v1/admin/flags/{code}/holds": Row("200 200 200 403 403 403 403 403 403", body: "{}"),
        "DELETE /v1/admin/flags/{code}/holds": Row("200 200 200 403 403 403 403 403 403", dark),
        "PUT /v1/admin/flags/{code}/holds/{company}": Row(setsEmbed, body: "{}"),
        "DELETE /v1/admin/flags/{code}/holds/{company}": Row(setsEmbed, dark),

        "GET /v1/admin/flags/{code}/rollout": Row(reads),
        "PUT /v1/admin/flags/{code}/rollout": Row(administers, body: #"{"stages":[{"name":"all","percentage":100}]}"#),
        "PATCH /v1/admin/flags/{code}/rollout": Row(administers, body: #"{"seed":"other"}"#),
        "DELETE /v1/admin/flags/{code}/rollout": Row(administers),
        "GET /v1/admin/flags/{code}/rollout/status": Row(reads),
        "GET /v1/admin/flags/{code}/rollout/audience": Row(reads),
        "GET /v1/admin/flags/{code}/rollout/report": Row(reads),
        "POST /v1/admin/flags/{code}/rollout/start": Row(administers),
        "POST /v1/admin/flags/{code}/rollout/advance": Row(administers, running),
        "POST /v1/admin/flags/{code}/rollout/pause": Row(administers, running),
        "POST /v1/admin/flags/{code}/rollout/resume": Row(administers, running),
        "POST /v1/admin/flags/{code}/rollout/complete": Row("409 403 403 403 403 403 403 403 403", running),
        "POST /v1/admin/flags/{code}/rollout/rollback": Row("200 200 200 403 403 403 403 403 403"),
        "GET /v1/admin/flags/{code}/guard": Row(reads),
        "PUT /v1/admin/flags/{code}/guard": Row(administers, body: #"{"zero_tolerance":["spare"]}"#),
        "PATCH /v1/admin/flags/{code}/guard": Row(administers, body: #"{"zero_tolerance":["spare"]}"#),
        "DELETE /v1/admin/flags/{code}/guard": Row(administers),
        "GET /v1/admin/flags/{code}/guard/levels": Row(reads),
        "GET /v1/admin/schedules": Row(reads),
        "GET /v1/admin/schedules/{id}": Row(reads, schedule),
        // It is about embed, for every company.
        "DELETE /v1/admin/schedules/{id}": Row("200 200 200 403 403 403 403 403 403", schedule),
        "GET /v1/admin/webhooks": Row(administers),
        "POST /v1/admin/webhooks": Row(administers, body: #"{"url":"https://hooks.invalid/gate"}"#),
        "GET /v1/admin/webhooks/{id}": Row(administers, webhook),
        "PATCH /v1/admin/webhooks/{id}": Row(administers, webhook, body: #"{"description":"new"}"#),
        "DELETE /v1/admin/webhooks/{id}": Row(administers, webhook),

        "GET /v1/admin/permissions": Row(reads),
        "GET /v1/admin/permissions/{key}": Row(reads),
        "PUT /v1/admin/permissions/{key}": Row(administers, body: #"{"name":"New"}"#),
        "PATCH /v1/admin/permissions/{key}": Row(administers, body: #"{"name":"New"}"#),
        "DELETE /v1/admin/permissions/{key}": Row(administers, spare),
        "GET /v1/admin/roles": Row(reads),
        "GET /v1/admin/roles/{name}": Row(reads, spare),
        "PUT /v1/admin/roles/{name}": Row(administers, spare, body: #"{"permissions":["spare"]}"#),
        "PATCH /v1/admin/roles/{name}": Row(administers, spare, body: #"{"permissions":["spare"]}"#),
        "DELETE /v1/admin/roles/{name}": Row(administers, spare),
        "GET /v1/admin/gates": Row(reads),
        "GET /v1/admin/gates/{name}": Row(reads),
        "PUT /v1/admin/gates/{name}": Row(administers, body: #"{"permissions":["spare"]}"#),
        "PATCH /v1/admin/gates/{name}": Row(administers, body: #"{"permissions":["spare"]}"#),
        "DELETE /v1/admin/gates/{name}": Row(administers),
        "GET /v1/admin/event_types": Row(reads),
        "GET /v1/admin/event_types/{name}": Row(reads, spare),
        "PUT /v1/admin/event_types/{name}": Row(administers, spare, body: #"{"properties":{"contact_id":"id"}}"#),
        "PATCH /v1/admin/event_types/{name}": Row(administers, spare, body: #"{"label":"Spare"}"#),
        "DELETE /v1/admin/event_types/{name}": Row(administers, spare),
        "GET /v1/admin/events": Row(reads),
        "GET /v1/admin/streams": Row(reads),

        "GET \(users)": Row(readsCompany),
        "GET \(users)/{user}": Row(readsCompany),
        "PUT \(users)/{user}": Row(administersCompany, body: #"{"roles":["spare"]}"#),
        "DELETE \(users)/{user}": Row(administersCompany),
        "GET \(users)/{user}/permissions": Row(reads),
        "GET \(users)/{user}/permissions/{key}": Row(readsCompany),
        "PUT \(users)/{user}/permissions/{key}": Row(administersCompany, body: #"{"enabled":false}"#),
        "DELETE \(users)/{user}/permissions/{key}": Row(administersCompany),
        "PUT \(users)/{user}/roles/{name}": Row(administersCompany, spare, body: "{}"),
        "DELETE \(users)/{user}/roles/{name}": Row(administersCompany, ["name": "agent"]),

        "GET /v1/admin/tokens": Row(administers),
        "POST /v1/admin/tokens": Row(administers, body: #"{"kind":"read"}"#),
        "GET /v1/admin/tokens/{id}": Row(administers),
        "DELETE /v1/admin/tokens/{id}": Row(administers),
        "GET /v1/admin/changes": Row(reads),
        "GET /v1/admin/changes/{revision}": Row(reads),
        "POST /v1/admin/changes/{revision}/undo": Row("200 200 200 403 403 403 403 403 403", body: "{}"),
        "GET /v1/admin/audit": Row(reads),
        "GET /v1/admin/explain": Row(reads, query: "gate=canCreate&" + subject),
        "POST /v1/admin/plan": Row(administers, body: #"{"manifests":[]}"#),
        "POST /v1/admin/apply": Row(administers, body: #"{"manifests":[{"kind":"permission","name":"fresh"}]}"#),
        "GET /v1/admin/export": Row(reads),
        "POST /v1/admin/import": Row(administers, body: #"{"kind":"permission","name":"fresh"}"#),
        "GET /v1/admin/status": Row(reads),
        "POST /v1/admin/backup": Row(administers),
    ]

    /// A request as it is sent: every write is a dry run, so that each meets the same state.
    static func request(_ endpoint: Endpoint, _ row: Row, _ known: [String: String], company: String) -> (path: String, body: String?) {
        let named = row.parameters.mapValues { value in known.reduce(value) { $0 == "{\($1.key)}" ? $1.value : $0 } }
        let parameters = known.merging(named) { $1 }.merging(["company": company]) { $1 }
        func filled(_ text: String) -> String {
            parameters.reduce(text) { text, parameter in text.split("{\(parameter.key)}").joined(separator: parameter.value) }
        }
        let isWrite = endpoint.parameters?.contains("dry_run") == true
        let query = [row.query, isWrite ? "dry_run=true&reason=matrix" : ""].filter { !$0.isEmpty }.joined(separator: "&")
        return (filled(endpoint.path) + (query.isEmpty ? "" : "?" + filled(query)), row.body.map(filled))
    }
}

extension String {
    fileprivate func split(_ separator: String) -> [Substring] { split(separator: separator, omittingEmptySubsequences: false) }
}
