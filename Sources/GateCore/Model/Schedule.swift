/// A step to be taken later by the server: a command (`--at`), or the inverse of one that was done (`--for`).
package struct Schedule: Hashable, Sendable {
    /// At most so many wait at once.
    package static let most = 1_000

    /// What is to be done.
    package enum Step: Hashable, Sendable {
        /// The command, in its stored form.
        case command(JSONValue)
        /// What the entities were before, nil for absent. Any later write to one of them cancels this.
        case restore([Restored])
    }

    /// An entity as it is to be again.
    package struct Restored: Hashable, Sendable {
        package var ref: EntityRef
        package var value: Entity?

        package init(ref: EntityRef, value: Entity?) {
            self.ref = ref
            self.value = value
        }
    }

    package var id: ScheduleID
    package var dueAt: Timestamp
    package var step: Step
    /// The revisions that the entities concerned had, or were given: at another the step fails, visibly.
    package var expected: [EntityConflict]
    package var createdAt: Timestamp
    /// Who asked for it: `token/<id>`.
    package var actor: String
    package var reason: String
    /// What the step may do: what whoever asked for it might do then.
    package var rights: Rights
    /// Why it could not be done, once it was due. Such a schedule is kept until somebody cancels it.
    package var failure: String?

    package init(
        id: ScheduleID, dueAt: Timestamp, step: Step, expected: [EntityConflict], createdAt: Timestamp, actor: String, reason: String,
        rights: Rights, failure: String? = nil
    ) {
        self.id = id
        self.dueAt = dueAt
        self.step = step
        self.expected = expected
        self.createdAt = createdAt
        self.actor = actor
        self.reason = reason
        self.rights = rights
        self.failure = failure
    }

    /// The entities of which a later write cancels it.
    package var cancelledBy: [EntityRef] {
        if case .restore(let entities) = step, failure == nil { entities.map(\.ref) } else { [] }
    }
}

extension Schedule {
    /// The rights of a writer, as they are kept: none means everything.
    package struct Rights: Hashable, Sendable {
        /// The limits of an `ops` token; nil for full rights.
        package var operations: Limits?

        package struct Limits: Hashable, Sendable {
            package var flags: [FlagCode]
            package var companies: [CompanyID]
        }

        package static let full = Rights(operations: nil)
    }
}

extension Schedule: EntityValue {
    package init(_ reader: JSONReader) throws(GateError) {
        let members = try reader.members([
            "id", "due_at", "command", "restore", "expected", "created_at", "actor", "reason", "rights", "failure",
        ])
        let step: Step
        if let list = members["restore"] {
            var entities: [Restored] = []
            for element in try list.elements(atMost: .max) {
                let restored = try element.members(["entity", "value"])
                let ref = try EntityRef(restored.required("entity"))
                entities.append(Restored(ref: ref, value: try restored["value"].map { value throws(GateError) in try Entity(ref.kind, value) }))
            }
            step = .restore(entities)
        } else {
            let command = try members.required("command")
            _ = try command.members()
            step = .command(command.value)
        }
        var expected: [EntityConflict] = []
        for element in try members.required("expected").elements(atMost: .max) {
            let one = try element.members(["entity", "revision"])
            expected.append(
                EntityConflict(entity: try EntityRef(one.required("entity")), revision: try one.required("revision").integer(in: 0...(.max))))
        }
        let due = try members.required("due_at")
        let created = try members.required("created_at")
        self.init(
            id: try members.required("id").identifier(), dueAt: try Timestamp(due.string(), at: due.pointer), step: step, expected: expected,
            createdAt: try Timestamp(created.string(), at: created.pointer), actor: try members.required("actor").string(),
            reason: try members.required("reason").string(), rights: try Rights(members["rights"]),
            failure: try members["failure"]?.string())
    }

    package var json: JSONValue {
        var object: JSONObject = ["id": .string(id.rawValue), "due_at": .string(dueAt.description)]
        switch step {
        case .command(let command): object["command"] = command
        case .restore(let entities):
            object["restore"] = .array(entities.map { ["entity": $0.ref.json, "value": $0.value?.json ?? .null] })
        }
        object["expected"] = .array(expected.map { ["entity": $0.entity.json, "revision": .integer($0.revision)] })
        object["created_at"] = .string(createdAt.description)
        object["actor"] = .string(actor)
        object["reason"] = .string(reason)
        object["rights"] = rights.json
        object["failure"] = failure.map { .string($0) } ?? .null
        return .object(object)
    }
}

extension Schedule {
    /// What lists and receipts show: what is to be done and when, not the state it is kept with.
    package var shown: JSONValue {
        var object = json.objectValue ?? JSONObject()
        object["rights"] = Optional<JSONValue>.none
        return .object(object)
    }
}

extension Schedule.Rights {
    init(_ reader: JSONReader?) throws(GateError) {
        guard let members = try reader?.members(["flags", "companies"]) else {
            self = .full
            return
        }
        operations = Limits(
            flags: try members.required("flags").identifiers(atMost: 100), companies: try members.required("companies").identifiers(atMost: 100))
    }

    var json: JSONValue {
        guard let operations else { return .null }
        return ["flags": .strings(operations.flags), "companies": .strings(operations.companies)]
    }
}
