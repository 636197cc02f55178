import ArgumentParser
import Foundation
import WatchwordClient

/// The options that every command which talks to a cluster takes.
struct ConnectionOptions: ParsableArguments {
    @Option(help: "Base URL of the load balancer or a node; repeat for more. (default: profile)")
    var url: [String] = []

    @Option(name: .customLong("ca"), help: "PEM file of the cluster's certificate authority.")
    var authority: String?

    @Flag(name: .customLong("json"), help: "Print JSON, for programs.")
    var asJSON = false

    /// How results are printed.
    var output: Output { Output(asJSON: asJSON) }

    /// Runs a body with a client, and ends the client.
    ///
    /// `needsToken`: refuses at once when nobody is logged in.
    func withClient<Result>(
        needsToken: Bool = true, _ body: (WatchwordClient) async throws -> Result
    ) async throws -> Result {
        let profile = try Profile.load()
        let environment = ProcessInfo.processInfo.environment
        let urls = url.isEmpty ? profile?.urls ?? ["http://127.0.0.1:8080"] : url
        // A token is sent only where it was got, or where the caller names both.
        let token = try environment["WATCHWORD_TOKEN_FILE"].map(Self.token(file:)) ?? profile?.token
        guard token != nil || !needsToken else {
            throw CommandFailure(.denied, "not logged in: use `watchword login`")
        }
        var options = ClientOptions(
            urls: urls, authorityFile: authority ?? profile?.authorityFile, token: nil)
        if needsToken { options.token = token }
        let client = try WatchwordClient(options: options)
        do {
            let result = try await body(client)
            try await client.shutdown()
            return result
        } catch {
            try await client.shutdown()
            throw Self.failure(for: error)
        }
    }

    private static func token(file: String) throws -> String {
        try PrivateFile.read(file).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func failure(for error: any Error) -> any Error {
        guard let error = error as? ClientError else { return error }
        let code: CommandFailure.Code =
            switch error.status {
            case 0, 503, 429, 507: .unavailable
            case 401, 403: .denied
            case 404: .notFound
            case 409, 412: .conflict
            case 400, 413, 415, 422: .invalid
            default: .general
            }
        return CommandFailure(code, error.description)
    }
}

/// Percent-encodes one segment of a path, or with slashes kept a whole path.
func encoded(_ text: String, keepingSlashes: Bool = false) -> String {
    var allowed = CharacterSet.alphanumerics.intersection(
        CharacterSet(charactersIn: "\0"..."\u{7F}"))
    allowed.insert(charactersIn: keepingSlashes ? "-._~/" : "-._~")
    return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
}

extension WatchwordClient {
    /// All items of a list, over its pages, at most `limit` of them.
    func all(_ path: String, limit: Int) async throws -> [JSON] {
        var items: [JSON] = []
        var cursor: String?
        repeat {
            let separator = path.contains("?") ? "&" : "?"
            let page = cursor.map { "&cursor=\(encoded($0))" } ?? ""
            let wanted = min(1000, limit - items.count)
            let answer = try await send("GET", "\(path)\(separator)limit=\(wanted)\(page)")
            items += answer.body["items"]?.elements ?? []
            cursor = answer.body["next_cursor"]?.text
        } while cursor != nil && items.count < limit
        return items
    }
}
