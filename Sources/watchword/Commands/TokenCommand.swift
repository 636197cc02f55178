import ArgumentParser
import WatchwordClient

/// Credentials that somebody has trouble with.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Say what a credential is, and why it is refused.",
        subcommands: [Inspect.self])

    struct Inspect: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what a credential is, and why it is refused.",
            discussion: """
                Of session tokens, refresh tokens and API keys. It is no use of the credential, and \
                spends nothing. Needs sessions:lookup, and for keys keys:read. Exit code 0 when it \
                is good, 77 when it is refused.
                """)
        @OptionGroup var connection: ConnectionOptions
        @Option(help: "File with the credential, - for standard input; otherwise you are asked.")
        var tokenFile: String?
        @Option(help: "The client's address, for keys that are good from some only.")
        var address: String?

        func run() async throws {
            let credential = try SecretInput.read(file: tokenFile, prompt: "Credential")
            var body: [String: JSON] = ["credential": .string(credential)]
            if let address { body["address"] = .string(address) }
            let asked = JSON.object(body)
            let answer = try await connection.withClient {
                try await $0.send("POST", "/v1/credentials/inspect", body: asked)
            }
            try connection.output.object(
                answer.body,
                fields: [
                    "kind", "good", "reason", "expires_at", "user", "session", "key", "roles",
                    "permissions",
                ])
            guard answer.body["good"] != .bool(true) else { return }
            let reason = answer.body["reason"]?.text ?? ""
            PrintError.line("watchword: refused: \(Self.explanations[reason] ?? reason)")
            throw ExitCode(77)
        }

        /// What each reason means for who has to help.
        private static let explanations = [
            "misspelt": "it begins as one of ours, but its checksum is wrong: cut off or mistyped",
            "never_issued": "no such credential was made in this cluster, or not in your tenant",
            "ended": "it was revoked, or its user's sessions were, or it ended long ago",
            "wrong_secret": "its number is known and the rest is not: rotated, or invented",
            "expired": "it is past its end",
            "idle": "the session was not used for too long",
            "user_disabled": "its user is disabled",
            "tenant_suspended": "its tenant is suspended",
            "address": "the key is not good from that address",
            "spent": "this refresh token was redeemed before; if that was not its holder, "
                + "somebody else has it",
            "no_credential": "a join token is for a new node and opens no request",
        ]
    }
}
