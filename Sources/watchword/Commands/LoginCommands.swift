import ArgumentParser
import Foundation
import WatchwordClient

/// Logs in and remembers the session.
struct LoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login", abstract: "Log in; the session is kept in the profile.")

    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "User name.") var username: String
    @Option(help: "File with the password, - for standard input; otherwise you are asked.")
    var passwordFile: String?
    @Option(help: "A one-time code or recovery code, for who has a second factor.")
    var code: String?

    func run() async throws {
        let password = try SecretInput.read(file: passwordFile, prompt: "Password")
        var fields: [String: JSON] = [
            "username": .string(username), "password": .string(password),
            "label": "watchword command line",
        ]
        if let code { fields["code"] = .string(code) }
        if let tenant = connection.tenant { fields["tenant"] = .string(tenant) }
        let body = JSON.object(fields)
        let answer = try await connection.withClient(needsToken: false) { client in
            try await client.send("POST", "/v1/auth/login", body: body)
        }
        guard let token = answer.body["session_token"]?.text else {
            throw CommandFailure(.general, "the answer holds no session token")
        }
        var profile = try Profile.load() ?? Profile(urls: [])
        if !connection.url.isEmpty { profile.urls = connection.url }
        if profile.urls.isEmpty { profile.urls = ["http://127.0.0.1:8080"] }
        if let authority = connection.authority {
            profile.authorityFile = URL(fileURLWithPath: authority).path
        }
        profile.username = username
        profile.token = token
        try profile.save()
        if connection.asJSON {
            try connection.output.object(answer.body["session"] ?? .null, fields: [])
        } else {
            let until = Output.cell(answer.body["session"]?["expires_at"])
            print("logged in as \(username) until \(until)")
        }
    }
}

/// Ends the remembered session.
struct LogoutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logout", abstract: "End the session of the profile.")

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        _ = try await connection.withClient { try await $0.send("POST", "/v1/auth/logout") }
        var profile = try Profile.load() ?? Profile(urls: [])
        profile.token = nil
        try profile.save()
        connection.output.done("logged out")
    }
}
