import ByteCodec
import RaftCore

/// Makes the stamps of a leader's entries: time as replicated data.
///
/// Stamps never go backwards. The wall clock is followed while it agrees, within a tolerance, with
/// the newest stamp of this run moved on by the steady clock; when it does not, since it was
/// stepped, stamps come nearer to it at up to twice or down to half the speed of time, so that a
/// jump neither expires everything at once nor stops expiry. Without such a basis, after a
/// restart, the first stamp is the wall clock's.
struct LeaderClock: Equatable, Sendable {
    /// The newest stamp known to be in the log.
    private(set) var last: Timestamp
    /// A stamp of this run that was true when it was made, and when that was.
    private var basis: (stamp: Timestamp, at: SteadyTime)?
    private let tolerance: UInt64

    init(last: Timestamp, toleranceMilliseconds: UInt64) {
        self.last = last
        tolerance = toleranceMilliseconds
    }

    static func == (a: LeaderClock, b: LeaderClock) -> Bool {
        a.last == b.last && a.tolerance == b.tolerance && a.basis?.stamp == b.basis?.stamp
            && a.basis?.at == b.basis?.at
    }

    /// The stamp for entries that are appended now.
    mutating func stamp(_ now: ReplicaClocks) -> Timestamp {
        let stamp = max(disciplined(now), last)
        last = stamp
        basis = (stamp, now.steady)
        return stamp
    }

    /// A stamp stands in this node's log, whenever it was made.
    mutating func found(_ stamp: Timestamp) { last = max(last, stamp) }

    /// A stamp came from a leader that has just made it. It becomes the basis only if the wall
    /// clock agrees: an entry may have waited long for its commitment.
    mutating func observed(_ stamp: Timestamp, _ now: ReplicaClocks) {
        found(stamp)
        if distance(stamp, now.wall) <= tolerance { basis = (stamp, now.steady) }
    }

    private func disciplined(_ now: ReplicaClocks) -> Timestamp {
        guard let basis else { return now.wall }
        let elapsed = now.steady.nanoseconds(since: basis.at) / 1_000_000
        let expected = basis.stamp.advanced(milliseconds: elapsed)
        if distance(expected, now.wall) <= tolerance { return now.wall }
        if now.wall > expected {
            return min(now.wall, expected.advanced(milliseconds: min(elapsed, tolerance)))
        }
        return basis.stamp.advanced(milliseconds: elapsed / 2)
    }

    private func distance(_ a: Timestamp, _ b: Timestamp) -> UInt64 {
        max(a.milliseconds(since: b), b.milliseconds(since: a))
    }
}
