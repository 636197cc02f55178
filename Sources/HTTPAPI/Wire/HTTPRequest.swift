/// Everything of a request in front of its body.
public struct HTTPRequestHead: Equatable, Sendable {
    /// How the body's end is told (RFC 9112 §6.3).
    public enum Framing: Equatable, Sendable {
        case none
        case length(Int)
        case chunked
    }

    /// The method's token, in its own case.
    public var method: String
    /// The path as it was sent, still percent-encoded; begins with `/`, or is `*`.
    public var path: String
    /// What follows the `?`, still percent-encoded; nil without a `?`.
    public var query: String?
    /// 0 or 1: the version is 1.0 or 1.1.
    public var minorVersion: UInt8
    public var headers: HTTPHeaders
    public var framing: Framing
    /// Whether the connection may carry another request afterwards.
    public var keepsAlive: Bool
    /// Whether the client waits for `100 Continue` before it sends its body.
    public var expectsContinue: Bool
    /// Whether there was an expectation other than `100-continue`.
    public var expectsUnknown: Bool

    public init(
        method: String, path: String, query: String? = nil, minorVersion: UInt8 = 1,
        headers: HTTPHeaders = [:], framing: Framing = .none, keepsAlive: Bool = true,
        expectsContinue: Bool = false, expectsUnknown: Bool = false
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.minorVersion = minorVersion
        self.headers = headers
        self.framing = framing
        self.keepsAlive = keepsAlive
        self.expectsContinue = expectsContinue
        self.expectsUnknown = expectsUnknown
    }

    /// Whether the client has announced a body.
    public var announcesBody: Bool { framing != .none && framing != .length(0) }
}

/// One whole request, with what the connection says about its sender.
public final class HTTPRequest: Equatable, Sendable {
    public let head: HTTPRequestHead
    /// Without its framing.
    public let body: [UInt8]
    /// The address of the other end of the connection, without the port: IPv4 or IPv6 literal.
    public let remoteAddress: String
    /// Whether the connection is TLS.
    public let isTLS: Bool

    public init(
        head: HTTPRequestHead, body: [UInt8] = [], remoteAddress: String = "127.0.0.1",
        isTLS: Bool = false
    ) {
        self.head = head
        self.body = body
        self.remoteAddress = remoteAddress
        self.isTLS = isTLS
    }

    public var method: String { head.method }
    public var path: String { head.path }
    // Lent, and not copied: it is asked many times.
    public var headers: HTTPHeaders { _read { yield head.headers } }

    public static func == (a: HTTPRequest, b: HTTPRequest) -> Bool {
        a.head == b.head && a.body == b.body && a.remoteAddress == b.remoteAddress
            && a.isTLS == b.isTLS
    }
}
