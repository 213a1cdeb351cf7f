import ArgumentParser
import GateCore

/// A step of a rollout that takes nothing but the flag.
protocol RolloutStepCommand: WriteCommand {
    static var step: String { get }
    static var effect: String { get }
    var target: RolloutFlag { get }
}

extension RolloutStepCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: step, abstract: effect, discussion: examples("gatectl rollout \(step) cdp_create_ticket_embed --reason \"as agreed\""))
    }

    var defaultWait: String? { Receipt.patience }
    func request() throws -> Request { .admin(.post, target.path(Self.step)) }
}

struct RolloutStart: RolloutStepCommand {
    static let step = "start"
    static let effect = "Begin the first stage."

    @OptionGroup var target: RolloutFlag
    @OptionGroup var options: WriteOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions
}

struct RolloutPause: RolloutStepCommand {
    static let step = "pause"
    static let effect = "Keep the audience as it is, and advance no further."

    @OptionGroup var target: RolloutFlag
    @OptionGroup var options: WriteOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions
}

struct RolloutResume: RolloutStepCommand {
    static let step = "resume"
    static let effect = "Go on after a pause. (A hold is lifted by: gatectl resume FLAG.)"

    @OptionGroup var target: RolloutFlag
    @OptionGroup var options: WriteOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions
}

struct RolloutRollback: RolloutStepCommand {
    static let step = "rollback"
    static let effect = "Hold the flag for every company, explicit states included, and stop the rollout."

    @OptionGroup var target: RolloutFlag
    @OptionGroup var options: WriteOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions
}

/// A step that criteria stand before.
protocol RolloutPromotion: RolloutStepCommand {
    var force: Bool { get }
}

extension RolloutPromotion {
    func request() throws -> Request {
        .admin(.post, target.path(Self.step), query: force ? [.init("force", "true")] : [])
    }

    func run(_ session: Session) async throws {
        let answer = try await session.write(request(), options, wait: defaultWait)
        let body = try answer.json()
        try session.show(answer) { body in
            (body["criteria"]?.arrayValue.map { GoNoGo.lines($0, isGo: body["go"] == true) } ?? []) + Receipt.lines(body)
        }
        if options.dryRun, body["go"] == false, !force { throw ExitStatus.refused.exitCode }
        if (options.wait ?? defaultWait) != "0s", let failure = Receipt.undelivered(body) { throw failure }
    }
}

struct RolloutAdvance: RolloutPromotion {
    static let step = "advance"
    static let effect = "Begin the next stage, if this one's criteria are met. Exit code 3: no-go."

    @OptionGroup var target: RolloutFlag
    @Flag(help: "Although the criteria are not met; the reason says why.") var force = false
    @OptionGroup var options: WriteOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions
}

struct RolloutComplete: RolloutPromotion {
    static let step = "complete"
    static let effect = "End the last stage, if its criteria are met. Exit code 3: no-go."

    @OptionGroup var target: RolloutFlag
    @Flag(help: "Although the criteria are not met; the reason says why.") var force = false
    @OptionGroup var options: WriteOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions
}
