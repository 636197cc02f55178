import ArgumentParser
import WatchwordClient

private let settingsFields = [
    "session_idle_seconds_max", "session_seconds_max", "sessions_per_user_max", "session_overflow",
    "quota", "updated_at", "version",
]

/// What the tenant asks of sessions.
struct SettingsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings", abstract: "Show and change what holds for all sessions.",
        subcommands: [Show.self, Set.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show the settings.")
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            let answer = try await connection.withClient {
                try await $0.send("GET", "/v1/settings")
            }
            try connection.output.object(answer.body, fields: settingsFields)
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change the settings that are given; none takes one away.")
        @OptionGroup var connection: ConnectionOptions
        @Option(help: "How long a session may live without being used, in seconds, or none.")
        var idle: String?
        @Option(help: "How long a session may live, in seconds, or none.") var life: String?
        @Option(help: "How many sessions a user may have, or none.") var sessionsPerUser: String?
        @Option(help: "What becomes of one more: deny or evict_oldest.") var overflow: String?
        @Option(help: "A quota of all together, as 10000/day,1000000/month, or none.")
        var quota: String?

        func run() async throws {
            var fields: [String: JSON] = [:]
            fields["session_idle_seconds_max"] = try number(idle, "--idle")
            fields["session_seconds_max"] = try number(life, "--life")
            fields["sessions_per_user_max"] = try number(sessionsPerUser, "--sessions-per-user")
            if let overflow { fields["session_overflow"] = .string(overflow) }
            if let quota { fields["quota"] = .string(quota == "none" ? "" : quota) }
            guard !fields.isEmpty else { throw ValidationError("nothing to change") }
            let body = JSON.object(fields)
            let answer = try await connection.withClient {
                try await $0.send("PATCH", "/v1/settings", body: body)
            }
            try connection.output.object(answer.body, fields: settingsFields)
        }

        private func number(_ text: String?, _ option: String) throws -> JSON? {
            guard let text else { return nil }
            if text == "none" { return .null }
            guard let number = Int64(text) else {
                throw ValidationError("\(option) is a number or none")
            }
            return .integer(number)
        }
    }
}
