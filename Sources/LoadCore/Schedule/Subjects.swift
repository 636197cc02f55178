public import RaftCore

/// Whom the requests of one lane are about: chooses a subject for each, and learns from answers.
///
/// A session that validations use is never revoked, and a refresh token is never on its way twice,
/// so that every failure that is counted is the cluster's, and none the load's own.
public struct Subjects: Sendable {
    /// Ids of sessions to be revoked that are remembered; later ones end with their users.
    static let sparesMax = 10_000

    private let sessions: Range<Int>
    private let userCount: Int
    /// What takes the place of a revocation when there is nothing to revoke yet.
    private let begins: RequestKind
    /// Refresh tokens that nobody is redeeming, with their holders.
    private var tokens: BoundedQueue<Holder>
    /// Sessions that the load has begun and not ended.
    private var spares = BoundedQueue<String>(capacity: sparesMax)
    /// Beginnings that stood in for revocations and are to be made good.
    private var owedRevocations: UInt64 = 0
    private var random: RandomSource
    /// Refresh tokens of which nobody knows whether they were redeemed, and which are not used
    /// again: an old one ends its session.
    public private(set) var tokensGivenUp: UInt64 = 0

    private struct Holder: Sendable {
        let number: Int
        let token: String
    }

    /// - Parameters:
    ///   - sessions: the numbers of the prepared sessions that this lane uses; not empty.
    ///   - users: how many users are prepared; at least 1.
    ///   - refreshTokens: of this lane alone.
    public init(
        sessions: Range<Int>, users: Int, refreshTokens: [String], mix: Mix, random: RandomSource
    ) {
        precondition(!sessions.isEmpty, "no session")
        precondition(users > 0, "no user")
        self.sessions = sessions
        userCount = users
        begins = mix.has(.start) ? .start : .login
        self.random = random
        tokens = BoundedQueue(capacity: refreshTokens.count)
        for (number, token) in refreshTokens.enumerated() {
            tokens.append(Holder(number: number, token: token))
        }
    }

    /// A request of this kind, or the one that stands in for it.
    ///
    /// A revocation without a session to revoke becomes a beginning, and a later beginning a
    /// revocation: the mix stays as it was asked for. A refresh without a token becomes a
    /// validation.
    public mutating func request(of kind: RequestKind) -> LoadRequest {
        switch kind {
        case .validate: return validation()
        case .refresh: return tokens.popFirst().map(refresh) ?? validation()
        case .secret: return .secret
        case .revoke:
            if let id = spares.popFirst() { return .revoke(id: id) }
            owedRevocations += 1
            return beginning(begins)
        case .start, .login:
            guard kind == begins, owedRevocations > 0, let id = spares.popFirst() else {
                return beginning(kind)
            }
            owedRevocations -= 1
            return .revoke(id: id)
        }
    }

    private mutating func validation() -> LoadRequest {
        let chosen = Int(random.next(below: UInt64(sessions.count)))
        return .validate(session: sessions.lowerBound + chosen)
    }

    private func refresh(_ holder: Holder) -> LoadRequest {
        .refresh(holder: holder.number, token: holder.token)
    }

    private mutating func beginning(_ kind: RequestKind) -> LoadRequest {
        let user = Int(random.next(below: UInt64(userCount)))
        return kind == .login ? .login(user: user) : .start(user: user)
    }

    /// Learns from an answer.
    public mutating func learn(from answer: LoadAnswer, to request: LoadRequest) {
        switch request {
        case .start, .login:
            if let id = answer.sessionID { spares.append(id) }
        case .refresh(let holder, let token):
            if let next = answer.refreshToken {
                tokens.append(Holder(number: holder, token: next))
            } else if answer.leavesTokenGood {
                tokens.append(Holder(number: holder, token: token))
            } else {
                tokensGivenUp += 1
            }
        // A session that could not be revoked ends with its user.
        case .validate, .revoke, .secret: break
        }
    }

    /// Learns that a request was not answered.
    public mutating func learn(unanswered request: LoadRequest) {
        if case .refresh = request { tokensGivenUp += 1 }
    }
}
