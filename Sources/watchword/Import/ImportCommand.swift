import ArgumentParser
import Foundation
import WatchwordClient

/// Takes users over from another system, with the hashes of their passwords.
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take over users with their password hashes.",
        discussion: """
            Formats: jsonl, one object per line with username, password_hash (a PHC or crypt \
            string: Argon2id, Argon2i, bcrypt, scrypt, yescrypt, PBKDF2, SHA-256-crypt, \
            SHA-512-crypt) and any of email, display_name, kind, roles, disabled, metadata; \
            htpasswd, as Apache writes it (bcrypt, SHA-crypt). Users that exist already are left as \
            they are. Each hash is made anew as Argon2id at the user's next log-in.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case jsonl, htpasswd }

    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "The file, - for standard input.") var file: String
    @Option(help: "jsonl or htpasswd; otherwise told by the first line.") var format: Format?
    @Option(help: "Requests under way at once.") var parallel = 16
    @Flag(help: "Only check the file, and send nothing.") var dryRun = false

    func validate() throws {
        guard (1...128).contains(parallel) else { throw ValidationError("--parallel is 1 to 128") }
    }

    func run() async throws {
        let text = try SecretInput.read(file: file, prompt: file)
        let format =
            format ?? (text.drop { $0.isWhitespace }.first == "{" ? .jsonl : .htpasswd)
        let parsed = format == .jsonl ? parseJSONLines(text) : parseHtpasswd(text)
        for line in parsed.rejected { PrintError.line("line \(line.line): \(line.reason)") }
        guard !dryRun else {
            connection.output.done(
                "\(parsed.users.count) can be imported, \(parsed.rejected.count) cannot")
            if !parsed.rejected.isEmpty { throw ExitCode(CommandFailure.Code.invalid.rawValue) }
            return
        }
        let tally = try await connection.withClient { client in
            try await send(parsed.users, with: client)
        }
        let summary =
            "\(tally.created) imported, \(tally.present) were there already, "
            + "\(tally.failed + parsed.rejected.count) not imported"
        if connection.asJSON {
            try connection.output.object(
                [
                    "imported": .integer(Int64(tally.created)),
                    "present": .integer(Int64(tally.present)),
                    "failed": .integer(Int64(tally.failed + parsed.rejected.count)),
                ], fields: [])
        } else {
            print(summary)
        }
        if tally.failed + parsed.rejected.count > 0 {
            throw ExitCode(CommandFailure.Code.invalid.rawValue)
        }
    }

    private struct Tally {
        var created = 0
        var present = 0
        var failed = 0
        var done: Int { created + present + failed }
    }

    private enum SendOutcome {
        case created, present
        case failed(String)
    }

    private func send(_ users: [ImportedUser], with client: WatchwordClient) async throws -> Tally {
        var tally = Tally()
        let shows = isatty(2) == 1
        try await withThrowingTaskGroup(of: SendOutcome.self) { group in
            var waiting = users.makeIterator()
            for _ in 0..<parallel {
                guard let user = waiting.next() else { break }
                group.addTask { try await create(user, with: client) }
            }
            while let outcome = try await group.next() {
                switch outcome {
                case .created: tally.created += 1
                case .present: tally.present += 1
                case .failed(let reason):
                    tally.failed += 1
                    PrintError.line(reason)
                }
                if shows, tally.done % 50 == 0 || tally.done == users.count {
                    PrintError.progress(bar(tally.done, of: users.count))
                }
                if let user = waiting.next() {
                    group.addTask { try await create(user, with: client) }
                }
            }
        }
        if shows { PrintError.line("") }
        return tally
    }

    /// A user who cannot be imported is reported; a cluster that does not answer ends the import.
    private func create(
        _ user: ImportedUser, with client: WatchwordClient
    ) async throws -> SendOutcome {
        do {
            _ = try await client.send("POST", "/v1/users", body: user.body, keyed: false)
            return .created
        } catch let error as ClientError {
            switch error.status {
            case 409 where error.code == .exists: return .present
            case 400, 409, 413, 422: return .failed("line \(user.line): \(user.username): \(error)")
            default: throw error
            }
        }
    }

    private func bar(_ done: Int, of total: Int) -> String {
        let width = 40
        let filled = total == 0 ? width : done * width / total
        return "["
            + String(repeating: "#", count: filled)
            + String(repeating: ".", count: width - filled) + "] \(done)/\(total)"
    }
}
