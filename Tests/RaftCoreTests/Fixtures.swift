import RaftCore

// Short ways to make what the tests need.

let n1 = NodeID(1)
let n2 = NodeID(2)
let n3 = NodeID(3)
let n4 = NodeID(4)
let n5 = NodeID(5)

extension EntryID {
    /// Index, then term.
    init(_ index: UInt64, _ term: UInt64) { self.init(index: LogIndex(index), term: Term(term)) }
}

extension Entry {
    /// A command at `index` in `term`.
    static func at(_ index: UInt64, _ term: UInt64, _ text: String = "") -> Entry {
        Entry(
            index: LogIndex(index), term: Term(term), kind: .command, payload: Array(text.utf8))
    }

    /// One command for each term, from index 1 on.
    static func log(_ terms: [UInt64]) -> [Entry] {
        terms.enumerated().map { .at(UInt64($0.offset) + 1, $0.element) }
    }
}

extension ConfState {
    /// A cluster of these voters.
    static func voters(_ numbers: ClosedRange<UInt64>) -> ConfState {
        ConfState(voters: numbers.map { NodeID($0) })
    }
}

extension RestoredState {
    /// A disk that holds a log with these terms, from index 1 on, and no snapshot.
    static func log(
        _ terms: [UInt64], term: UInt64 = 0, vote: NodeID? = nil, commit: UInt64 = 0,
        configuration: ConfState = .voters(1...3)
    ) -> RestoredState {
        RestoredState(
            hardState: HardState(
                term: Term(max(term, terms.last ?? 0)), vote: vote, commit: LogIndex(commit)),
            snapshot: SnapshotMetadata(last: .zero, configuration: configuration),
            logStart: .zero, entries: Entry.log(terms))
    }
}

/// One core driven by hand: what it sends and asks for is kept until it is looked at.
struct Bench {
    var core: RaftCore
    var now = SteadyTime(nanoseconds: 1_000_000_000)
    /// Everything sent and not yet taken.
    var sent: [Message] = []
    /// Requests to the disk that are not completed.
    var writes: [PersistRequest] = []
    /// Everything given out for applying.
    var delivered: [Entry] = []
    var readStates: [ReadState] = []
    var droppedReads: [UInt64] = []
    var installs: [SnapshotMetadata] = []
    var snapshotsToSend: [NodeID] = []
    /// Whether the disk completes everything at once.
    var isDiskFast = true

    init(
        _ restored: RestoredState = .log([]), id: NodeID = n1, options: RaftOptions = RaftOptions(),
        seed: UInt64 = 1
    ) {
        core = RaftCore(id: id, options: options, restored: restored, seed: seed, now: now)
    }

    /// One event, and everything that follows from it.
    mutating func step(_ event: Event) {
        core.step(event, now: now)
        core.checkInvariants()
        collect()
    }

    /// A message from a peer.
    mutating func receive(_ body: Message.Body, from: NodeID = n2, term: UInt64) {
        step(.message(Message(from: from, to: core.id, term: Term(term), body: body)))
    }

    mutating func advance(_ milliseconds: UInt64) {
        now = now.advanced(milliseconds: milliseconds)
    }

    /// Moves the clock to the deadline and fires the timer.
    mutating func fire() {
        guard let deadline = core.deadline else { return }
        now = max(now, deadline)
        step(.timer)
    }

    mutating func collect() {
        while true {
            let ready = core.takeReady()
            core.checkInvariants()
            if ready.isEmpty { return }
            sent += ready.messages
            delivered += ready.committed
            readStates += ready.readStates
            droppedReads += ready.droppedReads
            snapshotsToSend += ready.snapshotsToSend
            if let install = ready.install { installs.append(install) }
            if let write = ready.persist { writes.append(write) }
            if let last = ready.committed.last { core.step(.applied(last.index), now: now) }
            if isDiskFast { complete() }
        }
    }

    /// Completes every write.
    mutating func persist() {
        complete()
        collect()
    }

    private mutating func complete() {
        let finished = writes
        writes = []
        for write in finished { core.step(.persisted(write.token), now: now) }
        core.checkInvariants()
    }

    /// Takes what was sent, of one kind or all.
    mutating func take() -> [Message] {
        defer { sent = [] }
        return sent
    }

    /// The bodies of what was sent to `peer`, which are taken.
    mutating func take(to peer: NodeID) -> [Message.Body] {
        defer { sent.removeAll { $0.to == peer } }
        return sent.filter { $0.to == peer }.map(\.body)
    }

    /// Wins an election with the vote of n2 (of three), and forgets what was sent.
    mutating func win() {
        fire()
        let asked = core.status.term.next.rawValue
        receive(.preVoteReply(granted: true), term: asked)
        receive(.voteReply(granted: true), term: asked)
        precondition(core.status.role == .leader, "not elected: \(core.status)")
        sent = []
    }

    /// Wins, and has the first entry committed with n2's help.
    mutating func winAndCommit() {
        win()
        receive(
            .appendReply(.accepted(match: core.status.last.index)),
            term: core.status.term.rawValue)
        precondition(core.status.hasCommittedInTerm, "not committed: \(core.status)")
        sent = []
    }

    /// Proposes commands with these texts.
    mutating func propose(_ texts: String...) throws {
        _ = try core.propose(texts.map { Array($0.utf8) }, now: now)
        collect()
    }
}

extension ConfState {
    /// Whether a set of nodes is a quorum, by a way of its own.
    func isQuorum(_ nodes: Set<NodeID>) -> Bool {
        [voters, votersOutgoing].allSatisfy { half in
            half.isEmpty || 2 * half.count(where: nodes.contains) > half.count
        }
    }

    /// Whether no quorum of the one and quorum of the other are apart: every set of nodes and the
    /// rest are tried. O(2ⁿ).
    func everyQuorumMeets(_ other: ConfState) -> Bool {
        let all = Set(members + other.members).sorted()
        return (0..<(1 << all.count)).allSatisfy { mask in
            let some = Set(all.indices.filter { mask >> $0 & 1 == 1 }.map { all[$0] })
            return !(isQuorum(some) && other.isQuorum(Set(all).subtracting(some)))
        }
    }
}
