import ArgumentParser
import Foundation
import WatchwordClient

/// The options that every command which talks to a cluster takes.
struct ConnectionOptions: ParsableArguments {
    @Option(help: "Base URL of the load balancer or a node; repeat for more. (default: profile)")
    var url: [String] = []

    @Option(name: .customLong("ca"), help: "PEM file of the cluster's certificate authority.")
    var authority: String?

    @Option(help: "Act in this tenant, by name or id; at log-in: the tenant to log in to.")
    var tenant: String?

    @Flag(name: .customLong("json"), help: "Print JSON, for programs.")
    var asJSON = false

    /// How results are printed.
    var output: Output { Output(asJSON: asJSON) }

    /// Runs a body with a client, and ends the client.
    ///
    /// - Parameters:
    ///   - needsToken: refuses at once when nobody is logged in.
    ///   - acts: whether the body works in the tenant that `--tenant` names.
    func withClient<Result>(
        needsToken: Bool = true, acts: Bool = true,
        _ body: (WatchwordClient) async throws -> Result
    ) async throws -> Result {
        try await withClientAndOptions(needsToken: needsToken, acts: acts) { client, _ in
            try await body(client)
        }
    }

    /// The same, for who opens connections beside the client's: tells where to and as whom.
    func withClientAndOptions<Result>(
        needsToken: Bool = true, acts: Bool = true,
        _ body: (WatchwordClient, ClientOptions) async throws -> Result
    ) async throws -> Result {
        var options = try options(needsToken: needsToken)
        if needsToken, let tenant {
            guard acts else {
                throw CommandFailure(.configuration, "--tenant has no meaning here")
            }
            options.tenant = try await Self.with(options) { try await $0.tenantID(tenant) }
        }
        return try await Self.with(options) { [options] in try await body($0, options) }
    }

    private func options(needsToken: Bool) throws -> ClientOptions {
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
        return options
    }

    private static func with<Result>(
        _ options: ClientOptions, _ body: (WatchwordClient) async throws -> Result
    ) async throws -> Result {
        let client = try WatchwordClient(options: options)
        do {
            let result = try await body(client)
            try await client.shutdown()
            return result
        } catch {
            try await client.shutdown()
            throw failure(for: error)
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
    /// The id of a tenant that is named by its name or id.
    func tenantID(_ text: String) async throws -> String {
        guard !text.hasPrefix("ten_") else { return text }
        let found = try await send("GET", "/v1/tenants?name=\(encoded(text))", atHome: true)
        guard let id = found.body["items"]?.elements.first?["id"]?.text else {
            throw CommandFailure(.notFound, "there is no tenant \(text)")
        }
        return id
    }

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
