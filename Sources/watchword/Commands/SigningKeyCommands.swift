import ArgumentParser
import WatchwordClient

private let signingKeyColumns = [
    "id", "algorithm", "state", "created_at", "signs_from", "ends_at",
]

/// The keys that access tokens are signed with.
struct SigningKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signing-key", abstract: "List and rotate the keys that sign access tokens.",
        subcommands: [List.self, Rotate.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the keys, in the order in which they sign.")
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            let answer = try await connection.withClient {
                try await $0.send("GET", "/v1/signing-keys")
            }
            try connection.output.list(
                answer.body["items"]?.elements ?? [], columns: signingKeyColumns)
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make another key.",
            discussion: """
                It is published at once, and signs when others have had the time to learn it; what \
                was signed before stays good. With --revoke it signs at once, and every access \
                token that there is is good for nothing: when this returns, no node takes one.
                """)
        @OptionGroup var connection: ConnectionOptions
        @Option(help: "EdDSA, ES256 or RS256; as the node is configured without it.")
        var algorithm: String?
        @Flag(help: "Drop every other key at once.") var revoke = false

        func run() async throws {
            var fields: [String: JSON] = [:]
            if let algorithm { fields["algorithm"] = .string(algorithm) }
            if revoke { fields["revoke"] = .bool(true) }
            let body = JSON.object(fields)
            let answer = try await connection.withClient {
                try await $0.send("POST", "/v1/signing-keys/rotate", body: body)
            }
            try connection.output.list(
                answer.body["items"]?.elements ?? [], columns: signingKeyColumns)
        }
    }
}
