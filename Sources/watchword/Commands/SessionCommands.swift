import ArgumentParser
import WatchwordClient

private let sessionFields = [
    "id", "kind", "user_id", "auth_method", "label", "address", "created_at", "last_seen_at",
    "expires_at", "idle_expires_at",
]

/// Sessions.
struct SessionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "session", abstract: "List, look up and end sessions.",
        subcommands: [Own.self, List.self, Show.self, Lookup.self, Revoke.self])

    struct Own: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "self", abstract: "Show the session of the profile.")
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            let answer = try await connection.withClient {
                try await $0.send("GET", "/v1/sessions/self")
            }
            try connection.output.object(
                answer.body["session"] ?? answer.body, fields: sessionFields)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List a user's sessions.")
        @OptionGroup var connection: ConnectionOptions
        @Option(help: "The user's id; without it your own sessions.") var user: String?

        func run() async throws {
            let path =
                user.map { "/v1/sessions?user_id=\(encoded($0))" } ?? "/v1/users/self/sessions"
            let sessions = try await connection.withClient { try await $0.all(path, limit: 10_000) }
            try connection.output.list(
                sessions,
                columns: ["id", "label", "address", "created_at", "last_seen_at", "expires_at"])
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one session.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Id.") var id: String

        func run() async throws {
            let answer = try await connection.withClient {
                try await $0.send("GET", "/v1/sessions/\(encoded(id))")
            }
            try connection.output.object(answer.body, fields: sessionFields)
        }
    }

    struct Lookup: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whose session a token is, and what it may do.")
        @OptionGroup var connection: ConnectionOptions
        @Option(help: "File with the token, - for standard input; otherwise you are asked.")
        var tokenFile: String?

        func run() async throws {
            let token = try SecretInput.read(file: tokenFile, prompt: "Session token")
            let answer = try await connection.withClient {
                try await $0.send(
                    "POST", "/v1/sessions/lookup", body: ["token": .string(token)])
            }
            try connection.output.object(
                answer.body, fields: ["session", "user", "roles", "permissions"])
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End one session, all of a user's, or your own others.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Id of a session.") var id: String?
        @Option(help: "Id of a user: all sessions of theirs.") var user: String?
        @Flag(help: "Your own sessions, but the one of the profile.") var others = false
        @Option(help: "Only those that began before this time (RFC 3339).") var before: String?

        func validate() throws {
            guard [id != nil, user != nil, others].filter({ $0 }).count == 1 else {
                throw ValidationError("give the id of a session, --user, or --others")
            }
            guard before == nil || id == nil else {
                throw ValidationError("--before goes with --user or --others")
            }
        }

        private var path: String {
            let time = before.map { encoded($0) }
            if let id { return "/v1/sessions/\(encoded(id))" }
            if let user, let time { return "/v1/sessions?user_id=\(encoded(user))&before=\(time)" }
            if let user { return "/v1/users/\(encoded(user))/sessions" }
            return time.map { "/v1/users/self/sessions?before=\($0)" }
                ?? "/v1/users/self/sessions?keep_current=true"
        }

        func run() async throws {
            _ = try await connection.withClient { [path] in try await $0.send("DELETE", path) }
            connection.output.done("revoked")
        }
    }
}
