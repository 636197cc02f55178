public import AuthCore

/// What an operator chose about access tokens.
public struct AccessTokenPolicy: Equatable, Sendable {
    /// Who issues them: the address under which clients reach the cluster, without a slash at its
    /// end. From the configuration alone; nothing that a request says counts.
    public let issuer: String
    /// For whom they are.
    public let audience: String
    /// How long one is good: at most `secondsMax`.
    public var seconds: UInt64 = 300
    /// How new keys sign.
    public var algorithm = SigningAlgorithm.edDSA
    /// How old the present key becomes before another takes its place: 90 days.
    public var rotationSeconds: UInt64 = 90 * 86_400
    /// How long others may remember the published keys.
    public var publicationSeconds: UInt64 = 300

    /// The longest life of an access token: nobody revokes it where it is verified by others.
    public static let secondsMax: UInt64 = 3_600
    /// How far the clocks of two nodes may lie apart.
    static let skewSeconds: UInt64 = 5

    /// - Parameter audience: the issuer where there is none.
    public init(issuer: String, audience: String? = nil) {
        self.issuer = issuer
        self.audience = audience ?? issuer
    }

    /// How long a new key is published before it signs.
    var leadMilliseconds: UInt64 { (publicationSeconds + Self.skewSeconds) * 1_000 }
    /// How long a key is good after it signs no more.
    var keepMilliseconds: UInt64 { (seconds + 2 * Self.skewSeconds) * 1_000 }
}
