import ArgumentParser
import WatchwordClient

/// The cluster.
struct ClusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster",
        abstract: "Show the cluster, change its members, upgrade and verify it.",
        subcommands: [
            Status.self, MembersCommand.self, AddCommand.self, JoinCommand.self,
            PromoteCommand.self, DemoteCommand.self, RemoveCommand.self, ReplaceCommand.self,
            TokensCommand.self, CancelTokenCommand.self, Transfer.self, AuthorityCommand.self,
            UpgradeCommand.self, VerifyCommand.self, RecoverCommand.self,
        ])

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show leader and members.")
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            let answer = try await connection.withClient {
                try await $0.send("GET", "/v1/cluster")
            }
            if connection.asJSON { return try connection.output.object(answer.body, fields: []) }
            try connection.output.object(
                answer.body, fields: ["id", "leader", "term", "feature_level"])
            print("")
            try connection.output.list(
                answer.body["members"]?.elements ?? [],
                columns: [
                    "id", "role", "voter", "match_index", "applied_index", "lag_entries",
                    "reachable", "url",
                ])
        }
    }

    struct Transfer: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Hand leadership to another node.")
        @OptionGroup var connection: ConnectionOptions
        @Option(name: .customLong("to"), help: "Id of the node; otherwise the best one.")
        var target: String?

        func run() async throws {
            let body = JSON.object(target.map { ["to": .string($0)] } ?? [:])
            let answer = try await connection.withClient {
                try await $0.send("POST", "/v1/cluster/transfer", body: body)
            }
            try connection.output.object(answer.body, fields: ["leader", "term"])
        }
    }
}
