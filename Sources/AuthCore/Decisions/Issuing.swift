/// What somebody has shown before a credential is issued to them.
///
/// A set, because a second factor joins the first; the next free bit is for time-based codes.
public struct Factors: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    /// The user's password.
    public static let password = Factors(rawValue: 1)
    /// The word of a service that may begin sessions for others.
    public static let delegated = Factors(rawValue: 2)
    /// A refresh token of a session that lives.
    public static let refreshToken = Factors(rawValue: 4)
    /// The credential of somebody who may make keys for the user.
    public static let keyHolder = Factors(rawValue: 8)
}

/// Whether a credential may be issued that acts for this user: the one gate that every way of
/// issuing one goes through in apply (security A10).
///
/// It decides on the user and on what was shown. What a way asks besides, as a right or an auth
/// version, it asks itself.
///
/// - Parameter user: nil when there is none of that id any more.
/// - Returns: why not; nil when it may.
public func mayIssue(_ user: UserRow?, _ factors: Factors) -> Refusal? {
    guard let user else { return .notFound(.user) }
    guard !factors.isEmpty else { return .insufficientPermissions }
    return user.disabled ? .userDisabled : nil
}
