import RaftCore

extension Replica {
    /// Checks what must hold between any two turns. Costly: for tests and simulation.
    ///
    /// - Parameter isWhole: as for `RaftCore.checkInvariants`.
    public func checkInvariants(isWhole: Bool = true) {
        core.checkInvariants(isWhole: isWhole)
        precondition(visible >= durableApplied, "durable before visible")
        precondition(
            trimmed <= visible || core.isStateLost, "trimmed past what is applied")
        precondition(actions.isEmpty && forwarded.isEmpty, "a turn left something over")
        precondition(
            pending.count + lease.waiters.count <= options.proposalsMax, "too many proposals wait")
        precondition(pendingSpan <= options.proposalSpanMax, "proposals lie too far apart")
        precondition(reads.count <= options.readsMax, "too many reads wait")
        precondition(readContexts.count <= options.remoteReadsMax + 1, "too many rounds")
        precondition(
            zip(connected, connected.dropFirst()).allSatisfy(<=), "peers out of order")
        precondition((leader == nil) == (leaderlessSince != nil), "leaderless, with a leader")
        precondition(
            !isStopped
                || changes.isEmpty && pending.count == 0 && reads.count == 0
                    && lease.waiters.count == 0,
            "left waiting")
    }
}
