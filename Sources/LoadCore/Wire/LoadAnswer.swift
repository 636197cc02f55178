internal import APITypes

/// What a load wants to know of an answer.
public struct LoadAnswer: Equatable, Sendable {
    /// The HTTP status.
    public let status: Int
    /// The server's `code` when it refused, or a word of ours; empty when there is none.
    public let code: String
    /// The id of the session that was begun.
    public let sessionID: String?
    /// The successor of the refresh token that was redeemed.
    public let refreshToken: String?

    /// Whether it is what was asked for.
    public var isGood: Bool { (200..<300).contains(status) }

    /// Whether a refresh token is surely as good as before: the server refused before it wrote.
    var leavesTokenGood: Bool {
        status == 429 || (status == 503 && ["no_leader", "no_quorum", "draining"].contains(code))
    }

    /// Reads of a response what the kind of its request calls for, and no more.
    public init(_ response: LoadResponse, to kind: RequestKind) {
        status = response.status
        guard (200..<300).contains(response.status) else {
            code = response.errorCode ?? Self.object(response)?["code"]?.string ?? ""
            sessionID = nil
            refreshToken = nil
            return
        }
        code = ""
        switch kind {
        case .validate, .revoke, .secret:
            sessionID = nil
            refreshToken = nil
        case .start, .login:
            sessionID = Self.object(response)?["session"]?["id"]?.string
            refreshToken = nil
        case .refresh:
            sessionID = nil
            refreshToken = Self.object(response)?["refresh_token"]?.string
        }
    }

    /// The body, or nil when it is no JSON: a load balancer has words of its own.
    private static func object(_ response: LoadResponse) -> JSONValue? {
        do { return try JSONValue(parsing: response.body) } catch { return nil }
    }
}
