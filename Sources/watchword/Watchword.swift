import ArgumentParser

@main
struct Watchword: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watchword",
        abstract: "Work with a Watchword cluster.",
        discussion: """
            Exit codes: 0 done, 1 other failure, 64 wrong use or configuration, 65 refused input, \
            66 not found, 75 no node could answer (try again), 77 not allowed, 79 conflict.
            """,
        subcommands: [
            InitCommand.self, LoginCommand.self, LogoutCommand.self, UserCommand.self,
            RoleCommand.self, SessionCommand.self, KeyCommand.self, SigningKeyCommand.self,
            SecretCommand.self, CheckCommand.self, TokenCommand.self, AuditCommand.self,
            ClusterCommand.self, ImportCommand.self, ApplyCommand.self, SettingsCommand.self,
            TOTPCommand.self, TenantCommand.self, UsageCommand.self, BenchCommand.self,
        ])

    /// Runs a command; a failure that has an exit code of its own ends the process with it.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let failure as CommandFailure {
            PrintError.line("watchword: \(failure)")
            exit(withError: ExitCode(failure.code.rawValue))
        } catch {
            exit(withError: error)
        }
    }
}
