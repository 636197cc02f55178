import ArgumentParser
import WatchwordClient

/// One-time codes.
struct TOTPCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "totp", abstract: "Have log-ins ask for a one-time code.",
        subcommands: [
            Enrol.self, Confirm.self, Status.self, RecoveryCodes.self, Remove.self, Reset.self,
        ])

    struct Enrol: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a secret, and print the link for an authenticator app.")
        @OptionGroup var connection: ConnectionOptions
        @Option(help: "File with the password, - for standard input; otherwise you are asked.")
        var passwordFile: String?

        func run() async throws {
            let password = try SecretInput.read(file: passwordFile, prompt: "Password")
            let answer = try await connection.withClient {
                try await $0.send(
                    "POST", "/v1/users/self/totp", body: ["password": .string(password)])
            }
            try connection.output.object(answer.body, fields: ["uri", "secret"])
        }
    }

    struct Confirm: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a code: log-ins need one from then on. Prints the recovery codes.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "The code.") var code: String

        func run() async throws {
            let answer = try await connection.withClient { [code] in
                try await $0.send(
                    "POST", "/v1/users/self/totp/confirm", body: ["code": .string(code)])
            }
            try connection.output.object(answer.body, fields: ["recovery_codes"])
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whether log-ins need a code.")
        @OptionGroup var connection: ConnectionOptions
        @Option(help: "The user's id; without it your own.") var user: String?

        func run() async throws {
            let path = "/v1/users/\(user.map { encoded($0) } ?? "self")/totp"
            let answer = try await connection.withClient { try await $0.send("GET", path) }
            try connection.output.object(
                answer.body,
                fields: ["state", "enrolled_at", "confirmed_at", "recovery_codes_left"])
        }
    }

    struct RecoveryCodes: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "recovery-codes",
            abstract: "Make new recovery codes; the old ones count no more.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "A code.") var code: String
        @Option(help: "File with the password, - for standard input; otherwise you are asked.")
        var passwordFile: String?

        func run() async throws {
            let password = try SecretInput.read(file: passwordFile, prompt: "Password")
            let answer = try await connection.withClient { [code] in
                try await $0.send(
                    "POST", "/v1/users/self/totp/recovery-codes",
                    body: ["password": .string(password), "code": .string(code)])
            }
            try connection.output.object(answer.body, fields: ["recovery_codes"])
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have your log-ins need no code any more.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "A code; none for a secret that was never confirmed.") var code: String?
        @Option(help: "File with the password, - for standard input; otherwise you are asked.")
        var passwordFile: String?

        func run() async throws {
            let password = try SecretInput.read(file: passwordFile, prompt: "Password")
            var fields: [String: JSON] = ["password": .string(password)]
            if let code { fields["code"] = .string(code) }
            let body = JSON.object(fields)
            _ = try await connection.withClient {
                try await $0.send("POST", "/v1/users/self/totp/remove", body: body)
            }
            connection.output.done("removed")
        }
    }

    struct Reset: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove the second factor of a user who has lost it.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "The user's id.") var user: String

        func run() async throws {
            _ = try await connection.withClient { [user] in
                try await $0.send("DELETE", "/v1/users/\(encoded(user))/totp")
            }
            connection.output.done("removed")
        }
    }
}
