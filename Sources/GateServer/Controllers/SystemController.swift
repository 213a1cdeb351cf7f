import GateCore
import HTTPTypes
import HashTreeCollections
import Hummingbird
import Logging
import NIOCore

/// How the server is.
enum SystemController {
    static let version = "0.1.0"

    static let health: [Endpoint] = [
        Endpoint(.get, "/livez", .open, "The process lives", parameters: nil, answers: "Health") { _ in Reply(["status": "ok"]) },
        Endpoint(.get, "/readyz", .open, "The state is loaded and answers are given", parameters: nil, answers: "Health") { _ in
            Reply(["status": "ready"])
        },
    ]

    static let endpoints: [Endpoint] = [
        Endpoint(.get, "/v1/admin/status", .read, "The server, its database, and how much is in it", answers: "Status") { call in
            let state = call.snapshot
            return Reply([
                "version": .string(version), "incarnation": .string(state.incarnation), "revision": .integer(state.revision),
                "chain_head": .string(call.published.chainHead.hexadecimal), "time": .string(call.now.description),
                "companies": .integer(Int64(state.companies.count)), "flags": .integer(Int64(state.flags.count)),
                "gates": .integer(Int64(state.gates.count)), "users": .integer(state.users.values.reduce(0) { $0 + Int64($1.count) }),
                "database": .string(call.service.databasePath),
            ])
        },
        Endpoint(
            .post, "/v1/admin/backup", .administer, "The whole database as it is now, as an SQLite file: secrets' digests included",
            answers: .file("application/vnd.sqlite3")
        ) { call in
            let copy = try await call.service.backups.copy()
            let token = try call.token.id
            call.service.logger.notice("a backup is taken", metadata: ["token": "\(token)", "revision": "\(copy.position.revision)"])
            return backup(copy)
        }.describing(failures: [503, 507]),
    ]

    private static func backup(_ copy: BackupCopy) -> Reply {
        var reply = Reply(bytes: [])
        reply.headers = [.contentType: "application/vnd.sqlite3", .cacheControl: "no-store", .gateRevision: copy.position.description]
        reply.pieces = ResponseBody(contentLength: copy.size) { writer in
            var offset = 0
            while case let piece = try copy.piece(at: offset), !piece.isEmpty {
                try await writer.write(ByteBuffer(bytes: piece))
                offset += piece.count
            }
            try await writer.finish(nil)
        }
        return reply
    }
}
