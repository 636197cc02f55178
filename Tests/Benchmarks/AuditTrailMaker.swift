import AuthCore
import ByteCodec
import RaftCore

/// Draws a trail as that of a busy cluster might be: 100,000 users, few of whom do most, 1,000
/// secrets, and here and there somebody or something that is looked for later.
struct AuditTrailMaker {
    /// How many rows lie between two of what is rare.
    static let rarity: UInt64 = 1_000_000
    static let users: UInt64 = 100_000

    private var dice = Dice(seed: 1)
    private(set) var count: UInt64 = 0

    static func user(_ number: UInt64) -> UserID { UserID(bits: UInt128(number) + 1_000) }
    static let rareUser = UserID(bits: 7)

    static func secret(_ number: UInt64) throws -> SecretPath {
        guard let path = SecretPath("app/service-\(number)/password") else {
            throw Mistake("no path")
        }
        return path
    }

    private static func actor(_ user: UserID) -> Actor {
        .user(UserActor(tenant: .platform, user: user, session: SessionID(bits: user.bits)))
    }

    mutating func next() throws -> AuditEvent {
        count += 1
        let user = Self.user(dice.uneven(below: Self.users))
        var event = AuditEvent(
            actor: Self.actor(user), action: .secretRead, outcome: .success,
            requestID: Text("r-\(String(count, radix: 36))"), address: "192.0.2.77")
        if count.isMultiple(of: Self.rarity) {
            event.actor = Self.actor(Self.rareUser)
            event.action = .roleDelete
            event.target = .user(Self.rareUser)
            return event
        }
        if dice.below(10_000) == 0 { event.outcome = .denied }
        switch dice.below(100) {
        case 0..<5:
            // In every block.
            event.target = .secret(try Self.secret(0))
        case 5..<60:
            event.target = .secret(try Self.secret(1 + dice.below(999)))
        case 60..<85:
            event.action = .logIn
            event.target = .user(user)
        case 85..<95:
            event.action = .sessionRefresh
            event.target = .session(SessionID(bits: UInt128(dice.next())))
        default:
            event.action = .userUpdate
            event.target = .user(Self.user(dice.below(Self.users)))
        }
        return event
    }
}
