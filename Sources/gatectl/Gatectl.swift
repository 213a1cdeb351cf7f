import ArgumentParser
import Foundation

/// The command line: every noun, and the short forms that people type most.
@main
struct Gatectl: AsyncParsableCommand {
    static let version = "0.1.0"
    static let _errorLabel = "gatectl"

    static let configuration = CommandConfiguration(
        commandName: "gatectl",
        abstract: "Look at and change a Gate server's flags, permissions and gates.",
        discussion: """
            The server is the one named by --url, GATE_URL, or a context (gatectl login). Every change takes a reason.

            Exit codes: 0 done; 1 failed; 2 wrong usage; 3 test said no, or a step is no-go; 4 not found; 5 conflict or precondition; \
            6 not allowed; 7 unreachable or outcome unknown; 8 done, but not written to every live stream in time.

            \(examples(
                "gatectl set cdp_create_ticket_embed on --company acme --reason \"beta starts\"",
                "gatectl explain canCreateTicket --company acme --user ana",
                "gatectl --context production history --limit 5"))
            """,
        version: version,
        groupedSubcommands: [
            CommandGroup(name: "Turning on and off", subcommands: [SetFlag.self, ClearFlag.self, HoldFlag.self, ResumeFlag.self]),
            CommandGroup(name: "Rolling out", subcommands: [RolloutCommands.self, GuardCommands.self, ScheduleCommands.self]),
            CommandGroup(name: "Asking why", subcommands: [Explain.self, TestGate.self]),
            CommandGroup(
                name: "Definitions",
                subcommands: [
                    FlagCommands.self, CompanyCommands.self, PermissionCommands.self, RoleCommands.self, GateCommands.self, UserCommands.self,
                    EventTypeCommands.self,
                ]),
            CommandGroup(
                name: "What happened",
                subcommands: [History.self, ShowChange.self, UndoChange.self, AuditCommands.self, EventsCommands.self, Watch.self]),
            CommandGroup(
                name: "Files", subcommands: [PlanManifests.self, ApplyManifests.self, ExportManifests.self, ImportCommands.self, DiffServers.self]),
            CommandGroup(
                name: "Servers and tokens",
                subcommands: [
                    Login.self, ContextCommands.self, TokenCommands.self, WebhookCommands.self, Status.self, Doctor.self, TakeBackup.self,
                    RestoreBackup.self,
                ]),
        ])

    @OptionGroup(title: "Global options") var global: GlobalOptions

    /// Runs the command and ends the process with one of the promised exit codes; ArgumentParser's own usage errors are 2 as well.
    static func main() async {
        do {
            var command = try await asyncParseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand { try await asynchronous.run() } else { try command.run() }
        } catch {
            let code = exitCode(for: error)
            let message = fullMessage(for: error)
            if !message.isEmpty {
                let stream = code.isSuccess ? FileHandle.standardOutput : FileHandle.standardError
                try? stream.write(contentsOf: Data((message + "\n").utf8))
            }
            Foundation.exit(code == .validationFailure ? ExitStatus.usage.rawValue : code.rawValue)
        }
    }
}
