import GateCore
import HTTPTypes
import HashTreeCollections
import Hummingbird

/// The kinds of definition that are listed, read, put, patched and deleted alike.
enum EntityController {
    static let endpoints: [Endpoint] =
        definitions("Company", "companies", "company", "id", in: "company", parameters: ["group"], ref: { .company(try $0.parameter("company")) }) {
            state, call throws(GateError) in
            let group: GroupName? = try call.query.identifier("group")
            return state.companies.values.map(\.company).filter { company in group.map(company.groups.contains) ?? true }.map { .company($0) }
        }
        + definitions("Flag", "flags", "flag", "code", ref: { .flag(try $0.parameter("code")) }) { state, _ in
            state.flags.order.compactMap { state.flags[$0].map { .flag($0.flag) } }
        }
        + definitions("Permission", "permissions", "permission", "key", ref: { .permission(try $0.parameter("key")) }) { state, _ in
            state.permissions.values.map { .permission($0.value) }
        }
        + definitions("Role", "roles", "role", "name", ref: { .role(try $0.parameter("name")) }) { state, _ in
            state.roles.values.map { .role($0.value) }
        }
        + definitions("Gate", "gates", "gate", "name", ref: { .gate(try $0.parameter("name")) }) { state, _ in
            state.gates.values.map { .gate($0.value) }
        }
        + definitions("EventType", "event_types", "event", "name", ref: { .event(try $0.parameter("name")) }) { state, _ in
            state.eventTypes.values.map { .event($0.value) }
        }

    private static func definitions(
        _ schema: String, _ plural: String, _ noun: String, _ member: String, in parameter: String? = nil, parameters: Set<String> = [],
        ref: @escaping @Sendable (Call) throws -> EntityRef,
        all: @escaping @Sendable (Snapshot, Call) throws(GateError) -> [Entity]
    ) -> [Endpoint] {
        let path = "/v1/admin/\(plural)/{\(parameter ?? member)}"
        return [
            .list("/v1/admin/\(plural)", "Every \(noun)", of: schema, parameters: parameters) { call in
                let named = try all(call.snapshot, call).map { (name: $0.ref.identity[member]?.stringValue ?? "", item: $0.json) }
                return .list(try Page(named.sorted { $0.name < $1.name }, call.query))
            },
            Endpoint(.get, path, .read, "One \(noun)", answers: .json(schema), manners: [.revisioned]) { call in try call.entity(try ref(call)) },
            .write(.put, path, .administer, "Creates or replaces a \(noun)", takes: .json(schema + "Body")) { call in
                let ref = try ref(call)
                let (reader, body) = try await call.json()
                return try await call.write(.put(try Entity(ref.kind, naming(reader, ref))), about: ref, body: body)
            },
            // An ops token may turn a flag's master switch; the planner refuses it the rest.
            .write(
                .patch, path, noun == "flag" ? .operate : .administer, "Changes members of a \(noun): JSON merge patch",
                takes: .patch(schema + "Patch")
            ) { call in
                let ref = try ref(call)
                let (reader, body) = try await call.json()
                _ = try reader.members()
                return try await call.write(.patch(ref, reader.value), about: ref, body: body)
            },
            .write(.delete, path, .administer, "Deletes a \(noun) that nothing depends on") { call in
                let ref = try ref(call)
                return try await call.write(.delete(ref), about: ref)
            },
        ]
    }

    /// The body with the names of the path in it; names in the body must be the same.
    static func naming(_ reader: JSONReader, _ ref: EntityRef) throws(GateError) -> JSONReader {
        var object = try reader.members().object
        for member in ref.identity.members {
            guard object[member.name] == nil || object[member.name] == member.value else {
                throw GateError(.textInvalid, "\(member.name) must be the one in the path", pointer: "/\(member.name)")
            }
            object[member.name] = member.value
        }
        return JSONReader(.object(object))
    }
}

extension Call {
    /// One entity with its revision as ETag, for `If-Match`.
    ///
    /// - Parameter shape: the part of the entity's JSON that the body has.
    func entity(_ ref: EntityRef, shape: (JSONValue) -> JSONValue = { $0 }) throws(GateError) -> Reply {
        let (entity, revision) = snapshot.entity(ref)
        guard let entity else { throw Planner.unknown(ref) }
        var reply = Reply(shape(entity.shown))
        reply.headers[.eTag] = "\"\(revision)\""
        reply.headers[.gateRevision] = snapshot.position.description
        return reply
    }
}
