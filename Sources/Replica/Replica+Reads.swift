import ByteCodec
import RaftCore
import RaftWire

// Reads without a log entry, here and for peers (dissertation §6.4).

extension Replica {
    /// A question for a read index that a peer asked.
    struct RemoteRead: Sendable {
        let from: NodeID
        let request: UInt64
    }

    /// Takes a read of this node's own.
    mutating func confirmRead(_ ticket: Ticket, deadline: SteadyTime) {
        guard fitness == .fit else { return failRead(ticket, .unfit) }
        guard reads.count < options.readsMax else { return failRead(ticket, .tooBusy) }
        guard deadline > now.steady else { return failRead(ticket, .timeout) }
        if isLeaderlessTooLong { return failRead(ticket, noLeaderFailure) }
        reads.queued.append(ReadBatch.Waiter(ticket: ticket, deadline: deadline))
    }

    /// Takes a wait for an index.
    mutating func awaitIndex(_ ticket: Ticket, _ index: LogIndex, deadline: SteadyTime) {
        guard fitness == .fit else { return failRead(ticket, .unfit) }
        if index <= visible { return actions.append(.completeRead(ticket, .confirmed(visible))) }
        guard reads.count < options.readsMax else { return failRead(ticket, .tooBusy) }
        guard deadline > now.steady else { return failRead(ticket, .timeout) }
        reads.awaiting.insert(index, ReadBatch.Waiter(ticket: ticket, deadline: deadline))
    }

    /// Asks for an index for everything that is queued, unless a round is under way. Returns
    /// whether the own core was asked.
    mutating func beginReadRound() -> Bool {
        guard reads.round == nil, !reads.queued.isEmpty, let leader else { return false }
        if let notBefore = reads.notBefore, now.steady < notBefore { return false }
        guard leader == id || connected.contains(leader) else { return false }
        let request = takeRequestNumber()
        let batch = reads.queued
        reads.queued = ReadBatch()
        counters.readRounds += 1
        guard leader != id else {
            reads.round = .init(request: request, asked: id, retryAt: nil, batch: batch)
            core.readIndex(context: request, now: now.steady)
            return true
        }
        reads.round = .init(
            request: request, asked: leader,
            retryAt: now.steady.advanced(milliseconds: options.readRetryMilliseconds), batch: batch)
        actions.append(.send(.readIndex(request: request), to: leader))
        return false
    }

    /// The leader changed, or the connection to it: a round that is under way may be lost, and
    /// its answer, if it still comes, is nobody's.
    mutating func readsMustAskAnew() {
        reads.notBefore = nil
        guard reads.round != nil else { return }
        sometimes(.readRoundRepeated)
        counters.readRoundsRepeated += 1
        reads.restart()
    }

    /// Answers the reads that are confirmed and whose index is visible.
    mutating func completeVisibleReads() {
        guard fitness == .fit else { return }
        for ticket in reads.takeVisible(visible) {
            actions.append(.completeRead(ticket, .confirmed(visible)))
        }
    }

    /// Ends the reads whose time is over.
    mutating func expireReads() {
        for ticket in reads.takeExpired(now.steady) {
            failRead(ticket, leader == nil ? noLeaderFailure : .timeout)
        }
        if isLeaderlessTooLong {
            for ticket in reads.takeUnconfirmed() { failRead(ticket, noLeaderFailure) }
        }
        if let notBefore = reads.notBefore, now.steady >= notBefore { reads.notBefore = nil }
        if let retryAt = reads.round?.retryAt, now.steady >= retryAt { readsMustAskAnew() }
    }

    private mutating func failRead(_ ticket: Ticket, _ reason: ReadFailure) {
        actions.append(.completeRead(ticket, .failed(reason, leader: leader)))
    }

    private mutating func takeRequestNumber() -> UInt64 {
        defer { nextRequest &+= 1 }
        return nextRequest
    }

    /// Whether reads wait that only a leader can confirm.
    var hasUnconfirmedReads: Bool { !reads.queued.isEmpty || reads.round?.batch.isEmpty == false }

    private var isLeaderlessTooLong: Bool {
        guard let leaderlessSince else { return false }
        return now.steady >= leaderlessSince.advanced(milliseconds: options.parkMilliseconds)
    }

    private var noLeaderFailure: ReadFailure { isQuorumInReach ? .noLeader : .noQuorum }
}

// MARK: - Answers

extension Replica {
    /// The leader answers a round.
    mutating func readIndexAnswered(_ request: UInt64, index: LogIndex?, by peer: NodeID) {
        guard let round = reads.round, round.request == request, round.asked == peer else { return }
        if let index { reads.finish(at: index) } else { roundRefused() }
    }

    /// The own core confirms a round, of this node or of a peer.
    mutating func readConfirmed(_ context: UInt64, at index: LogIndex) {
        if let remote = readContexts.removeValue(forKey: context) {
            let reply = PeerMessage.readIndexReply(request: remote.request, index: index)
            actions.append(.send(reply, to: remote.from))
        } else if reads.round?.request == context {
            reads.finish(at: index)
        }
    }

    /// The own core will never confirm a round.
    mutating func readDropped(_ context: UInt64) {
        if let remote = readContexts.removeValue(forKey: context) {
            let reply = PeerMessage.readIndexReply(request: remote.request, index: nil)
            actions.append(.send(reply, to: remote.from))
        } else if reads.round?.request == context {
            roundRefused()
        }
    }

    private mutating func roundRefused() {
        counters.readRoundsRepeated += 1
        reads.restart()
        reads.notBefore = now.steady.advanced(milliseconds: options.refusalRetryMilliseconds)
    }

    /// A peer asks this node for an index.
    mutating func readIndexAsked(_ request: UInt64, by peer: NodeID) {
        guard role == .leader, readContexts.count < options.remoteReadsMax else {
            actions.append(.send(.readIndexReply(request: request, index: nil), to: peer))
            return
        }
        let context = takeRequestNumber()
        readContexts[context] = RemoteRead(from: peer, request: request)
        core.readIndex(context: context, now: now.steady)
    }
}
