import ArgumentParser
import Foundation
import WatchwordClient

private let userColumns = ["id", "username", "email", "kind", "roles", "disabled", "version"]
private let userFields = [
    "id", "username", "email", "display_name", "kind", "roles", "disabled", "quota",
    "metadata", "created_at", "updated_at", "version",
]

/// Users.
struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Create, list, change and delete users.",
        subcommands: [
            Create.self, List.self, Show.self, Update.self, Disable.self, Enable.self, Delete.self,
            Password.self, Grant.self, TakeBack.self,
        ])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Create a user.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "User name.") var username: String
        @Option(help: "E-mail address.") var email: String?
        @Option(help: "Name for people.") var displayName: String?
        @Option(help: "A role; repeat for more.") var role: [String] = []
        @Option(help: "A quota in place of the roles', as 10000/day,1000000/month.")
        var quota: String?
        @Flag(help: "A program, not a person: it has no password, and keys instead.")
        var service = false
        @Flag(help: "Without a password: nobody can log in until one is set.")
        var noPassword = false
        @Option(help: "File with the password, - for standard input; otherwise you are asked.")
        var passwordFile: String?

        func validate() throws {
            guard passwordFile == nil || !(service || noPassword) else {
                throw ValidationError("--password-file is for who has a password")
            }
        }

        func run() async throws {
            var fields: [String: JSON] = ["username": .string(username)]
            if let email { fields["email"] = .string(email) }
            if let displayName { fields["display_name"] = .string(displayName) }
            if !role.isEmpty { fields["roles"] = .array(role.map { .string($0) }) }
            if let quota { fields["quota"] = .string(quota) }
            if service { fields["kind"] = "service" }
            if !noPassword, !service {
                fields["password"] = .string(
                    try SecretInput.read(
                        file: passwordFile, prompt: "Password of \(username)", confirm: true))
            }
            let body = JSON.object(fields)
            let answer = try await connection.withClient {
                try await $0.send("POST", "/v1/users", body: body)
            }
            try connection.output.object(answer.body, fields: userFields)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List users.")
        @OptionGroup var connection: ConnectionOptions
        @Option(help: "What the names begin with.") var prefix: String?
        @Option(help: "A role that they hold directly.") var role: String?
        @Option(help: "person or service.") var kind: String?
        @Flag(inversion: .prefixedNo, help: "Only who is disabled, or only who is not.")
        var disabled: Bool?
        @Option(help: "At most so many.") var limit = 1000

        func run() async throws {
            let filters = [
                ("username_prefix", prefix), ("role", role), ("kind", kind),
                ("disabled", disabled.map { "\($0)" }),
            ]
            let query = filters.compactMap { name, value in
                value.map { "\(name)=\(encoded($0))" }
            }.joined(separator: "&")
            let users = try await connection.withClient {
                try await $0.all("/v1/users\(query.isEmpty ? "" : "?")\(query)", limit: limit)
            }
            try connection.output.list(users, columns: userColumns)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one user.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Id, or self.") var id: String

        func run() async throws {
            let answer = try await connection.withClient {
                try await $0.send("GET", "/v1/users/\(encoded(id))")
            }
            try connection.output.object(answer.body, fields: userFields)
        }
    }

    struct Update: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a user; sessions and keys go on, under another name too.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Id.") var id: String
        @Option(help: "Another user name.") var username: String?
        @Option(help: "E-mail address.") var email: String?
        @Option(help: "Name for people.") var displayName: String?
        @Option(help: "person or service.") var kind: String?
        @Option(help: "A quota in place of the roles', as 10000/day,1000000/month, or none.")
        var quota: String?
        @Option(
            help: ArgumentHelp(
                "Only if the user is still of this version.", valueName: "version"))
        var ifVersion: UInt64?

        func run() async throws {
            let given = [
                ("username", username), ("email", email), ("display_name", displayName),
                ("kind", kind), ("quota", quota == "none" ? "" : quota),
            ]
            var fields: [String: JSON] = [:]
            for (name, value) in given { fields[name] = value.map { .string($0) } }
            let body = JSON.object(fields)
            let headers = ifVersion.map { [("If-Match", "\"\($0)\"")] } ?? []
            let answer = try await connection.withClient {
                try await $0.send(
                    "PATCH", "/v1/users/\(encoded(id))", body: body, headers: headers)
            }
            try connection.output.object(answer.body, fields: userFields)
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Disable a user: every session is refused from now on.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Id.") var id: String

        func run() async throws {
            try await setDisabled(true, id: id, connection: connection)
        }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Enable a disabled user.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Id.") var id: String

        func run() async throws {
            try await setDisabled(false, id: id, connection: connection)
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete a user and all of the user's sessions.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Id.") var id: String

        func run() async throws {
            _ = try await connection.withClient {
                try await $0.send("DELETE", "/v1/users/\(encoded(id))")
            }
            connection.output.done("deleted \(id)")
        }
    }

    struct Password: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "password",
            abstract: "Set a user's password, or with self your own; other sessions end.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Id, or self.") var id: String
        @Option(help: "File with the new password, - for standard input.")
        var passwordFile: String?
        @Option(help: "File with the old password, for self.") var oldPasswordFile: String?

        func run() async throws {
            var fields: [String: JSON] = [:]
            if id == "self" {
                fields["old_password"] = .string(
                    try SecretInput.read(file: oldPasswordFile, prompt: "Old password"))
            }
            let new = try SecretInput.read(
                file: passwordFile, prompt: "New password", confirm: true)
            fields[id == "self" ? "new_password" : "password"] = .string(new)
            let body = JSON.object(fields)
            _ = try await connection.withClient {
                try await $0.send("PUT", "/v1/users/\(encoded(id))/password", body: body)
            }
            connection.output.done("the password is set")
        }
    }

    struct Grant: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Give a user a role.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Id.") var id: String
        @Argument(help: "Role.") var role: String

        func run() async throws {
            _ = try await connection.withClient {
                try await $0.send("PUT", "/v1/users/\(encoded(id))/roles/\(encoded(role))")
            }
            connection.output.done("\(id) has \(role)")
        }
    }

    struct TakeBack: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "revoke", abstract: "Take a role back from a user.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Id.") var id: String
        @Argument(help: "Role.") var role: String

        func run() async throws {
            _ = try await connection.withClient {
                try await $0.send("DELETE", "/v1/users/\(encoded(id))/roles/\(encoded(role))")
            }
            connection.output.done("\(id) has \(role) no more")
        }
    }
}

private func setDisabled(
    _ disabled: Bool, id: String, connection: ConnectionOptions
) async throws {
    let answer = try await connection.withClient {
        try await $0.send("PATCH", "/v1/users/\(encoded(id))", body: ["disabled": .bool(disabled)])
    }
    try connection.output.object(answer.body, fields: userFields)
}
