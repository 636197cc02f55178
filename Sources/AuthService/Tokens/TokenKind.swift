public import AuthCore

/// What a token is for: the letters before its `_`.
public struct TokenKind: Hashable, Sendable, CustomStringConvertible {
    /// The letters, in ASCII, without the `_`.
    public let prefix: [UInt8]

    private init(prefix: StaticString) {
        self.prefix = Array("\(prefix)".utf8)
    }

    /// `wws_`: a session.
    public static let session = TokenKind(prefix: "wws")
    /// `wwr_`: redeemed for the next access token, and for its own successor.
    public static let refresh = TokenKind(prefix: "wwr")
    /// `wwj_`: the right to join the cluster once.
    public static let join = TokenKind(prefix: "wwj")

    /// An API key of this prefix.
    public static func key(_ prefix: KeyPrefix) -> TokenKind { TokenKind(prefix.bytes) }

    private init(_ prefix: [UInt8]) { self.prefix = prefix }

    /// What follows the prefix, in characters: `_`, body and checksum.
    public static let tailByteCount = 1 + 43 + 6
    /// The length of a token of this kind, in characters.
    public var tokenByteCount: Int { prefix.count + Self.tailByteCount }

    /// The prefix as text.
    public var description: String { String(decoding: prefix, as: UTF8.self) }
}
