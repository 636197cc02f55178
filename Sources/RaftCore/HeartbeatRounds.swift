/// The heartbeats of one leadership: each round that is sent to everybody has a number made by the
/// leader and never used again, and it is remembered when it was sent.
///
/// From the newest round that a quorum has answered follows until when nobody else can have been
/// elected without the quorum having heard of it: the basis of read leases.
struct HeartbeatRounds: Equatable, Sendable {
    /// When a round was sent, by a reading of the clock made before.
    private struct Round: Equatable, Sendable {
        let sequence: UInt64
        let sentAt: SteadyTime
    }

    /// The number of the newest round; 0 before the first.
    private(set) var newest: UInt64 = 0
    /// Some of the rounds, ascending, the newest among them.
    private var rounds: [Round] = []

    /// Rounds that are remembered, and how far apart they are at least: together more than any
    /// lease lasts, however fast rounds follow each other.
    private static let countMax = 512
    private static let spacingNanoseconds: UInt64 = 8_000_000

    /// Notes that the round `sequence` is about to be sent.
    mutating func begin(_ sequence: UInt64, now: SteadyTime) {
        precondition(sequence > newest, "round \(sequence) again")
        newest = sequence
        // A round that is not remembered counts as the one before it, which was sent earlier: a
        // lease can only become shorter by that.
        if let last = rounds.last, now.nanoseconds(since: last.sentAt) < Self.spacingNanoseconds {
            return
        }
        if rounds.count == Self.countMax { rounds.removeFirst(Self.countMax / 2) }
        rounds.append(Round(sequence: sequence, sentAt: now))
    }

    /// A moment before the round `sequence` was sent, and as near to it as is remembered; nil when
    /// it was too long ago.
    func sent(_ sequence: UInt64) -> SteadyTime? {
        rounds.last { $0.sequence <= sequence }?.sentAt
    }
}
