import GateCore
import HTTPTypes
import HashTreeCollections
import Hummingbird
import Synchronization

/// The demo's page, its users' tokens, and the stand-in for the CRM on an origin of its own. Loopback only, by configuration.
struct DemoController: Sendable {
    /// Where a listener of the demo is, once it is up.
    final class StandIn: Sendable {
        private let address = Mutex<String?>(nil)
        var url: String? {
            get { address.withLock { $0 } }
            set { address.withLock { $0 = newValue } }
        }
    }

    private static let policy = """
        default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
        frame-ancestors 'none'; require-trusted-types-for 'script'; frame-src 
        """

    let signer: DemoSigner
    let standIn: StandIn

    /// On the server's own origin.
    var endpoints: [Endpoint] {
        [PublicFile.demoPage.endpoint(at: "/demo") { Self.policy + (standIn.url ?? "'none'") }]
            + PublicFile.demo.map { $0.endpoint(at: "/\($0.name)") }
            + [
                Endpoint(.get, "/demo/users", .open, "The demo's users") { call in
                    var people: [JSONValue] = []
                    for (company, members) in call.snapshot.users.sorted(by: { $0.key < $1.key }) {
                        let name = call.snapshot.companies[company]?.company.name ?? company.rawValue
                        people += members.keys.sorted().map {
                            ["company_id": .string(company.rawValue), "user_id": .string($0.rawValue), "name": .string(name)]
                        }
                    }
                    return Reply(["data": .array(people), "meta": ["crm_embed_url": .string(standIn.url ?? "")]])
                },
                Endpoint(.post, "/demo/token", .open, "A demo user's token") { call in
                    let members = try await call.json().reader.members(["company", "user"])
                    let token = try signer.sign(
                        company: members.required("company").identifier(), user: members.required("user").identifier(), issuer: Demo.issuer,
                        audience: Demo.audience, ttl: TimeSpan(seconds: 3_600), now: call.now)
                    return Reply(["token": .string(token)])
                },
            ]
    }

    /// On the stand-in's origin. The demo's page may frame it, and nobody else.
    static func standInEndpoints(host: @escaping @Sendable () -> String?) -> [Endpoint] {
        [
            PublicFile.crmPage.endpoint(at: "/embed/ticket/create") {
                "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors "
                    + (host() ?? "'none'")
            }
        ] + PublicFile.crm.map { $0.endpoint(at: "/\($0.name)") }
    }
}
