import APITypes
import ArgumentParser
import Foundation
import Manifest
import WatchwordClient

/// Makes roles, users, keys and settings as a file declares them.
struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Make roles, users, imported keys and settings as a file declares them.",
        discussion: """
            The file is YAML with any of the sections roles, users, keys and settings. Fields that it \
            does not write stay as they are, and nothing is removed without --prune. What somebody \
            else changes meanwhile is not overwritten: apply stops there, says what it has done, and \
            can be run again.
            """)

    @OptionGroup var connection: ConnectionOptions
    @Option(name: .shortAndLong, help: "The file, - for standard input.") var file: String
    @Flag(help: "Show what would be done, and do nothing.") var dryRun = false
    @Flag(help: "Remove what the file does not name, in the sections that it has; never yourself.")
    var prune = false

    func run() async throws {
        let manifest = try readManifest()
        try await connection.withClient { client in
            let reader = PresentReader(client: client, actsElsewhere: connection.tenant != nil)
            let present = try await reader.read(manifest, prunes: prune)
            let changes = try planned(manifest, present)
            if dryRun {
                try show(changes, lines: true)
                connection.output.done(
                    changes.isEmpty ? "nothing to do" : "\(changes.count) to be done")
            } else {
                let ids = present.users.map { ($0.subject, $0.id) }
                try await carryOut(changes, passwords: passwords(for: changes), ids, client)
            }
        }
    }

    private func readManifest() throws -> Manifest {
        let text = try content(of: file)
        do throws(ManifestError) { return try Manifest(yaml: text) } catch { throw refused(error) }
    }

    private func planned(_ manifest: Manifest, _ present: PresentState) throws -> [Change] {
        do throws(ManifestError) {
            return try Planner.plan(manifest, present, prunes: prune)
        } catch { throw refused(error) }
    }

    private func refused(_ error: ManifestError) -> CommandFailure {
        let lines = error.problems.map { "\(file):\($0.line): \($0.text)" }
        return CommandFailure(.invalid, lines.joined(separator: "\n"))
    }

    /// The passwords that the changes ask for, all of them before the first change is made. Their
    /// files lie where the manifest lies, unless it says otherwise.
    private func passwords(for changes: [Change]) throws -> [Subject: String] {
        let folder =
            file == "-"
            ? URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
            : URL(fileURLWithPath: file).deletingLastPathComponent()
        var passwords: [Subject: String] = [:]
        for change in changes {
            guard let path = change.passwordFile else { continue }
            passwords[change.subject] = try content(
                of: URL(fileURLWithPath: path, relativeTo: folder).path)
        }
        return passwords
    }

    private func content(of path: String) throws -> String {
        do {
            return try SecretInput.read(file: path, prompt: path)
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure(
                .configuration, "\(path): \(error.localizedDescription)")
        }
    }

    /// Makes one change after the other, up to the first that is refused.
    private func carryOut(
        _ changes: [Change], passwords: [Subject: String], _ present: [(Subject, String)],
        _ client: WatchwordClient
    ) async throws {
        var ids = Dictionary(present, uniquingKeysWith: { first, _ in first })
        for (number, change) in changes.enumerated() {
            do throws(ClientError) {
                let owner = change.owner.flatMap { ids[.user($0)] }
                guard change.owner == nil || owner != nil else {
                    throw ClientError(code: .unintelligible, detail: "the owner has no id")
                }
                let body = change.body(ownerID: owner, password: passwords[change.subject])
                let answer = try await send(change, body, client)
                if case .user = change.subject { ids[change.subject] = answer.body["id"]?.text }
            } catch {
                try show(Array(changes[..<number]), lines: false)
                PrintError.line(
                    "stopped at \(change.subject), with \(number) of \(changes.count) done")
                throw explained(error)
            }
            if !connection.asJSON { for line in change.lines { print(line) } }
        }
        try show(changes, lines: false)
        connection.output.done(changes.isEmpty ? "nothing to do" : "\(changes.count) done")
    }

    private func send(
        _ change: Change, _ body: JSONValue?, _ client: WatchwordClient
    ) async throws(ClientError) -> ClientResponse {
        do {
            return try await client.send(
                change.method, change.path, body: body.map { try JSON($0) },
                headers: change.conditionHeader.map { [($0.name, $0.value)] } ?? [])
        } catch let error as ClientError {
            throw error
        } catch {
            throw ClientError(code: .unintelligible, detail: "\(error)")
        }
    }

    /// What a concurrent change is told as; other failures speak for themselves.
    private func explained(_ error: ClientError) -> any Error {
        switch error.code {
        case .versionMismatch, .exists, .notFound:
            CommandFailure(
                .conflict,
                "it was changed meanwhile, and nothing was overwritten: run it again (\(error))")
        default: error
        }
    }

    /// Shows changes: to programs as JSON, to people by their lines.
    private func show(_ changes: [Change], lines: Bool) throws {
        guard connection.asJSON else {
            if lines { for line in changes.flatMap(\.lines) { print(line) } }
            return
        }
        try connection.output.list(
            changes.map { change in
                [
                    "change": .string(change.kind.rawValue), "object": .string("\(change.subject)"),
                    "lines": .array(change.lines.map { .string($0) }),
                ]
            }, columns: [])
    }
}
