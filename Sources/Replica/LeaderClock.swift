import ByteCodec
import RaftCore

/// Makes the stamps of a leader's entries: time as replicated data.
///
/// Stamps never go backwards, and never stand still while time passes. The wall clock is followed
/// while it is not behind the newest stamp of this run, moved on by the steady clock, and at most a
/// tolerance ahead of it. When it was stepped, stamps come nearer to it at up to twice or down to
/// half the speed of time, so that a jump neither expires everything at once nor stops expiry.
/// Without such a basis, after a restart, the first stamp is the wall clock's.
struct LeaderClock: Equatable, Sendable {
    /// A stamp of this run that was true when it was made, and when that was.
    private struct Basis: Equatable, Sendable {
        var stamp: Timestamp
        /// What had passed since `stamp`, less than a millisecond. A leader may stamp many times
        /// in each millisecond: were this dropped each time, no time would ever pass.
        var nanoseconds: UInt64 = 0
        var at: SteadyTime

        /// The same, moved on by a time.
        func advanced(nanoseconds elapsed: UInt64) -> Basis {
            let (whole, rest) = (nanoseconds + elapsed).quotientAndRemainder(dividingBy: 1_000_000)
            return Basis(
                stamp: stamp.advanced(milliseconds: whole), nanoseconds: rest, at: at)
        }
    }

    /// The newest stamp known to be in the log.
    private(set) var last: Timestamp
    private var basis: Basis?
    private let toleranceMilliseconds: UInt64

    init(last: Timestamp, toleranceMilliseconds: UInt64) {
        self.last = last
        self.toleranceMilliseconds = toleranceMilliseconds
    }

    /// The stamp for entries that are appended now.
    mutating func stamp(_ now: ReplicaClocks) -> Timestamp {
        var trueNow = disciplined(now)
        if trueNow.stamp < last { trueNow = Basis(stamp: last, at: now.steady) }
        trueNow.at = now.steady
        basis = trueNow
        last = trueNow.stamp
        return last
    }

    /// A stamp stands in this node's log, whenever it was made.
    mutating func found(_ stamp: Timestamp) { last = max(last, stamp) }

    /// A stamp came from a leader. One that it made itself is the basis from now on, whatever this
    /// node's wall clock shows: should that be hours off, and this node lead next, it would
    /// otherwise drag all expiry with it. It is fresh, since a leader that commits nothing soon
    /// leads no more. A stamp of an earlier leader may have waited long for its commitment, and
    /// becomes the basis only if the wall clock agrees.
    mutating func observed(_ stamp: Timestamp, isLeadersOwn: Bool, _ now: ReplicaClocks) {
        found(stamp)
        if isLeadersOwn || distance(stamp, now.wall) <= toleranceMilliseconds {
            basis = Basis(stamp: stamp, at: now.steady)
        }
    }

    private func disciplined(_ now: ReplicaClocks) -> Basis {
        let wall = Basis(stamp: now.wall, at: now.steady)
        guard let basis else { return wall }
        let elapsed = now.steady.nanoseconds(since: basis.at)
        let expected = basis.advanced(nanoseconds: elapsed)
        guard now.wall >= expected.stamp else {
            // Behind, by a little or by much: as slowly as time may go.
            let slow = basis.advanced(nanoseconds: elapsed / 2)
            return slow.stamp >= now.wall ? slow : wall
        }
        if distance(expected.stamp, now.wall) <= toleranceMilliseconds { return wall }
        let ahead = min(elapsed, toleranceMilliseconds * 1_000_000)
        let fast = expected.advanced(nanoseconds: ahead)
        return fast.stamp < now.wall ? fast : wall
    }

    private func distance(_ a: Timestamp, _ b: Timestamp) -> UInt64 {
        max(a.milliseconds(since: b), b.milliseconds(since: a))
    }
}
