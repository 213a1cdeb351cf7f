import GateCore
import HTTPTypes
import HashTreeCollections

/// A flag's rollout and its guard: their definitions, the rollout's steps, and how far things are.
enum RolloutController {
    private static let rollout = "/v1/admin/flags/{code}/rollout"
    private static let guardPath = "/v1/admin/flags/{code}/guard"

    static let endpoints: [Endpoint] =
        definition("Rollout", rollout, "rollout") { .rollout(try $0.parameter("code")) }
        + definition("Guard", guardPath, "guard") { .guard(try $0.parameter("code")) }
        + [
            .write(.post, "\(rollout)/start", .administer, "Begins the first stage", takes: .optional("Nothing")) { call in
                try await take(.start, call)
            },
            .write(
                .post, "\(rollout)/advance", .administer, "Begins the next stage, if this one's criteria are met", parameters: ["force"],
                takes: .optional("Nothing"), deferring: .never
            ) { call in
                let (measures, force) = (try await measures(call), try call.query.flag("force"))
                return try await take(.advance(measures, force: try force || call.query.flag("dry_run")), call, measures)
            },
            .write(
                .post, "\(rollout)/complete", .administer, "Ends the last stage, if its criteria are met", parameters: ["force"],
                takes: .optional("Nothing"), deferring: .never
            ) { call in
                let (measures, force) = (try await measures(call), try call.query.flag("force"))
                return try await take(.complete(measures, force: try force || call.query.flag("dry_run")), call, measures)
            },
            .write(.post, "\(rollout)/pause", .administer, "Keeps the audience as it is", takes: .optional("Nothing")) { call in
                try await take(.pause, call)
            },
            .write(.post, "\(rollout)/resume", .administer, "Goes on after a pause", takes: .optional("Nothing")) { call in
                try await take(.resume, call)
            },
            .write(
                .post, "\(rollout)/rollback", .operate, "Holds the flag for every company, and stops the rollout", takes: .optional("Nothing"),
                deferring: .later
            ) { call in
                try await take(.rollback, call)
            },
            Endpoint(
                .get, "\(rollout)/status", .read, "How far a rollout is, what its stage has measured, and what stopped it", answers: "RolloutStatus"
            ) { call in
                try await status(call)
            },
            .list("\(rollout)/audience", "The companies that a stage reaches", of: "AudienceRow", parameters: ["stage"]) { call in
                .list(try audience(call))
            },
            Endpoint(
                .get, "\(rollout)/report", .read, "What each stage and company came to since a time", parameters: ["since"],
                answers: "RolloutReport"
            ) { call in try await report(call) },
            Endpoint(.get, "\(guardPath)/levels", .read, "How the detectors stand", answers: .list(of: "DetectorLevel")) { call in
                let code = try existing(call)
                let levels = await call.service.events.levels(of: code)
                let current = levels.filter { $0.isCurrent(in: call.snapshot) }
                    .sorted { ($0.company?.rawValue ?? "", $0.metric) < ($1.company?.rawValue ?? "", $1.metric) }
                return Reply(["data": .array(current.map(\.json))])
            },
        ]

    private static func definition(
        _ schema: String, _ path: String, _ noun: String, _ ref: @escaping @Sendable (Call) throws -> EntityRef
    ) -> [Endpoint] {
        [
            Endpoint(.get, path, .read, "A flag's \(noun)", answers: .json(schema), manners: [.revisioned]) { call in
                _ = try existing(call)
                return try call.entity(try ref(call))
            },
            .write(.put, path, .administer, "Replaces or creates a flag's \(noun)", takes: .json(schema + "Body")) { call in
                let ref = try ref(call)
                let (reader, body) = try await call.json()
                let entity = try Entity(ref.kind, EntityController.naming(withoutProgress(reader, ref, call.snapshot), ref))
                return try await call.write(.put(entity), about: ref, body: body)
            },
            .write(
                .patch, path, .administer, "Changes members of a flag's \(noun): JSON merge patch", takes: .patch(schema + "Patch")
            ) { call in
                let ref = try ref(call)
                let (reader, body) = try await call.json()
                _ = try reader.members()
                return try await call.write(.patch(ref, reader.value), about: ref, body: body)
            },
            .write(.delete, path, .administer, "Removes a flag's \(noun)") { call in
                let ref = try ref(call)
                return try await call.write(.delete(ref), about: ref)
            },
        ]
    }

    private static func existing(_ call: Call) throws(GateError) -> FlagCode {
        let code: FlagCode = try call.parameter("code")
        guard call.snapshot.flags[code] != nil else { throw Planner.unknown(.flag(code)) }
        return code
    }

    private static func existingRollout(_ call: Call) throws(GateError) -> Rollout {
        let code = try existing(call)
        guard let rollout = call.snapshot.flags[code]?.rollout?.value else { throw Planner.unknown(.rollout(code)) }
        return rollout
    }

    /// What was read may be sent back; a body that says another progress is refused, not passed over.
    private static func withoutProgress(_ reader: JSONReader, _ ref: EntityRef, _ state: Snapshot) throws(GateError) -> JSONReader {
        guard case .rollout(let code) = ref, var object = reader.value.objectValue else { return reader }
        let present = state.flags[code]?.rollout?.value.json ?? .object([:])
        for member in Rollout.progress {
            guard object[member] == nil || object[member] == present[member] else {
                throw GateError(.rolloutStatus, "\(member) moves by the rollout's steps alone", pointer: "/\(member)")
            }
            object[member] = Optional<JSONValue>.none
        }
        return JSONReader(.object(object))
    }

    // MARK: Steps

    private static func measures(_ call: Call) async throws -> StageMeasures? {
        let rollout = try existingRollout(call)
        guard let began = rollout.stageBeganAt else { return nil }
        let tallies = try await call.service.eventReader.tallies(of: rollout.flag, since: began)
        return StageMeasures(began: began, now: call.now, counts: OutcomeCounts(tallies))
    }

    private static func take(_ step: RolloutStep, _ call: Call, _ measures: StageMeasures? = nil) async throws -> Reply {
        let (reader, body) = try await call.json(emptyIsObject: true)
        _ = try reader.members([])
        let code: FlagCode = try call.parameter("code")
        var more: JSONObject = [:]
        if let measures, let rollout = call.snapshot.flags[code]?.rollout?.value { more = goNoGo(rollout, measures) }
        return try await call.write(.rollout(code, step), about: .rollout(code), body: body, more: more)
    }

    private static func goNoGo(_ rollout: Rollout, _ measures: StageMeasures) -> JSONObject {
        let table = rollout.criteria(measures, at: measures.now)
        return [
            "stage": .string(rollout.stages[rollout.stage].name.rawValue), "go": .bool(table.allSatisfy(\.go)), "criteria": .array(table.map(\.json)),
            "measured": measures.counts.json, "success_criteria": measures.counts.successCriteria,
        ]
    }

    // MARK: How far things are

    private static func status(_ call: Call) async throws -> Reply {
        let rollout = try existingRollout(call)
        let state = call.snapshot
        var object: JSONObject = ["rollout": rollout.json]
        let holds = [EntityRef.hold(rollout.flag, nil)] + state.companies.keys.sorted().map { .hold(rollout.flag, $0) }
        object["holds"] = .array(
            holds.compactMap { ref in
                let (entity, revision) = state.entity(ref)
                guard let hold = entity?.json.objectValue else { return nil }
                return .object(JSONObject(hold.members.map { ($0.name, $0.value) } + [("revision", .integer(revision))]))
            })
        object["companies_on"] = .integer(Int64(state.companies.values.count { state.verdict(rollout.flag, $0).value }))
        if let measures = try await measures(call) {
            for member in goNoGo(rollout, measures).members { object[member.name] = member.value }
        }
        var stops: [JSONValue] = []
        for stop in try await call.service.eventReader.findings(of: rollout.flag, kind: .trip, limit: 10) {
            guard let revision = stop.revision else { continue }
            var one: JSONObject = [
                "company_id": stop.finding.company.map { .string($0.rawValue) } ?? .null, "at": .string(stop.finding.decidedAt.description),
                "revision": .integer(revision), "reason": .string(stop.finding.reason), "numbers": stop.finding.numbers,
            ]
            if stop.recovery != nil { one["recovery"] = try await call.service.eventReader.recovery(of: stop, now: call.now).json }
            stops.append(.object(one))
        }
        object["stops"] = .array(stops)
        object["warnings"] = .array(
            try await call.service.eventReader.findings(of: rollout.flag, kind: .warning, limit: 10).map { warning in
                [
                    "company_id": warning.finding.company.map { .string($0.rawValue) } ?? .null, "at": .string(warning.finding.decidedAt.description),
                    "reason": .string(warning.finding.reason), "numbers": warning.finding.numbers,
                ]
            })
        return Reply(.object(object))
    }

    /// Who is in before the step is taken: of a stage by its name, or of the current one.
    private static func audience(_ call: Call) throws(GateError) -> Page {
        let rollout = try existingRollout(call)
        var stage = rollout.stage
        if let name: StageName = try call.query.identifier("stage") {
            guard let index = rollout.stages.firstIndex(where: { $0.name == name }) else {
                throw GateError(
                    .entityUnknown, "there is no stage \(name): known are \(rollout.stages.map(\.name.rawValue).joined(separator: ", "))")
            }
            stage = index
        }
        let audience = Audience(rollout, upTo: stage)
        let rows = call.snapshot.companies.values.compactMap { record -> (name: String, item: JSONValue)? in
            guard let place = audience.place(of: record.company) else { return nil }
            var row: JSONObject = ["company_id": .string(record.company.id.rawValue), "stage": .string(place.stage.rawValue)]
            switch place.way {
            case .company: row["by"] = "company"
            case .group(let group): (row["by"], row["group"]) = ("group", .string(group.rawValue))
            case .percentage: (row["by"], row["bucket"]) = ("percentage", place.bucket.map { .integer(Int64($0)) })
            }
            row["state"] = call.snapshot.cell(rollout.flag, record.company.id)?.enabled.map { .bool($0) } ?? .null
            return (record.company.id.rawValue, .object(row))
        }
        return try Page(rows.sorted { $0.name < $1.name }, call.query)
    }

    private static func report(_ call: Call) async throws -> Reply {
        let rollout = try existingRollout(call)
        let since = call.now - (try call.query["since"].map { text throws(GateError) in try TimeSpan(text) } ?? TimeSpan(seconds: 7 * 86_400))
        let tallies = try await call.service.eventReader.tallies(of: rollout.flag, since: since)
        let groups = Dictionary(grouping: tallies) { [$0.stage, $0.company.rawValue] }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        let total = OutcomeCounts(tallies)
        return Reply([
            "flag": .string(rollout.flag.rawValue), "since": .string(since.description), "until": .string(call.now.description),
            "status": .string(rollout.status.rawValue), "stage": .string(rollout.stages[rollout.stage].name.rawValue), "total": total.json,
            "success_criteria": total.successCriteria,
            "data": .array(
                groups.map { key, tallies in
                    let counts = OutcomeCounts(tallies).json.objectValue ?? JSONObject()
                    return .object(
                        JSONObject(
                            [("stage", key[0].isEmpty ? .null : .string(key[0])), ("company_id", .string(key[1]))]
                                + counts.members.map { ($0.name, $0.value) }))
                }),
        ])
    }
}
