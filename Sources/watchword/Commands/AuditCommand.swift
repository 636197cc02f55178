import ArgumentParser
import WatchwordClient

/// The audit trail.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Read the audit trail.",
        discussion: """
            Shows the newest records, the last one at the end; with --after or --since those that
            follow.
            """)

    @OptionGroup var connection: ConnectionOptions
    @Option(help: "The records behind this sequence number.") var after: Int?
    @Option(help: "The records of this time or later, as 2026-07-01T12:00:00.000Z.")
    var since: String?
    @Option(help: "Only records from before this time.") var until: String?
    @Option(help: "Only of this user, by id or name.") var actor: String?
    @Option(help: "Only of this action.") var action: String?
    @Option(help: "Only about this: an id, role:NAME, secret:PATH or a node.") var target: String?
    @Option(help: "Only of this outcome: success, denied or error.") var outcome: String?
    @Option(help: "At most so many.") var limit = 100

    func run() async throws {
        let isForward = after != nil || since != nil
        var path = "/v1/audit?order=\(isForward ? "oldest" : "newest")"
        let filters = [
            ("after", after.map(String.init)), ("since", since), ("until", until),
            ("actor", actor), ("action", action), ("target", target), ("outcome", outcome),
        ]
        for case (let name, let value?) in filters { path += "&\(name)=\(encoded(value))" }
        let records = try await connection.withClient { [path] in
            try await $0.all(path, limit: limit)
        }
        try connection.output.list(
            isForward ? records : records.reversed(),
            columns: ["seq", "at", "actor", "action", "target", "outcome", "address"])
    }
}
