import ArgumentParser
import GateCore

/// What waits to be done by the clock.
enum ScheduleNoun: EntityNoun {
    typealias Name = ScheduleID

    static let noun = "schedule"
    static let collection = "schedules"
    static let deleteWord = "cancel"
    static let example = "s-0123456789abcdef"
    static let columns: [Table.Column] = [
        .init("ID", "id"), .init("DUE", "due_at"),
        .init("WHAT") { schedule in
            Span(schedule["restore"] == nil ? "\(schedule.words("command"))" : "take back: \(entities(schedule))")
        }, .init("BY", "actor"), .init("REASON", "reason"), .init("FAILURE") { $0["failure"].span() },
    ]

    private static func entities(_ schedule: JSONValue) -> String {
        (schedule["restore"]?.arrayValue ?? []).compactMap { $0["entity"]?.entityName }.joined(separator: ", ")
    }
}

struct ScheduleCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule", abstract: "What waits to be done by the clock: list, cancel.",
        discussion: examples("gatectl schedule list", "gatectl schedule cancel s-0123456789abcdef --reason \"no longer\""),
        subcommands: [ListEntities<ScheduleNoun>.self, GetEntity<ScheduleNoun>.self, DeleteEntity<ScheduleNoun>.self])
}
