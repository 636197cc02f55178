import ArgumentParser
import WatchwordClient

/// The audit trail.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Read the audit trail, and verify it.",
        subcommands: [AuditListCommand.self, AuditVerifyCommand.self],
        defaultSubcommand: AuditListCommand.self)
}

struct AuditListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Read the audit trail.",
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

struct AuditVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "See that no record was changed or removed since it was written.",
        discussion: """
            Each record bears the digest of the one before it. Keep the digest that this prints \
            somewhere else: with --known it is looked whether it still stands there, which nobody \
            can bring about who has written the trail anew. Exit code 1: a link does not hold.
            """)

    @OptionGroup var connection: ConnectionOptions
    @Option(
        help: ArgumentHelp(
            "What an earlier run has printed; repeat for more.", valueName: "SEQ:DIGEST"))
    var known: [String] = []

    private struct Known {
        let sequence: Int64
        let digest: String

        init(_ text: String) throws {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let sequence = Int64(parts[0]), sequence > 0,
                parts[1].utf8.count == 64
            else { throw ValidationError("--known \(text): a number, a colon and 64 digits") }
            self.sequence = sequence
            digest = parts[1].lowercased()
        }
    }

    mutating func validate() throws { for text in known { _ = try Known(text) } }

    func run() async throws {
        let known = try known.map { try Known($0) }
        let (first, last, head) = try await connection.withClient { client in
            for record in known { try await check(record, client) }
            return try await walk(client)
        }
        try connection.output.object(
            .object(["first": .integer(first), "last": .integer(last), "digest": .string(head)]),
            fields: ["first", "last", "digest"])
        connection.output.done("every link holds; next time: --known \(last):\(head)")
    }

    private func check(_ record: Known, _ client: WatchwordClient) async throws {
        let path = "/v1/audit/chain?after=\(record.sequence - 1)&limit=1"
        let found = try await client.send("GET", path).body
        guard found["last"]?.integer == record.sequence else {
            throw CommandFailure(.notFound, "record \(record.sequence) is not kept any more")
        }
        guard found["head"]?.text == record.digest else {
            throw CommandFailure(.general, "record \(record.sequence) is not the one it was")
        }
    }

    private func walk(
        _ client: WatchwordClient
    ) async throws -> (first: Int64, last: Int64, head: String) {
        var first: Int64 = 0
        var last: Int64 = 0
        var head = String(repeating: "0", count: 64)
        while true {
            let part = try await client.send(
                "GET", "/v1/audit/chain?after=\(last)&limit=1000"
            ).body
            if let broken = part["broken_at"]?.integer {
                throw CommandFailure(.general, "record \(broken) does not fit what comes before it")
            }
            if let end = part["last"]?.integer, end > 0 {
                if first == 0 { first = part["first"]?.integer ?? 0 }
                last = end
                head = part["head"]?.text ?? head
            }
            if part["complete"]?.bool == true { return (first, last, head) }
        }
    }
}
