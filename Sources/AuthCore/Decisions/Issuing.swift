/// What somebody has shown before a credential is issued to them.
///
/// A set, because a second factor joins the first.
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
    /// A one-time code that was not spent.
    public static let code = Factors(rawValue: 16)
}

/// Whether a credential may be issued that acts for this user: the one gate that every way of
/// issuing one goes through in apply (security A10).
///
/// It decides on the user and on what was shown. What a way asks besides, as a right or an auth
/// version, it asks itself. A second factor stands beside the password: who vouches for a user has
/// asked for what they find necessary, and a session or a credential that is there was begun so.
///
/// - Parameters:
///   - user: nil when there is none of that id any more.
///   - standing: how the user's tenant stands.
///   - hasSecondFactor: whether the user has confirmed one.
/// - Returns: why not; nil when it may.
public func mayIssue(
    _ user: UserRow?, of standing: TenantStanding, _ factors: Factors, hasSecondFactor: Bool
) -> Refusal? {
    guard let user else { return .notFound(.user) }
    guard !factors.isDisjoint(with: [.password, .delegated, .refreshToken, .keyHolder]) else {
        return .insufficientPermissions
    }
    guard standing == .open else { return .tenantSuspended }
    guard !user.disabled else { return .userDisabled }
    let needsCode = hasSecondFactor && factors.contains(.password)
    return needsCode && !factors.contains(.code) ? .codeRequired : nil
}
