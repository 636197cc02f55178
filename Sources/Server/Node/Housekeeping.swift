internal import AuthCore
internal import AuthService
internal import ByteCodec
internal import Cryptography
internal import Dispatch
internal import Logging
internal import RaftCore
internal import Replica
internal import ReplicaRuntime
internal import StateStore
internal import Synchronization

/// What a node does now and then without being asked, on a queue of its own: it makes the cluster
/// or registers, opens keys, samples what it tells of itself, proposes what has gathered, sweeps.
final class Housekeeping: Sendable {
    private struct Contents {
        var ticks: UInt64 = 0
        var isSettled = false
        /// When a read of this node's own was last confirmed.
        var confirmedAt: SteadyTime?
        var isProbing = false
        var checkpoints = CheckpointDuty()
        var isStopped = false
    }

    private let runtime: ReplicaRuntime
    private let keys: NodeKeys
    private let facts: NodeFactsKeeper
    private let journal: NodeJournal
    private let settling: NodeSettling
    private let membership: MembershipKeeper
    private let logger: Logger
    private let fatal: FatalError
    private let contents = Mutex(Contents())
    private let queue = DispatchQueue(label: "watchword-housekeeping")

    /// How often each thing is done, in samples.
    private enum Every {
        static let probe: UInt64 = 4
        static let settling: UInt64 = 2
        static let keys: UInt64 = 4
        static let events: UInt64 = 4
        static let sweep: UInt64 = 40
        static let checkpoints: UInt64 = 10
        /// A minute.
        static let rotation: UInt64 = 1_200
        /// An hour.
        static let scrub: UInt64 = 72_000
    }

    init(
        runtime: ReplicaRuntime, keys: NodeKeys, facts: NodeFactsKeeper, journal: NodeJournal,
        settling: NodeSettling, membership: MembershipKeeper, logger: Logger, fatal: FatalError
    ) {
        self.runtime = runtime
        self.keys = keys
        self.facts = facts
        self.journal = journal
        self.settling = settling
        self.membership = membership
        self.logger = logger
        self.fatal = fatal
    }

    /// Begins.
    func start() {
        queue.asyncAfter(deadline: .now() + .milliseconds(NodeFactsKeeper.sampleMilliseconds)) {
            [self] in
            guard !contents.withLock({ $0.isStopped }) else { return }
            tick()
            start()
        }
    }

    /// Ends; nothing runs any more when this returns. What has gathered is proposed a last time.
    func stop() {
        contents.withLock { $0.isStopped = true }
        queue.sync {
            flush(isLast: true)
            membership.stop()
        }
    }

    private func tick() {
        let (ticks, isSettled, confirmedAt) = contents.withLock { contents in
            contents.ticks += 1
            return (contents.ticks, contents.isSettled, contents.confirmedAt)
        }
        do { try membership.tick() } catch {
            logger.warning("the members cannot be read now", metadata: ["error": "\(error)"])
        }
        facts.sample(readConfirmedAt: confirmedAt, isBootstrapped: keys.opened != nil)
        // Without a state that can be believed there is nothing to keep in order.
        guard runtime.store.damage == nil else { return }
        if ticks % Every.probe == 0 { probe() }
        if ticks % Every.keys == 0 || keys.opened == nil { refreshKeys() }
        if !isSettled && ticks % Every.settling == 0 { settle() }
        if ticks % Every.events == 0 { flush() }
        if ticks % Every.sweep == 0 { sweep() }
        if ticks % Every.checkpoints == 0 { compareStates() }
        if ticks % Every.rotation == 0 { rotateSigningKeys() }
        if ticks % Every.scrub == 0 { runtime.scrub() }
        claimBudgets()
    }

    /// Tells the leader what was used of limits, once every node can read that.
    private func claimBudgets() {
        do {
            guard try runtime.store.read({ $0.meta }).featureLevel >= Limits.budgetFeatureLevel
            else { return }
            runtime.claimBudgets()
        } catch {
            logger.warning("the state cannot be read now", metadata: ["error": "\(error)"])
        }
    }

    private func flush(isLast: Bool = false) {
        do {
            try journal.flush(isLast: isLast)
        } catch {
            logger.warning("uses cannot be told now", metadata: ["error": "\(error)"])
        }
    }

    /// Does this node's part in the comparison of states.
    private func compareStates() {
        let status = runtime.status
        guard status.fitness == .fit else { return }
        do {
            let meta = try runtime.store.read { $0.meta }
            // Behind it: what a copy that comes in between has noted is not repeated as our word.
            let installed = runtime.store.installedSnapshot.index
            let isLeading = status.raft.role == .leader && status.raft.hasCommittedInTerm
            let now = runtime.clock.steady
            let due = contents.withLock {
                $0.checkpoints.due(
                    meta, node: status.raft.id, installed: installed, isLeading: isLeading,
                    now: now)
            }
            if let due { journal.propose(Command(due, header: .ownNode)) }
        } catch {
            logger.warning("the state cannot be read now", metadata: ["error": "\(error)"])
        }
    }

    /// Asks for a read now and then, so that the node knows whether it could serve one.
    private func probe() {
        let starts = contents.withLock { contents -> Bool in
            guard !contents.isProbing, !contents.isStopped else { return false }
            contents.isProbing = true
            return true
        }
        guard starts else { return }
        // The moment before the question: what is confirmed was so after it.
        let asked = runtime.clock.steady
        runtime.confirmRead(deadline: asked.advanced(milliseconds: 500)) { [self] result in
            contents.withLock { contents in
                if case .confirmed = result { contents.confirmedAt = asked }
                contents.isProbing = false
            }
        }
    }

    private func refreshKeys() {
        do { try keys.refresh(from: runtime.store) } catch let error as KeyringError {
            // A node with another root key would seal what the others cannot open.
            fatal("the keyring cannot be opened with this root key: \(error)")
        } catch {
            logger.warning("the keyring cannot be read now", metadata: ["error": "\(error)"])
        }
    }

    private func settle() {
        do {
            let isSettled = try settling.settle()
            contents.withLock { $0.isSettled = isSettled }
        } catch let error as NodeStartError {
            fatal(error.description)
        } catch {
            logger.warning("the state cannot be read now", metadata: ["error": "\(error)"])
        }
    }

    /// Puts another key in the place of the one that signs access tokens, by the leader alone, when
    /// that is old enough.
    private func rotateSigningKeys() {
        let status = runtime.status
        guard status.raft.role == .leader, status.raft.hasCommittedInTerm, let opened = keys.opened
        else { return }
        do {
            let due = try runtime.store.read { try KeyRotation.due($0, opened.tokens) }
            if let operation = try due?.operation(opened.keys, SystemRandomBytes()) {
                journal.propose(Command(operation, header: .ownNode))
            }
        } catch {
            logger.warning(
                "the signing keys cannot be rotated now", metadata: ["error": "\(error)"])
        }
    }

    /// Expired rows are removed in small steps, by the leader alone.
    private func sweep() {
        let status = runtime.status
        guard status.raft.role == .leader, status.raft.hasCommittedInTerm, keys.opened != nil
        else { return }
        journal.propose(Command(.sweep(.init(limit: 200)), header: .ownNode))
    }
}
