import ArgumentParser
import Foundation
import WatchwordClient

/// Shows who belongs to the cluster.
struct MembersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "members", abstract: "List the members and what is ordered of them.")
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let answer = try await connection.withClient { try await $0.send("GET", "/v1/cluster") }
        try connection.output.list(
            answer.body["members"]?.elements ?? [],
            columns: ["id", "role", "voter", "lag_entries", "reachable", "plan", "peer", "url"])
    }
}

/// Makes a join token.
struct AddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Make a token with which a new machine may join once.",
        discussion: """
            The token is printed and shown nowhere else. On the new machine: watchword cluster \
            join. The node becomes a voter by itself when it has caught up, unless --learner.
            """)
    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "It only receives the log, and never votes.") var learner = false
    @Option(name: .customLong("ttl"), help: "Seconds until the token runs out.") var seconds = 3600

    func run() async throws {
        try await JoinToken.make(
            connection, ["role": .string(learner ? "learner" : "voter")], seconds: seconds)
    }
}

/// Makes a join token for a node that takes the place of another one.
struct ReplaceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replace",
        abstract: "Make a token with which a new machine may take the place of a member.",
        discussion: """
            The old member is removed in the moment in which the new one votes, so the number of \
            voters never differs. The new node has a new number: numbers are never used again.
            """)
    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "Id of the member that goes.") var id: String
    @Option(name: .customLong("ttl"), help: "Seconds until the token runs out.") var seconds = 3600

    func run() async throws {
        try await JoinToken.make(
            connection, ["role": "voter", "replaces": .string(id)], seconds: seconds)
    }
}

private enum JoinToken {
    static func make(
        _ connection: ConnectionOptions, _ fields: [String: JSON], seconds: Int
    ) async throws {
        var fields = fields
        fields["ttl_seconds"] = .integer(Int64(seconds))
        let body = JSON.object(fields)
        let answer = try await connection.withClient {
            try await $0.send("POST", "/v1/cluster/join-tokens", body: body)
        }
        try connection.output.object(
            answer.body, fields: ["node", "role", "replaces", "expires_at", "token"])
    }
}

/// What is ordered of one member, and waited for.
struct MemberOrder: ParsableArguments {
    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "Id of the member.") var id: String
    @Option(help: "At most so many seconds are waited.") var wait = 60

    /// Orders it and waits for the end.
    func carryOut(_ method: String, _ suffix: String, done: String) async throws {
        let limit = ContinuousClock.now + .seconds(wait)
        try await connection.withClient { client in
            let path = "/v1/cluster/members/\(encoded(id))\(suffix)"
            var answer = try await client.send(method, path)
            // The same order again is the same order: it only waits on.
            while answer.status == 202 {
                guard ContinuousClock.now < limit else {
                    throw CommandFailure(
                        .unavailable, "it goes on: see `watchword cluster members`")
                }
                do { answer = try await client.send(method, path) } catch let error as ClientError
                    where error.status == 404 && method == "DELETE"
                { break }
            }
        }
        connection.output.done("\(id) \(done)")
    }
}

/// Makes a learner a voter.
struct PromoteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote", abstract: "Make a learner a voter.")
    @OptionGroup var order: MemberOrder

    func run() async throws { try await order.carryOut("POST", "/promote", done: "votes") }
}

/// Makes a voter a learner.
struct DemoteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demote", abstract: "Make a voter a learner.")
    @OptionGroup var order: MemberOrder

    func run() async throws { try await order.carryOut("POST", "/demote", done: "is a learner") }
}

/// Removes a member.
struct RemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a member, the leader too.",
        discussion: "Its number is never used again. Its process may be stopped afterwards.")
    @OptionGroup var order: MemberOrder

    func run() async throws {
        try await order.carryOut("DELETE", "", done: "is no member any more")
    }
}

/// Gives the cluster the authority that signs nodes' certificates.
struct AuthorityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "authority",
        abstract: "Give the cluster the authority that signs the certificates of new nodes.",
        discussion: """
            `watchword init` leaves it in DIR/authority. Its key is sealed under the cluster's \
            keyring and stored by every node; without it no node can join.
            """)
    @OptionGroup var connection: ConnectionOptions
    @Option(help: "The folder with ca.crt and ca.key.") var dir: String

    func run() async throws {
        let body = JSON.object([
            "certificate": .string(try PrivateFile.read("\(dir)/ca.crt")),
            "key": .string(try PrivateFile.read("\(dir)/ca.key")),
        ])
        _ = try await connection.withClient {
            try await $0.send("PUT", "/v1/cluster/authority", body: body)
        }
        connection.output.done("the cluster can sign certificates of new nodes")
    }
}
