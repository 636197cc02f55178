internal import AuthCore
internal import AuthService
internal import ByteCodec
internal import Logging
internal import PeerTransport
internal import RaftCore
internal import Replica
internal import ReplicaRuntime
internal import StateStore
internal import Synchronization
internal import WriteAheadLog

/// Keeps this node in touch with the members of the cluster: dials those that there are, carries
/// out what was ordered of them when this node leads, and tells who waits.
///
/// Called on the housekeeping queue, several times a second; others look at what it last saw.
final class MembershipKeeper: Sendable {
    private struct Waiter {
        let node: NodeID
        let order: LogIndex
        let deadline: SteadyTime
        let completion: @Sendable (PlanEnd) -> Void
    }

    private struct Contents {
        var roster: Roster
        var peers: [NodeID: PeerAddress]
        /// What the disk says where they are; nil when nothing was written in this run.
        var noted: KnownPeers?
        var waiters: [Waiter] = []
        var wasMember = false
        var isRemovalTold = false
    }

    private let runtime: ReplicaRuntime
    private let transport: PeerTransport
    private let node: NodeID
    private let configured: [NodeConfiguration.Member]
    private let logger: Logger
    private let carrier: PlanCarrier
    private let directory: String
    /// What the run before had noted.
    private let noted: KnownPeers
    private let contents: Mutex<Contents>

    /// Requests that may wait for a plan at a time.
    private static let waitersMax = 64
    /// How long before its deadline a wait ends, so that there is time for an answer.
    private static let answerMilliseconds: UInt64 = 150

    init(
        runtime: ReplicaRuntime, transport: PeerTransport, configuration: NodeConfiguration,
        roster: Roster, noted: KnownPeers, logger: Logger
    ) {
        self.runtime = runtime
        self.transport = transport
        node = configuration.node
        configured = configuration.members
        directory = configuration.dataDirectory
        self.noted = noted
        self.logger = logger
        carrier = PlanCarrier(runtime: runtime, node: configuration.node, logger: logger)
        contents = Mutex(
            Contents(
                roster: roster,
                peers: roster.peers(
                    inForce: roster.configuration, configured: configured, noted: noted)))
    }

    /// What the state says of the members.
    var roster: Roster { contents.withLock { $0.roster } }

    /// Where clients reach a member; nil when it is not known.
    func url(of member: NodeID) -> String? {
        if let row = roster.rows[member] { return row.url.string }
        return configured.first { $0.id == member }?.url
    }

    /// Waits until a plan has ended. The completion is called exactly once, shortly before the
    /// deadline at the latest.
    func awaitPlan(
        of member: NodeID, order: LogIndex, deadline: SteadyTime,
        completion: @escaping @Sendable (PlanEnd) -> Void
    ) {
        let waits = contents.withLock { contents in
            guard contents.waiters.count < Self.waitersMax else { return false }
            contents.waiters.append(
                Waiter(node: member, order: order, deadline: deadline, completion: completion))
            return true
        }
        if !waits { completion(.pending) }
    }

    /// Takes the next steps.
    ///
    /// - Throws: when the state cannot be read.
    func tick() throws {
        // Of a state that may not be believed, what it said before stays until the run ends.
        let isDoubtful = runtime.store.damage != nil && runtime.store.lost == nil
        let roster = isDoubtful ? self.roster : try Roster(runtime.store)
        let status = runtime.status
        connect(roster, status)
        answer(roster)
        if status.raft.role == .leader, status.raft.hasCommittedInTerm {
            carrier.carryOut(roster, status)
        }
        tellRemoval(roster, status)
    }

    /// Nobody waits any more.
    func stop() {
        let waiters = contents.withLock { contents in
            defer { contents.waiters = [] }
            return contents.waiters
        }
        for waiter in waiters { waiter.completion(.pending) }
    }

    /// Dials whom the configurations name, and shows the door to who is no member any more.
    private func connect(_ roster: Roster, _ status: ReplicaStatus) {
        let peers = roster.peers(
            inForce: status.raft.configuration, configured: configured, noted: noted)
        let (arePeersNew, isRosterNew) = contents.withLock { contents in
            defer {
                contents.roster = roster
                contents.peers = peers
            }
            return (contents.peers != peers, contents.roster.admission != roster.admission)
        }
        if arePeersNew {
            transport.updatePeers(peers)
            let names = peers.keys.sorted().map { "\($0)" }.joined(separator: " ")
            logger.info("the peers are known", metadata: ["peers": "\(names)"])
        }
        if isRosterNew { transport.recheckAdmission() }
        if !roster.isUnknown, !roster.configuration.isEmpty { note(KnownPeers(peers)) }
    }

    /// Notes where the members are, for a run that has no state to say it.
    private func note(_ peers: KnownPeers) {
        let isNew = contents.withLock { contents in
            defer { contents.noted = peers }
            return contents.noted != peers
        }
        guard isNew else { return }
        do { try peers.write(directory: directory, fileSystem: PosixFileSystem()) } catch {
            // What was noted before stays, and the next change is noted again.
            logger.warning("the peers could not be noted", metadata: ["error": "\(error)"])
        }
    }

    private func answer(_ roster: Roster) {
        let now = runtime.clock.steady
        let ended = contents.withLock { contents in
            var ended: [(Waiter, PlanEnd)] = []
            contents.waiters.removeAll { waiter in
                var end = roster.end(of: waiter.node, order: waiter.order)
                let last = waiter.deadline.nanoseconds(since: now)
                if end == nil, last <= Self.answerMilliseconds * 1_000_000 { end = .pending }
                if let end { ended.append((waiter, end)) }
                return end != nil
            }
            return ended
        }
        for (waiter, end) in ended { waiter.completion(end) }
    }

    /// A node that is no member any more stays up, answers no clients, and says once why.
    private func tellRemoval(_ roster: Roster, _ status: ReplicaStatus) {
        let isTold = contents.withLock { contents in
            if roster.standing(of: node) == .member { contents.wasMember = true }
            guard contents.wasMember, roster.standing(of: node) == .removed,
                !contents.isRemovalTold
            else { return false }
            contents.isRemovalTold = true
            return true
        }
        guard isTold else { return }
        logger.warning(
            "this node was removed from the cluster: it serves nobody any more, and may be stopped",
            metadata: ["node": "\(node)", "leader": "\(status.raft.leader.map { "\($0)" } ?? "-")"])
    }
}
