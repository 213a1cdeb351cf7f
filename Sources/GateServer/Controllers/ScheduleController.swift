import GateCore
import HTTPTypes

/// What waits to be done, and what could not be done.
enum ScheduleController {
    static let endpoints: [Endpoint] = [
        .list("/v1/admin/schedules", "Every schedule, failed ones included", of: "Schedule") { call in
            let schedules = call.snapshot.schedules.values.map(\.value).sorted { $0.id < $1.id }
            return .list(try Page(schedules.map { (name: $0.id.rawValue, item: $0.shown) }, call.query))
        },
        Endpoint(.get, "/v1/admin/schedules/{id}", .read, "One schedule", answers: "Schedule", manners: [.revisioned]) { call in
            try call.entity(.schedule(try call.parameter("id")))
        },
        .write(
            .delete, "/v1/admin/schedules/{id}", .operate, "Cancels a schedule, or takes a failed one off the list", deferring: .never
        ) { call in
            let ref = EntityRef.schedule(try call.parameter("id"))
            return try await call.write(.delete(ref), about: ref)
        },
    ]
}
