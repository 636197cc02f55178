internal import ByteCodec

// Timers as deadlines: an idle node sleeps until the next one.

extension RaftCore {
    /// When `Event.timer` is wanted next, on this node's clock; nil if only an event from outside
    /// can give this node something to do.
    public var deadline: SteadyTime? {
        guard let due = role == .leader ? leadershipDue : electionDue else { return nil }
        return max(due, timersNotBefore)
    }

    /// The moment `milliseconds` from now, and up to `jitter` milliseconds later.
    mutating func after(milliseconds: UInt64, jitter: UInt64) -> SteadyTime {
        let extra = jitter > 0 ? random.next(below: jitter * 1_000_000) : 0
        return now.advanced(milliseconds: milliseconds).advanced(nanoseconds: extra)
    }

    /// Waits for the leader anew: an election time-out, times a random factor in [1, 2), so that
    /// split votes are rare (Raft §5.2).
    mutating func resetElectionTimer() {
        let base = options.electionTimeoutMilliseconds
        electionDue = after(milliseconds: base, jitter: base)
    }

    /// Begins to wait, after a time in which this node could not have campaigned anyway.
    mutating func wakeElectionTimer() {
        if role != .leader, electionDue == nil { resetElectionTimer() }
    }

    /// Moves the clock, and notices when this node itself was stopped (a paused process, a
    /// suspended machine): then messages that wait are to be read before any timer acts, because
    /// they may be from a live leader, or from a newer one (etcd #20418).
    mutating func advance(to moment: SteadyTime) {
        let pause = options.electionTimeoutMilliseconds * 1_000_000
        let late = deadline.map { moment.nanoseconds(since: $0) } ?? 0
        let isFirstNotice = timersNotBefore <= now
        now = max(now, moment)
        // Once, and not for each event of a node that is slow throughout: that must go on too.
        guard late > pause, isFirstNotice else { return }
        sometimes(.pauseNoticed)
        timersNotBefore = now.advanced(milliseconds: options.heartbeatMilliseconds)
        // What was asked before the pause is asked again: answers to it are as old as the pause.
        if role == .leader { leading.reads.restart() }
    }

    /// A deadline has passed; a wake-up that comes too early does nothing.
    mutating func timerFired() {
        guard let due = deadline, now >= due else { return }
        switch role {
        case .leader: leadershipTimerFired()
        case .follower, .preCandidate, .candidate: electionTimerFired()
        }
    }
}
