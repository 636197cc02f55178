import ArgumentParser
import Foundation
import WatchwordClient

/// Shows what the members run, and ends an upgrade.
struct UpgradeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upgrade",
        abstract: "Show which release each member runs, and let the cluster use what all know.",
        discussion: """
            Upgrade the nodes one after the other: the cluster goes on as before, and any of them \
            may still go back. When all run the new release, --finish raises the feature level to \
            what all of them know. From then on no older release can join or come back.
            """)
    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Raise the feature level to the highest that every member knows.")
    var finish = false
    @Option(help: "Raise the feature level to this one.") var level: Int?

    mutating func validate() throws {
        guard !finish || level == nil else {
            throw ValidationError("--finish and --level exclude each other")
        }
        guard level.map({ $0 > 0 }) ?? true else { throw ValidationError("--level is 1 or more") }
    }

    func run() async throws {
        let cluster = try await connection.withClient {
            try await $0.send("GET", "/v1/cluster").body
        }
        let members = cluster["members"]?.elements ?? []
        let levels = members.map { $0["feature_level"]?.integer }
        let present = cluster["feature_level"]?.integer ?? 0
        // A member that has not registered is known to know nothing.
        let common = levels.contains(nil) ? nil : levels.compactMap { $0 }.min()
        guard finish || level != nil else { return try show(cluster, members, present, common) }
        guard let target = level.map({ Int64($0) }) ?? common else {
            throw CommandFailure(
                .conflict, "a member has not registered yet: see `cluster upgrade`")
        }
        guard target != present else {
            return connection.output.done("the cluster uses feature level \(present) already")
        }
        let body = JSON.object(["level": .integer(target)])
        let answer = try await connection.withClient {
            try await $0.send("POST", "/v1/cluster/feature-level", body: body)
        }
        try connection.output.object(answer.body, fields: ["feature_level"])
    }

    private func show(
        _ cluster: JSON, _ members: [JSON], _ present: Int64, _ common: Int64?
    ) throws {
        guard !connection.asJSON else { return try connection.output.object(cluster, fields: []) }
        try connection.output.list(
            members, columns: ["id", "role", "version", "feature_level", "reachable"])
        print("")
        print("the cluster uses feature level \(present)")
        guard let common else { return print("a member has not registered yet: wait for it") }
        if common > present {
            print("every member knows level \(common): `watchword cluster upgrade --finish`")
        } else {
            print("no higher level is known to every member: there is nothing to finish")
        }
    }
}

/// Has the nodes compare their states.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Have all nodes compare their states, and tell who differs.",
        discussion: """
            Every member says what its whole state hashes to at the same entry of the log. Exit \
            code 1: a node differs from the others, or there is no quorum of equal states. Exit \
            code 75: a node has not answered in time.
            """)
    @OptionGroup var connection: ConnectionOptions
    @Option(help: "At most so many seconds are waited.") var wait = 15

    func run() async throws {
        let limit = ContinuousClock.now + .seconds(wait)
        let told = try await connection.withClient { client in
            let begun = try await client.send("POST", "/v1/cluster/verify").body
            let first = begun["index"]?.integer ?? 0
            var told = begun
            while !Self.isComplete(told, since: first), ContinuousClock.now < limit {
                try await Task.sleep(for: .milliseconds(250))
                told = try await client.send("GET", "/v1/cluster/verify").body
            }
            return told
        }
        try show(told)
        let members = told["members"]?.elements ?? []
        let differing = Self.ids(of: members) { $0["agrees"]?.bool == false }
        let silent = Self.ids(of: members) { $0["hash"]?.text == nil }
        if told["state"]?.text == "undecidable" {
            throw CommandFailure(.general, "the states differ, and no quorum says the same")
        }
        guard differing.isEmpty else {
            throw CommandFailure(.general, "not as the others: \(differing)")
        }
        guard silent.isEmpty, told["state"]?.text == "agreed" else {
            throw CommandFailure(.unavailable, "no answer from: \(silent)")
        }
        connection.output.done("all nodes have the same state")
    }

    private func show(_ told: JSON) throws {
        guard !connection.asJSON else { return try connection.output.object(told, fields: []) }
        try connection.output.list(
            told["members"]?.elements ?? [],
            columns: ["id", "voter", "hash", "agrees", "reachable"])
        print("")
        print("at entry \(Output.cell(told["index"]))")
    }

    /// Whether everybody has spoken, at the entry that was asked for or at a later one.
    private static func isComplete(_ told: JSON, since first: Int64) -> Bool {
        (told["index"]?.integer ?? 0) >= first
            && (told["members"]?.elements ?? []).allSatisfy { $0["hash"]?.text != nil }
    }

    private static func ids(of members: [JSON], where isMeant: (JSON) -> Bool) -> String {
        members.filter(isMeant).map { Output.cell($0["id"]) }.joined(separator: ", ")
    }
}

/// Shows the join tokens.
struct TokensCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokens", abstract: "List the join tokens that are kept, without the secrets.")
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let answer = try await connection.withClient {
            try await $0.send("GET", "/v1/cluster/join-tokens")
        }
        try connection.output.list(
            answer.body["items"]?.elements ?? [],
            columns: ["node", "state", "role", "replaces", "created_at", "expires_at"])
    }
}

/// Takes a join token back.
struct CancelTokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel-token", abstract: "Take back a join token that nobody has used.")
    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "The number that is kept, as `watchword cluster tokens` shows it.")
    var id: String

    func run() async throws {
        _ = try await connection.withClient {
            try await $0.send("DELETE", "/v1/cluster/join-tokens/\(encoded(id))")
        }
        connection.output.done("nobody joins as \(id) any more")
    }
}
