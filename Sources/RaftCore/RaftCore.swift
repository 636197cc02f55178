internal import ByteCodec

/// One node of a Raft cluster, as a value: events in, `Ready` out; no clock, no disk, no network.
///
/// The owner feeds events with `step`, `propose` and `readIndex`, then calls `takeReady` and
/// carries out what it says, and wakes the core with `Event.timer` at `deadline`. Equal seeds and
/// inputs give equal outputs.
///
/// What is kept, and where:
/// - a promise (a vote granted, an append accepted, the leader's own share in both) leaves only
///   after the disk has confirmed what it rests on: `Ready.messages` never waits for the disk,
///   because what must wait is not in it yet (dissertation §3.8, §10.2.1);
/// - a log that lost a part to a damaged disk keeps its promises until it has it back;
/// - pre-vote and check-quorum are always on (dissertation §9.6, §6.2);
/// - nothing that a peer sends can trap: it is parsed, and ignored if it makes no sense.
///
/// **Source**: Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm
/// (Extended Version)" ("Raft"); Ongaro's dissertation, "Consensus: Bridging Theory and Practice".
public struct RaftCore: Sendable {
    /// This node.
    public let id: NodeID
    /// Times and limits.
    public let options: RaftOptions

    // Persistent state (Raft figure 2), as it stands in memory.
    /// The present term.
    public internal(set) var term: Term
    var vote: NodeID?
    var log: RaftLog
    var configurations: ConfigurationHistory

    // Volatile state.
    /// What this node does now.
    public internal(set) var role: Role = .follower
    /// Who leads the present term, if that is known.
    public internal(set) var leader: NodeID?
    var following = Following()
    var ballots: [Ballot] = []
    var leading = Leadership()
    var storage: StorageProgress
    /// What the log had promised to hold when it lost a part, until it is as up to date again; zero
    /// when it has all of it (docs/decisions/0006).
    var promised: EntryID
    /// The snapshot that is to replace the state; nothing is appended or applied meanwhile.
    public internal(set) var installing: SnapshotMetadata?
    /// Who sent that snapshot.
    var installingFrom: NodeID?
    /// Whether the log goes on behind that snapshot as it is.
    var isLogKept = false
    /// Whether this node has its log and no state, and waits for a snapshot that the log goes on
    /// behind. It votes and acknowledges by its log as ever; it applies nothing, and does not lead.
    public internal(set) var isStateLost: Bool
    /// Bytes of the log that were committed when it began so.
    let backlogAtStart: Int
    var isStorageFull = false
    /// Whether this node must not lead, for a reason that consensus knows nothing of.
    var isBarred = false
    /// Counts rounds of heartbeats over all terms of this run, so that no number is used twice.
    var heartbeatSequence: UInt64 = 0

    // Time.
    var now: SteadyTime
    /// When this node, if it does not lead, begins or repeats a campaign.
    var electionDue: SteadyTime?
    /// No timer acts before, so that messages come first after a pause.
    var timersNotBefore: SteadyTime = .zero
    var random: RandomSource

    /// What `takeReady` gives out next.
    var ready = Ready()
    private var announced: SoftState
    private var announcedConfiguration: ConfState

    /// What a node knows of the leader that it follows.
    struct Following: Equatable, Sendable {
        /// When the leader was last heard.
        var heardAt: SteadyTime = .zero
        /// Whether the connection to the leader was closed since.
        var isConnectionClosed = false
        /// The last entry known to match the leader's log, durable or not.
        var matched: LogIndex = .zero
        /// The last entry acknowledged to the leader.
        var acknowledged: LogIndex = .zero
        /// Whether an append waits for its answer.
        var isReplyOwed = false
    }

    /// One answer to a request for votes.
    struct Ballot: Equatable, Sendable {
        let node: NodeID
        let isGranted: Bool
    }

    /// A node as its disk left it. A voter may campaign almost at once: with pre-votes that
    /// disturbs nobody, and it saves one time-out after a start of the whole cluster.
    ///
    /// With a configuration that names nobody it waits to be made a member: it follows whoever
    /// leads, and takes its configuration from the log or a snapshot.
    ///
    /// - Precondition: log and state fit together, see `RestoredState`.
    public init(
        id: NodeID, options: RaftOptions, restored: RestoredState, seed: UInt64, now: SteadyTime
    ) {
        precondition(id != NodeID(0), "a node has a number")
        let configuration = restored.snapshot.configuration
        precondition(configuration.isValid || configuration.isEmpty, "no cluster to be part of")
        options.checkInvariants()
        self.id = id
        self.options = options
        self.now = now
        term = restored.hardState.term
        vote = restored.hardState.vote
        log = RaftLog(restored: restored)
        isStateLost = restored.isStateLost
        backlogAtStart = restored.isStateLost ? log.backlogBytes : 0
        random = RandomSource(seed: seed)
        storage = StorageProgress(durable: restored.hardState)
        promised = Planted.promiseForgottenAtStart.isOn ? .zero : restored.promised
        configurations = ConfigurationHistory(snapshot: restored.snapshot)
        announced = SoftState(role: .follower, term: restored.hardState.term, leader: nil)
        if restored.snapshot.last.term > term {
            // A snapshot took the state's place while its term was on its way to the log. Nothing
            // was promised in that term, since no promise leaves before the disk has its term.
            term = restored.snapshot.last.term
            vote = nil
        }
        announcedConfiguration = restored.snapshot.configuration
        adopt(log.entries(after: restored.snapshot.last.index, upTo: log.lastIndex))
        announcedConfiguration = configurations.current
        precondition(term >= log.last.term, "an entry of a term that was never entered")
        precondition(term >= restored.promised.term, "promised in a term that was never entered")
        endRepair()
        electionDue = after(milliseconds: 0, jitter: options.connectionLossJitterMilliseconds)
    }

    /// One event in. Never traps on anything that a peer can send.
    ///
    /// - Parameter now: not before the time of any earlier call.
    public mutating func step(_ event: Event, now: SteadyTime) {
        advance(to: now)
        switch event {
        case .timer: timerFired()
        case .message(let message): receive(message)
        case .persisted(let token): persisted(token)
        case .applied(let index): log.apply(upTo: max(index, log.applied))
        case .snapshotInstalled(let metadata): snapshotInstalled(metadata)
        case .snapshotInstallFailed: snapshotInstallFailed()
        case .snapshotSent(let peer, let metadata, let succeeded):
            snapshotSent(to: peer, metadata, succeeded: succeeded)
        case .connectionLost(let peer, let loss): connectionLost(to: peer, loss)
        case .connected(let peer): connected(to: peer)
        case .transferLeadership(let target): beginTransfer(to: target)
        case .compacted(let index):
            log.allowCut(upTo: index)
            cutLog()
            configurations.forget(before: log.compactable)
        case .storageFull(let isFull): storageBecame(full: isFull)
        case .barred(let isBarred): becameBarred(isBarred)
        }
    }

    /// Takes everything there is to do since the last call.
    ///
    /// What goes to the peers is decided here and not in each event, so that whatever came between
    /// two calls shares one append and one read round.
    public mutating func takeReady() -> Ready {
        if Planted.configurationAtCommit.isOn { adoptCommitted() }
        if role == .leader { flushLeadership() }
        flushAcknowledgement()
        ready.persist = takePersistRequest()
        // Nothing is applied on top of a state that is about to be replaced; nor what this term has
        // committed before the disk has the term: a node that forgot the term by a power cut, and
        // the last thing that it applied, would follow a leader who never had it (docs/lease.md).
        if installing == nil, !isStateLost, storage.durable.term == term {
            ready.committed = log.takeCommitted(bytesMax: options.committedBytesMax)
        }
        let soft = SoftState(role: role, term: term, leader: leader)
        if soft != announced {
            announced = soft
            ready.softState = soft
        }
        if configurations.current != announcedConfiguration {
            announcedConfiguration = configurations.current
            ready.configuration = announcedConfiguration
        }
        defer { ready = Ready() }
        return ready
    }

    /// The configuration in force.
    public var configuration: ConfState { configurations.current }

    /// Hands a message to the network; nothing in it may wait for the disk.
    mutating func send(_ body: Message.Body, to peer: NodeID, term messageTerm: Term? = nil) {
        precondition(peer != id, "a message to oneself")
        ready.messages.append(
            Message(from: id, to: peer, term: messageTerm ?? term, body: body))
    }
}

// MARK: - Dispatch

extension RaftCore {
    /// Takes a message: first its term (Raft §5.1), then what it says.
    private mutating func receive(_ message: Message) {
        guard message.to == id, message.isPlausible else { return }
        if message.term > term {
            guard entersTerm(of: message) else { return }
        } else if message.term < term {
            answerStale(message)
            return
        }
        switch message.body {
        case .preVote(let last): preVoteRequested(by: message.from, term: message.term, last: last)
        case .preVoteReply(let granted):
            preVoteAnswered(by: message.from, term: message.term, granted: granted)
        case .vote(let last, let isTransfer):
            voteRequested(by: message.from, last: last, isTransfer: isTransfer)
        case .voteReply(let granted): voteAnswered(by: message.from, granted: granted)
        case .append(let previous, let entries, let commit):
            guard hear(leader: message.from) else { return }
            append(entries, behind: previous, commit: commit)
        case .appendReply(.accepted(let match)): accepted(by: message.from, match: match)
        case .appendReply(.rejected(let previous, let hint)):
            rejected(by: message.from, previous: previous, hint: hint)
        case .appendReply(.damaged(let previous, let hint)):
            damaged(at: message.from, previous: previous, hint: hint)
        case .heartbeat(let commit, let sequence):
            guard hear(leader: message.from) else { return }
            heartbeat(commit: commit, sequence: sequence)
        case .heartbeatReply(let sequence):
            heartbeatAnswered(by: message.from, sequence: sequence)
        case .snapshot(let metadata):
            guard hear(leader: message.from) else { return }
            snapshotArrived(metadata, from: message.from)
        case .timeoutNow(let last): toldToCampaign(by: message.from, last: last)
        case .transferRefused: transferRefused(by: message.from)
        case .steppingDown: leaderSteppedDown(message.from)
        }
    }

    /// Handles the newer term of a message. False if the message is dealt with, or ignored.
    private mutating func entersTerm(of message: Message) -> Bool {
        switch message.body {
        case .preVote:
            // It names a term that nobody has entered (dissertation §9.6).
            leaderSteppedDown(message.from)
            return true
        case .preVoteReply(granted: true):
            return true
        case .vote(_, let isTransfer):
            leaderSteppedDown(message.from)
            // A live leader is not deposed by who cannot hear it (dissertation §4.2.3).
            if isLeaderAlive, !isTransfer { return false }
            becomeFollower(term: message.term, leader: nil)
            return true
        case .append, .heartbeat, .snapshot, .timeoutNow:
            becomeFollower(term: message.term, leader: message.from)
            return true
        case .preVoteReply(granted: false), .voteReply, .appendReply, .heartbeatReply,
            .transferRefused:
            // A refusal carries the refuser's own term and must be believed, or two nodes that
            // each refuse the other wait for ever (openraft #1796, canonical/raft #279). Who is
            // not in the configuration was not asked, and deposes nobody.
            guard configuration.members.contains(message.from) else { return false }
            becomeFollower(term: message.term, leader: nil)
            return false
        case .steppingDown:
            guard configuration.members.contains(message.from) else { return false }
            becomeFollower(term: message.term, leader: nil)
            return false
        }
    }

    /// Answers a message of an older term so that its sender learns the present one; a stale
    /// reply needs no answer.
    private mutating func answerStale(_ message: Message) {
        switch message.body {
        case .preVote: send(.preVoteReply(granted: false), to: message.from)
        case .vote: send(.voteReply(granted: false), to: message.from)
        case .append(let previous, _, _):
            send(
                .appendReply(.rejected(previous: previous.index, hint: log.last)),
                to: message.from)
        case .snapshot(let metadata):
            send(
                .appendReply(.rejected(previous: metadata.last.index, hint: log.last)),
                to: message.from)
        case .heartbeat(_, let sequence):
            send(.heartbeatReply(sequence: sequence), to: message.from)
        case .timeoutNow: send(.transferRefused, to: message.from)
        case .preVoteReply, .voteReply, .appendReply, .heartbeatReply, .transferRefused,
            .steppingDown:
            break
        }
    }
}
