import ArgumentParser
import WatchwordClient

/// How many requests were let through.
struct UsageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage", abstract: "Show how many requests were let through.")
    @OptionGroup var connection: ConnectionOptions
    @Option(help: "key, user or day.") var by = "day"
    @Option(help: "The first day, as 2026-11-01; 29 days before the last by default.")
    var from: String?
    @Option(help: "The last day; today by default.") var to: String?
    @Option(help: "Only of the key with this id.") var key: String?
    @Option(help: "Only of the user with this id.") var user: String?
    @Flag(name: .customLong("self"), help: "Your own, by day, or that of the profile's key.")
    var isOwn = false
    @Option(help: "At most so many.") var limit = 1000

    func validate() throws {
        guard ["key", "user", "day"].contains(by) else {
            throw ValidationError("--by is key, user or day")
        }
        guard !isOwn || (key == nil && user == nil && by == "day") else {
            throw ValidationError("--self is by day, and of nobody else")
        }
    }

    func run() async throws {
        let filters = [
            ("by", isOwn ? nil : by), ("from", from), ("to", to), ("key_id", key),
            ("user_id", user),
        ]
        let query = filters.compactMap { name, value in
            value.map { "\(name)=\(encoded($0))" }
        }.joined(separator: "&")
        let path = isOwn ? "/v1/usage/self" : "/v1/usage"
        let rows = try await connection.withClient {
            try await $0.all("\(path)\(query.isEmpty ? "" : "?")\(query)", limit: limit)
        }
        let column = by == "day" ? "day" : "\(by)_id"
        try connection.output.list(rows, columns: [column, "requests"])
    }
}
