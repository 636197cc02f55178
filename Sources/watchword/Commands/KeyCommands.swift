import ArgumentParser
import WatchwordClient

private let keyFields = [
    "id", "name", "prefix", "owner_id", "roles", "permissions", "allowed_addresses", "rate_limit",
    "quota", "imported", "created_at", "expires_at", "previous_expires_at", "last_used_at",
    "last_used_address", "version",
]

/// API keys.
struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Generate, list, rotate and revoke API keys.",
        subcommands: [List.self, Show.self, Generate.self, Rotate.self, Revoke.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List living keys.")
        @OptionGroup var connection: ConnectionOptions
        @Option(help: "The owner's id; without it those of everybody.") var owner: String?
        @Option(help: "At most so many.") var limit = 1000

        func run() async throws {
            let query = owner.map { "?owner_id=\(encoded($0))" } ?? ""
            let keys = try await connection.withClient {
                try await $0.all("/v1/keys\(query)", limit: limit)
            }
            try connection.output.list(
                keys,
                columns: [
                    "id", "name", "prefix", "owner_id", "roles", "permissions", "expires_at",
                    "last_used_at",
                ])
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one key.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Id, or self for the key of the profile.") var id: String

        func run() async throws {
            let answer = try await connection.withClient {
                try await $0.send("GET", "/v1/keys/\(encoded(id))")
            }
            try connection.output.object(answer.body, fields: keyFields)
        }
    }

    struct Generate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Generate a key; it is shown this once.",
            discussion: """
                With neither --role nor --permission the key says who its owner is, and may do \
                nothing.
                """)
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "What it is for.") var name: String
        @Option(help: "What the key begins with: [a-z][a-z0-9-]{1,15}; wwk without it.")
        var prefix: String?
        @Option(help: "The owner's id; you without it.") var owner: String?
        @Option(help: "A role; repeat for more.") var role: [String] = []
        @Option(help: "A permission; repeat for more.") var permission: [String] = []
        @Option(help: "An address or range from which it is good; repeat for more.")
        var allow: [String] = []
        @Option(help: "A limit, as 100/minute.") var rateLimit: String?
        @Option(help: "A quota, as 10000/day,1000000/month.") var quota: String?
        @Option(help: "How many seconds it lives.") var ttlSeconds: Int64?
        @Flag(help: "It ends only when it is revoked.") var noExpiry = false
        @Option(
            help: ArgumentHelp(
                "Take in a key that was made elsewhere, by the SHA-256 of the whole of it.",
                valueName: "hex"))
        var sha256: String?

        func validate() throws {
            guard role.isEmpty || permission.isEmpty else {
                throw ValidationError("give roles or permissions, not both")
            }
            guard ttlSeconds == nil || !noExpiry else {
                throw ValidationError("give --ttl-seconds or --no-expiry, not both")
            }
        }

        func run() async throws {
            var fields: [String: JSON] = ["name": .string(name)]
            if let prefix { fields["prefix"] = .string(prefix) }
            if let owner { fields["owner_id"] = .string(owner) }
            if !role.isEmpty { fields["roles"] = .array(role.map { .string($0) }) }
            if !permission.isEmpty {
                fields["permissions"] = .array(permission.map { .string($0) })
            }
            if !allow.isEmpty { fields["allowed_addresses"] = .array(allow.map { .string($0) }) }
            if let rateLimit { fields["rate_limit"] = .string(rateLimit) }
            if let quota { fields["quota"] = .string(quota) }
            if let ttlSeconds { fields["ttl_seconds"] = .integer(ttlSeconds) }
            if noExpiry { fields["expires_at"] = .null }
            if let sha256 { fields["sha256"] = .string(sha256) }
            let body = JSON.object(fields)
            let answer = try await connection.withClient {
                try await $0.send("POST", "/v1/keys", body: body)
            }
            let shown = sha256 == nil ? ["key"] : []
            try connection.output.object(answer.body, fields: shown + keyFields)
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a key another secret part; it is shown this once.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Id.") var id: String
        @Option(help: "How many seconds the present key is still good.") var graceSeconds: Int64 = 0

        func run() async throws {
            let body: JSON = ["grace_seconds": .integer(graceSeconds)]
            let answer = try await connection.withClient {
                try await $0.send("POST", "/v1/keys/\(encoded(id))/rotate", body: body)
            }
            try connection.output.object(answer.body, fields: ["key"] + keyFields)
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a key: when this returns, no node takes it any more.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Id, or self for the key of the profile.") var id: String

        func run() async throws {
            _ = try await connection.withClient {
                try await $0.send("DELETE", "/v1/keys/\(encoded(id))")
            }
            connection.output.done("revoked \(id)")
        }
    }
}
