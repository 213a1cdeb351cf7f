import GateCore
import HTTPTypes
import HashTreeCollections
import Hummingbird

/// How the server is.
enum SystemController {
    static let version = "0.1.0"

    static let health: [Endpoint] = [
        Endpoint(.get, "/livez", .open, "The process lives", parameters: nil) { _ in Reply(["status": "ok"]) },
        Endpoint(.get, "/readyz", .open, "The state is loaded and answers are given", parameters: nil) { _ in Reply(["status": "ready"]) },
    ]

    static let endpoints: [Endpoint] = [
        Endpoint(.get, "/v1/admin/status", .read, "The server, its database, and how much is in it") { call in
            let state = call.snapshot
            return Reply([
                "version": .string(version), "incarnation": .string(state.incarnation), "revision": .integer(state.revision),
                "chain_head": .string(call.published.chainHead.hexadecimal), "time": .string(call.now.description),
                "companies": .integer(Int64(state.companies.count)), "flags": .integer(Int64(state.flags.count)),
                "gates": .integer(Int64(state.gates.count)), "users": .integer(state.users.values.reduce(0) { $0 + Int64($1.count) }),
                "database": .string(call.service.databasePath),
            ])
        }
    ]
}
