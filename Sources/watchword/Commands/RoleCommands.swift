import ArgumentParser
import WatchwordClient

private let roleFields = [
    "name", "permissions", "inherits", "rate_limit", "quota", "description", "builtin",
    "version",
]

/// Roles.
struct RoleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "role", abstract: "List, define and delete roles.",
        subcommands: [List.self, Show.self, Put.self, Delete.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List roles.")
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            let roles = try await connection.withClient {
                try await $0.all("/v1/roles", limit: 10_000)
            }
            try connection.output.list(
                roles, columns: ["name", "permissions", "inherits", "builtin", "version"])
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one role.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Name.") var name: String

        func run() async throws {
            let answer = try await connection.withClient {
                try await $0.send("GET", "/v1/roles/\(encoded(name))")
            }
            try connection.output.object(answer.body, fields: roleFields)
        }
    }

    struct Put: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make or replace a role.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Name.") var name: String
        @Option(help: "A permission, as invoke or secrets:read:app/*; repeat for more.")
        var permission: [String] = []
        @Option(help: "A role whose permissions it has too; repeat for more.")
        var inherit: [String] = []
        @Option(help: "A limit, as 100/minute.") var rateLimit: String?
        @Option(help: "A quota, as 10000/day,1000000/month.") var quota: String?
        @Option(help: "What it is for.") var description: String?

        func run() async throws {
            var fields: [String: JSON] = [
                "permissions": .array(permission.map { .string($0) })
            ]
            if !inherit.isEmpty { fields["inherits"] = .array(inherit.map { .string($0) }) }
            if let rateLimit { fields["rate_limit"] = .string(rateLimit) }
            if let quota { fields["quota"] = .string(quota) }
            if let description { fields["description"] = .string(description) }
            let body = JSON.object(fields)
            let answer = try await connection.withClient {
                try await $0.send("PUT", "/v1/roles/\(encoded(name))", body: body)
            }
            try connection.output.object(answer.body, fields: roleFields)
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete a role.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Name.") var name: String

        func run() async throws {
            _ = try await connection.withClient {
                try await $0.send("DELETE", "/v1/roles/\(encoded(name))")
            }
            connection.output.done("deleted \(name)")
        }
    }
}
