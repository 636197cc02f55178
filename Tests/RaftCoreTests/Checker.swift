import RaftCore

/// A broken promise, with the name that the dissertation or our own list gives it.
struct Violation: Error, CustomStringConvertible {
    let description: String
}

/// The all-seeing judge of a random run: looks at every core and every disk after each event.
///
/// S1 election safety, S2 log matching, S3 leader append-only, S4 leader completeness, S5 state
/// machine safety, S6 commit is durable on a quorum, S7 only own-term entries are counted, S8
/// votes are durable and one for each term, S9 nothing goes back, S11 acknowledgements are
/// durable, S10 quorums of configurations that follow each other meet, S13 a snapshot replaces no
/// log that holds it, C6 reads are not older than what was committed when they were asked for.
struct Checker {
    private struct Seen {
        var run: UInt64 = 0
        var term = Term.zero
        var commit = LogIndex.zero
        var applied = LogIndex.zero
        var role = Role.follower
        var leaderLast = EntryID.zero
        var readStates = 0
    }

    private var leaders: [UInt64: NodeID] = [:]
    private var votes: [[UInt64]: NodeID] = [:]
    /// Every entry that was ever committed, by index, and the term in which that was seen first.
    private(set) var committed: [Entry] = []
    private var committedIn: [Term] = []
    private var stateHashes: [UInt64: UInt64] = [:]
    /// The last configuration that was committed.
    private var configuration: ConfState?
    private(set) var changes = 0
    private var readFloors: [UInt64: LogIndex] = [:]
    private var seen: [Seen]
    private(set) var elections = 0
    private(set) var confirmedReads = 0

    init(nodes: Int) { seen = Array(repeating: Seen(), count: nodes) }

    var lastCommitted: LogIndex { LogIndex(UInt64(committed.count)) }

    mutating func readAsked(_ context: UInt64) { readFloors[context] = lastCommitted }

    mutating func check(_ cluster: Cluster, newMessages: ArraySlice<Cluster.Envelope>) throws {
        // Who still has the oldest entries comes first: a node that installed a snapshot may know
        // of more than it can show.
        let order = cluster.nodes.indices.sorted {
            cluster.nodes[$0].core.retainedLog.first < cluster.nodes[$1].core.retainedLog.first
        }
        for position in order where cluster.nodes[position].isUp {
            try check(cluster.nodes[position], at: position, in: cluster)
        }
        for envelope in newMessages { try check(envelope.message, in: cluster) }
    }

    private func fail(_ text: String) -> Violation { Violation(description: text) }

    private mutating func check(_ node: Cluster.Node, at position: Int, in cluster: Cluster) throws
    {
        let status = node.core.status
        var before = seen[position]
        if before.run != node.run {
            // A new run begins with what the disk kept.
            before = Seen()
            before.run = node.run
            before.commit = node.disk.snapshot.last.index
        }
        guard status.term >= before.term else { throw fail("S9 term of \(status.id)") }
        guard status.commit >= before.commit else { throw fail("S9 commit of \(status.id)") }
        guard status.applied >= before.applied else { throw fail("S9 applied of \(status.id)") }
        if status.commit > before.commit {
            try checkCommit(node, after: before.commit, in: cluster)
        }
        if node.applied.last.index > .zero {
            let index = node.applied.last.index.rawValue
            let known = stateHashes[index]
            guard known == nil || known == node.stateHash else { throw fail("S5 at \(index)") }
            stateHashes[index] = node.stateHash
        }
        if let installing = node.installing?.last,
            node.core.term(at: installing.index) == installing.term
        {
            throw fail("S13 \(status.id) replaces a log that holds \(installing.index.rawValue)")
        }
        try checkLeader(node, before: &before, in: cluster)
        for read in node.readStates.dropFirst(before.readStates) {
            guard let floor = readFloors[read.context], read.index >= floor else {
                throw fail("C6 read \(read.context) at \(read.index.rawValue)")
            }
            confirmedReads += 1
        }
        before.term = status.term
        before.commit = status.commit
        before.applied = status.applied
        before.role = status.role
        before.readStates = node.readStates.count
        seen[position] = before
    }

    private mutating func checkCommit(
        _ node: Cluster.Node, after previous: LogIndex, in cluster: Cluster
    ) throws {
        let status = node.core.status
        let first = node.core.retainedLog.first
        guard status.commit >= first else { return }
        let lower = max(previous.next, first)
        for entry in node.core.entries(in: lower...status.commit) {
            let position = Int(entry.index.rawValue) - 1
            if position < committed.count {
                guard committed[position] == entry else {
                    throw fail("S2/S4 two entries committed at \(entry.index.rawValue)")
                }
                continue
            }
            guard position == committed.count else { throw fail("S5 a gap in what is committed") }
            committed.append(entry)
            committedIn.append(status.term)
            try checkConfiguration(entry)
            try checkDurable(entry, node.core.status.configuration, in: cluster)
        }
        let isCounted = status.role == .leader && seen[Int(status.id.rawValue) - 1].role == .leader
        if isCounted, node.core.term(at: status.commit) != status.term {
            throw fail("S7 \(status.id) counted an entry of an older term")
        }
    }

    private mutating func checkConfiguration(_ entry: Entry) throws {
        guard entry.kind == .configuration else { return }
        let next = try ConfState(decoding: entry.payload)
        changes += 1
        if let before = configuration, !before.everyQuorumMeets(next) {
            throw fail("S10 \(next) behind \(before)")
        }
        configuration = next
    }

    private func checkDurable(
        _ entry: Entry, _ configuration: ConfState, in cluster: Cluster
    ) throws {
        let reached = Quorum.reached(by: configuration) { id in
            let disk = cluster[id].disk
            let isCovered = disk.snapshot.last.index >= entry.index
            return isCovered || disk.term(at: entry.index) == entry.term ? 1 : 0
        }
        // The arithmetic is redone here by hand: it may be what is broken.
        for half in [configuration.voters, configuration.votersOutgoing] where !half.isEmpty {
            let holders = half.filter { id in
                let disk = cluster[id].disk
                return disk.snapshot.last.index >= entry.index
                    || disk.term(at: entry.index) == entry.term
            }
            guard 2 * holders.count > half.count else {
                throw fail("S6 \(entry.index.rawValue) is durable on \(holders) of \(half)")
            }
        }
        guard reached == 1 else { throw fail("S6 quorum arithmetic") }
    }

    private mutating func checkLeader(
        _ node: Cluster.Node, before: inout Seen, in cluster: Cluster
    ) throws {
        let status = node.core.status
        if status.role != .follower, status.role != .leader {
            let before = node.core.configuration(at: status.commit)?.configuration
            guard status.configuration.isVoter(status.id) || before?.isVoter(status.id) == true
            else {
                throw fail("S10 \(status.id) campaigns, and does not vote")
            }
        }
        guard status.role == .leader else { return }
        if status.last.index > status.commit {
            let open = node.core.entries(in: status.commit.next...status.last.index)
                .count { $0.kind == .configuration }
            guard open <= 1 else { throw fail("S10 \(status.id) changes members twice at once") }
        }
        if let other = leaders[status.term.rawValue], other != status.id {
            throw fail("S1 \(other) and \(status.id) lead term \(status.term.rawValue)")
        }
        if leaders[status.term.rawValue] == nil {
            elections += 1
            leaders[status.term.rawValue] = status.id
            before.leaderLast = .zero
            for (position, entry) in committed.enumerated()
            where committedIn[position] < status.term {
                let own = node.core.term(at: entry.index)
                let isCut = entry.index < node.core.retainedLog.first
                guard isCut || own == entry.term else {
                    throw fail("S4 \(status.id) leads without \(entry.index.rawValue)")
                }
            }
        }
        if before.role == .leader, before.term == status.term {
            let last = before.leaderLast
            let isCut = last.index < node.core.retainedLog.first
            guard isCut || node.core.term(at: last.index) == last.term else {
                throw fail("S3 \(status.id) replaced \(last.index.rawValue)")
            }
        }
        before.leaderLast = status.last
    }

    private mutating func check(_ message: Message, in cluster: Cluster) throws {
        let disk = cluster[message.from].disk
        switch message.body {
        case .voteReply(granted: true):
            let isDurable =
                disk.hardState.term > message.term
                || (disk.hardState.term == message.term && disk.hardState.vote == message.to)
            guard isDurable else { throw fail("S8 \(message.from) forgets its vote") }
            let key = [message.from.rawValue, message.term.rawValue]
            guard votes[key] ?? message.to == message.to else { throw fail("S8 two votes") }
            votes[key] = message.to
        case .appendReply(.accepted(let match)):
            let isDurable = disk.lastIndex >= match || disk.snapshot.last.index >= match
            guard isDurable else { throw fail("S11 \(message.from) accepts \(match.rawValue)") }
            // What is accepted is what the leader sent.
            let leader = cluster[message.to]
            guard leader.isUp, leader.core.status.role == .leader,
                leader.core.status.term == message.term,
                let own = leader.core.term(at: match), match > disk.logStart.index
            else { return }
            guard disk.term(at: match) == own else {
                throw fail("S11 \(message.from) accepts another entry at \(match.rawValue)")
            }
        default:
            break
        }
    }
}
