import GateCore
import HTTPTypes
import HashTreeCollections
import Hummingbird

/// What users have within a company.
enum UserController {
    private static let users = "/v1/admin/companies/{company}/users"
    private static let user = users + "/{user}"

    static let endpoints: [Endpoint] = [
        .list(users, "The users of a company who have explicit states or roles", of: "User") { call in
            let company: CompanyID = try call.parameter("company")
            guard call.snapshot.companies[company] != nil else { throw Planner.unknown(.company(company)) }
            let members = (call.snapshot.users[company] ?? [:]).sorted { $0.key < $1.key }
            return .list(
                try Page(
                    members.lazy.map { (name: $0.key.rawValue, item: User(company: company, id: $0.key, grants: $0.value.grants).json) }, call.query))
        },
        Endpoint(.get, user, .read, "A user's explicit states and roles", answers: "User", manners: [.revisioned]) { call in
            try call.entity(try ref(call))
        },
        .write(.put, user, .administer, "Replaces a user's explicit states and roles", takes: "UserBody") { call in
            let ref = try ref(call)
            let (reader, body) = try await call.json()
            return try await call.write(.put(try Entity(.user, EntityController.naming(reader, ref))), about: ref, body: body)
        },
        .write(.delete, user, .administer, "Takes everything from a user") { call in
            let ref = try ref(call)
            return try await call.write(.delete(ref), about: ref)
        },
        Endpoint(.get, "\(user)/permissions", .read, "Every permission, as it is for a user", answers: .list(of: "UserPermission")) { call in
            let subject = try subject(call)
            let permissions = call.snapshot.permissions.keys.sorted().map { call.snapshot.permission($0, of: subject) }
            return Reply(["data": .array(permissions.map(row))])
        },
        Endpoint(
            .get, "\(user)/permissions/{key}", .read, "A user's explicit state of a permission", answers: "Enabled", manners: [.revisioned]
        ) { call in
            let key: PermissionKey = try call.parameter("key")
            guard case .user(let user) = call.snapshot.entity(try ref(call)).entity, let enabled = user.grants[key] else {
                throw GateError(.entityUnknown, "the user has no explicit state of \(key)")
            }
            return try call.entity(user.ref) { _ in ["enabled": .bool(enabled)] }
        },
        .write(.put, "\(user)/permissions/{key}", .administer, "Sets a user's explicit state of a permission", takes: "Enabled") { call in
            let (reader, body) = try await call.json()
            let enabled = try reader.members(["enabled"]).required("enabled").bool()
            return try await setPermission(call, enabled, body)
        },
        .write(.delete, "\(user)/permissions/{key}", .administer, "Clears a user's explicit state of a permission") { call in
            try await setPermission(call, nil, ByteBuffer())
        },
        .write(.put, "\(user)/roles/{name}", .administer, "Gives a user a role", takes: .optional("Nothing")) { call in
            let (reader, body) = try await call.json(emptyIsObject: true)
            _ = try reader.members([])
            return try await setRole(call, true, body)
        },
        .write(.delete, "\(user)/roles/{name}", .administer, "Takes a role from a user") { call in
            try await setRole(call, false, ByteBuffer())
        },
    ]

    private static func subject(_ call: Call) throws(GateError) -> Subject {
        Subject(company: try call.parameter("company"), user: try call.parameter("user"))
    }

    private static func ref(_ call: Call) throws(GateError) -> EntityRef {
        let subject = try subject(call)
        return .user(subject.company, subject.user)
    }

    private static func setPermission(_ call: Call, _ state: Bool?, _ body: ByteBuffer) async throws -> Reply {
        let subject = try subject(call)
        return try await call.write(
            .setPermission(subject.company, subject.user, try call.parameter("key"), state), about: try ref(call), body: body)
    }

    private static func setRole(_ call: Call, _ member: Bool, _ body: ByteBuffer) async throws -> Reply {
        let subject = try subject(call)
        return try await call.write(.setRole(subject.company, subject.user, try call.parameter("name"), member), about: try ref(call), body: body)
    }

    private static func row(_ check: Check) -> JSONValue {
        guard case .permission(let key, let reason, let role, _) = check else { return .null }
        var object: JSONObject = ["name": .string(key.rawValue), "is_enabled": .bool(check.satisfied), "reason": .string(reason.rawValue)]
        if let role { object["role"] = .string(role.rawValue) }
        return .object(object)
    }
}

extension User {
    fileprivate var ref: EntityRef { .user(company, id) }
}
