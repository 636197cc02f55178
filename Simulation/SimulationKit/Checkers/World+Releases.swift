import ByteCodec
import RaftCore
import RaftWire
import Replica

// Waiting for what narrowed access to be safe to acknowledge, as a server does that answers a
// repeated revocation from its record: nobody may be told too early, and a leader that stays must
// not take longer than leases last.

/// Somebody on a node who waits for everything up to an index to be released.
struct AwaitedRelease {
    let ticket: Ticket
    let node: Int
    /// The process that was asked.
    let epoch: UInt64
    let index: LogIndex
    let since: UInt64
    /// If the node led: in which term, and when its clock must have brought the answer.
    let promise: (term: Term, due: SteadyTime)?
}

extension World {
    /// Entries were applied: asks on this node for the release of the last that narrows access. The
    /// leader is always asked, others now and then.
    func awaitReleases(
        of entries: [Entry], _ process: SimulatedNode.Process, _ node: Int
    ) {
        let narrowing = entries.last { entry in
            entry.kind == .command
                && readable { try Proposal(decoding: entry.payload) }?.isNarrowing == true
        }
        guard let index = narrowing?.index else { return }
        let isLeader = process.glance.role == .leader
        guard isLeader || (index.rawValue + UInt64(node)).isMultiple(of: 3) else { return }
        let clock = nodes[node].clock.steady(at: now)
        let due = clock.advanced(nanoseconds: releaseBound)
        let ticket = takeTicket()
        releases.append(
            AwaitedRelease(
                ticket: ticket, node: node, epoch: process.epoch, index: index, since: now,
                promise: isLeader ? (process.glance.term, due) : nil))
        give(
            .awaitRelease(ticket, index, deadline: due.advanced(milliseconds: 5_000)),
            to: process, node)
    }

    /// L(1+ε), a heartbeat, and what a turn may be late by: by then every lease from before the
    /// entry has ended, on a clock that the leader has looked at (docs/lease.md, rule 5).
    private var releaseBound: UInt64 {
        let percent = LeaseOptions().clockRatePercent
        let lease = leaseMilliseconds * 10_000 * (100 + percent)
        let turn = (options.turnDelayMax * 2 + 2_000) * 1_000
        return lease + options.raft.heartbeatMilliseconds * 1_000_000 + turn
    }

    /// Whether somebody waited for a release under this ticket, who has the answer now.
    func releaseCompleted(_ ticket: Ticket, _ completion: ReadCompletion) -> Bool {
        guard let position = releases.firstIndex(where: { $0.ticket == ticket }) else {
            return false
        }
        let release = releases.remove(at: position)
        if case .confirmed = completion {
            counters[.releases] += 1
            // From now on who asks is told that it holds.
            acknowledgedNarrowing = max(acknowledgedNarrowing, release.index)
        }
        checkInTime(release)
        return true
    }

    /// A process is gone, and who waited in it.
    func releasesLose(_ process: SimulatedNode.Process) {
        releases.removeAll { $0.epoch == process.epoch }
    }

    /// A look at those who wait still.
    func checkReleases() { for release in releases { checkInTime(release) } }

    private func checkInTime(_ release: AwaitedRelease) {
        guard let promise = release.promise, let process = process(release.node, release.epoch),
            process.glance.role == .leader, process.glance.term == promise.term,
            !process.isPaused, process.resumedAt < release.since, !process.isStopping
        else { return }
        let late = nodes[release.node].clock.steady(at: now).nanoseconds(since: promise.due)
        // This defect is slow too, and is to be found by what is wrong. A node that is too old to
        // apply, or whose state is damaged, leads for want of another and releases nothing more.
        guard late > 0, !Planted.leaseIndexAtElection.isOn,
            process.replica.status.fitness == .fit
        else { return }
        oracle.fail(
            "release",
            "leader n\(release.node + 1) has not released \(release.index.rawValue), "
                + "\(late / 1_000) µs after all leases ended")
    }

    /// What a node keeps is bounded, and it keeps nobody whom nobody waits for (L4).
    func checkBounds() {
        for node in nodes {
            guard let process = node.process else { continue }
            let status = process.replica.status
            if status.pendingProposals + status.pendingReads > process.waiting.count {
                oracle.fail(
                    "L4",
                    "n\(node.index + 1) keeps \(status.pendingProposals) writes and "
                        + "\(status.pendingReads) reads, \(process.waiting.count) wait")
            }
            // An entry that no client made comes on top.
            if status.raft.uncommittedBytes > options.raft.uncommittedBytesMax + 4_096 {
                oracle.fail(
                    "L4", "n\(node.index + 1) has \(status.raft.uncommittedBytes) bytes uncommitted"
                )
            }
            let queues = [process.inbox.count, process.diskQueue.count, process.applyQueue.count]
            if queues.contains(where: { $0 > Self.queueMax }) {
                oracle.fail("L4", "the queues of n\(node.index + 1) hold \(queues)")
            }
            if process.received.count > Self.receivedMax {
                oracle.fail(
                    "L4", "n\(node.index + 1) keeps \(process.received.count) snapshots")
            }
        }
        if transfers.count > Self.transfersMax {
            oracle.fail("L4", "\(transfers.count) snapshots are on their way")
        }
    }

    /// A paused process is handed up to 4,096 messages.
    private static let queueMax = 8_192
    private static let receivedMax = 16
    private static let transfersMax = 256
}
