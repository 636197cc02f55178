import ArgumentParser
import Foundation
import WatchwordClient

private let tenantColumns = ["id", "name", "display_name", "state", "created_at", "version"]
private let tenantFields = [
    "id", "name", "display_name", "state", "created_at", "updated_at", "version",
]

/// Tenants.
struct TenantCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tenant",
        abstract: "Create, list, suspend, resume, export and delete tenants.",
        subcommands: [
            Create.self, List.self, Show.self, Rename.self, Suspend.self, Resume.self,
            Delete.self, Export.self,
        ])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Create a tenant.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Name.") var name: String
        @Option(help: "Name for people.") var displayName: String?
        @Option(help: "User name of its first administrator.") var admin: String?
        @Option(help: "File with the password, - for standard input; otherwise you are asked.")
        var passwordFile: String?

        func validate() throws {
            guard passwordFile == nil || admin != nil else {
                throw ValidationError("--password-file is for --admin")
            }
        }

        func run() async throws {
            var fields: [String: JSON] = ["name": .string(name)]
            if let displayName { fields["display_name"] = .string(displayName) }
            if let admin {
                let password = try SecretInput.read(
                    file: passwordFile, prompt: "Password of \(admin)", confirm: true)
                fields["administrator"] = [
                    "username": .string(admin), "password": .string(password),
                ]
            }
            let body = JSON.object(fields)
            let answer = try await connection.withClient(acts: false) {
                try await $0.send("POST", "/v1/tenants", body: body)
            }
            try connection.output.object(answer.body, fields: tenantFields)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List tenants.")
        @OptionGroup var connection: ConnectionOptions
        @Option(help: "At most so many.") var limit = 10_000

        func run() async throws {
            let tenants = try await connection.withClient(acts: false) {
                try await $0.all("/v1/tenants", limit: limit)
            }
            try connection.output.list(tenants, columns: tenantColumns)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show a tenant.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Name or id.") var name: String

        func run() async throws {
            let answer = try await connection.withClient(acts: false) {
                try await $0.send("GET", "/v1/tenants/\(encoded($0.tenantID(name)))")
            }
            try connection.output.object(answer.body, fields: tenantFields)
        }
    }

    struct Rename: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a tenant another name, for programs or for people.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Name or id.") var name: String
        @Option(help: "The new name.") var to: String?
        @Option(help: "The new name for people.") var displayName: String?

        func run() async throws {
            var fields: [String: JSON] = [:]
            if let to { fields["name"] = .string(to) }
            if let displayName { fields["display_name"] = .string(displayName) }
            guard !fields.isEmpty else { throw ValidationError("nothing to change") }
            try await TenantCommand.change(name, to: .object(fields), connection)
        }
    }

    struct Suspend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let nobody of a tenant in until it is resumed.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Name or id.") var name: String

        func run() async throws {
            try await TenantCommand.change(name, to: ["state": "suspended"], connection)
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let a tenant in again.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Name or id.") var name: String

        func run() async throws {
            try await TenantCommand.change(name, to: ["state": "active"], connection)
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete a tenant with everything that it has, for good.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Name or id.") var name: String

        func run() async throws {
            _ = try await connection.withClient(acts: false) {
                try await $0.send("DELETE", "/v1/tenants/\(encoded($0.tenantID(name)))")
            }
            connection.output.done("deleted; what it has is being removed")
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write what a tenant has as JSON: no passwords, keys or values of secrets.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Name or id.") var name: String
        @Option(help: "A new file, readable by you alone; otherwise standard output.")
        var output: String?

        func run() async throws {
            let items = try await connection.withClient(acts: false) {
                let id = try await $0.tenantID(name)
                return try await $0.all("/v1/tenants/\(encoded(id))/export", limit: .max)
            }
            let text = String(
                decoding: try JSON.array(items).serialized(pretty: true), as: UTF8.self)
            guard let output else { return print(text) }
            try PrivateFile.create(output, text + "\n")
            connection.output.done("\(items.count) objects written")
        }
    }

    fileprivate static func change(
        _ name: String, to fields: JSON, _ connection: ConnectionOptions
    ) async throws {
        let answer = try await connection.withClient(acts: false) {
            try await $0.send(
                "PATCH", "/v1/tenants/\(encoded($0.tenantID(name)))", body: fields)
        }
        try connection.output.object(answer.body, fields: tenantFields)
    }
}
