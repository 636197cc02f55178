import ArgumentParser
import WatchwordClient

/// Who holds which permission.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say which of these permissions you, a user or a session's holder has.",
        discussion: "Exit code 0 when all are held, 77 when one is not.")

    @OptionGroup var connection: ConnectionOptions
    @Option(help: "The id of the user of whom is asked.") var user: String?
    @Option(help: "File with the session token of whose holder is asked, - for standard input.")
    var tokenFile: String?
    @Argument(help: "Permissions, as invoke or secrets:read:app/db.") var permissions: [String]

    /// Questions that the server answers at once.
    private static let batch = 100

    func validate() throws {
        guard user == nil || tokenFile == nil else {
            throw ValidationError("give --user or --token-file")
        }
        guard !permissions.isEmpty else { throw ValidationError("give a permission") }
    }

    func run() async throws {
        let token = try tokenFile.map { try SecretInput.read(file: $0, prompt: "Session token") }
        var subject: [String: JSON] = [:]
        if let user { subject["user_id"] = .string(user) }
        if let token { subject["token"] = .string(token) }
        let questions = permissions.map { permission in
            JSON.object(subject.merging(["permission": .string(permission)]) { $1 })
        }
        let results = try await connection.withClient { client in
            var results: [JSON] = []
            for start in stride(from: 0, to: questions.count, by: Self.batch) {
                let part = questions[start..<min(questions.count, start + Self.batch)]
                let answer = try await client.send(
                    "POST", "/v1/check", body: ["checks": .array(Array(part))])
                results += answer.body["results"]?.elements ?? []
            }
            return results
        }
        guard results.count == permissions.count else {
            throw CommandFailure(.general, "\(results.count) answers to \(permissions.count)")
        }
        let rows = zip(permissions, results).map { permission, result in
            JSON.object([
                "permission": .string(permission), "allowed": result["allowed"] ?? .null,
                "code": result["code"] ?? .null,
            ])
        }
        try connection.output.list(rows, columns: ["permission", "allowed", "code"])
        guard results.allSatisfy({ $0["allowed"] == .bool(true) }) else { throw ExitCode(77) }
    }
}
