import ArgumentParser
import Foundation
import WatchwordClient

private let secretFields = ["path", "version", "created_at", "expires_at", "metadata"]

/// Secrets.
struct SecretCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secret", abstract: "Put, get, list and delete secrets.",
        subcommands: [Put.self, Get.self, List.self, Delete.self])

    struct Put: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Store a new version.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Path, as app/db/password.") var path: String
        @Option(help: "File with the value, - for standard input; otherwise you are asked.")
        var valueFile: String?
        @Option(help: "Only if this is the latest version now; 0: only if there is none.")
        var ifVersion: Int?

        func run() async throws {
            let value = try SecretInput.read(
                file: valueFile, prompt: "Value of \(path)", confirm: true)
            let condition: [(String, String)] =
                switch ifVersion {
                case nil: []
                case 0?: [("If-None-Match", "*")]
                case let version?: [("If-Match", "\"\(version)\"")]
                }
            let answer = try await connection.withClient {
                try await $0.send(
                    "PUT", "/v1/secrets/\(encoded(path, keepingSlashes: true))",
                    body: ["value": .string(value)], headers: condition)
            }
            try connection.output.object(answer.body, fields: secretFields)
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read a secret. The value goes to standard output only if it is no terminal.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Path.") var path: String
        @Option(help: "A version; otherwise the latest.") var version: Int?
        @Flag(help: "Show the value on a terminal too.") var reveal = false

        func run() async throws {
            let query = version.map { "?version=\($0)" } ?? ""
            let answer = try await connection.withClient {
                try await $0.send(
                    "GET", "/v1/secrets/\(encoded(path, keepingSlashes: true))\(query)")
            }
            guard reveal || isatty(1) == 0 else {
                try connection.output.object(answer.body, fields: secretFields)
                throw CommandFailure(.configuration, "the value is hidden: use --reveal, or a pipe")
            }
            if connection.asJSON {
                return try connection.output.object(answer.body, fields: [])
            }
            let value = answer.body["value"]?.text ?? ""
            let bytes =
                answer.body["encoding"]?.text == "base64"
                ? Data(base64Encoded: value) ?? Data() : Data(value.utf8)
            try FileHandle.standardOutput.write(contentsOf: bytes)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List paths.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Only what begins with this.") var prefix = ""
        @Option(help: "At most so many.") var limit = 1000

        func run() async throws {
            let secrets = try await connection.withClient {
                try await $0.all("/v1/secrets?prefix=\(encoded(prefix))", limit: limit)
            }
            try connection.output.list(secrets, columns: ["path", "version", "created_at"])
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete a secret.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Path.") var path: String

        func run() async throws {
            _ = try await connection.withClient {
                try await $0.send(
                    "DELETE", "/v1/secrets/\(encoded(path, keepingSlashes: true))")
            }
            connection.output.done("deleted \(path)")
        }
    }
}
