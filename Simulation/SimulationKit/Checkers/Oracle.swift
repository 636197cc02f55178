import AuthCore
import ByteCodec
import RaftCore
import RaftWire
import Replica
import StateStore
import WriteAheadLog

/// The onlooker who sees every node's memory and disk at once, and checks after every event what
/// must hold between them: S1 to S13, S15, S16.
///
/// Its own idea of the cluster grows with what nodes show: the first node that says that an entry
/// is committed makes it so for ever, and whoever contradicts is found.
final class Oracle {
    private(set) var violation: Violation?
    var views: [NodeView]
    /// The last configuration that is known to be committed.
    private(set) var configuration: ConfState
    var ledger = EntryLedger()
    private var leaders: [UInt64: NodeID] = [:]
    /// What candidates last said of their logs. Looked up, never iterated.
    var claims: [NodeID: (term: Term, last: EntryID)] = [:]
    private var votes: [UInt64: [UInt64: NodeID]] = [:]
    /// What is committed, from the first entry on.
    private(set) var committed: [EntryID] = []
    /// In whose term each of them was first seen to be committed.
    private var committedInTerms: [Term] = []
    /// What the state must be after each committed entry.
    let reference: Reference
    /// Told of every configuration once it is committed.
    var onConfiguration: ((ConfState) -> Void)?
    /// Told of every entry once it is committed.
    var onCommitted: ((Entry, AppliedEntry) -> Violation?)?

    init(nodes: Int, configuration: ConfState, reference: Reference) {
        self.configuration = configuration
        views = Array(repeating: NodeView(), count: nodes)
        self.reference = reference
    }

    /// The last entry that is known to be committed.
    var lastCommitted: EntryID { committed.last ?? .zero }

    func entry(at index: LogIndex) -> EntryID? {
        index == .zero
            ? .zero
            : committed.indices.contains(Int(index.rawValue) - 1)
                ? committed[Int(index.rawValue) - 1] : nil
    }

    func fail(_ rule: String, _ detail: @autoclosure () -> String) {
        if violation == nil { violation = Violation(rule, detail()) }
    }

    func fail(_ found: Violation?) {
        if violation == nil { violation = found }
    }

    // MARK: Starting and ending

    /// A node has started with what it found on its disk.
    func started(
        _ node: Int, recovered: RecoveredLog, state: StateMeta, installed: EntryID,
        isDamaged: Bool
    ) {
        checkRecoveredLog(node, recovered, isDamaged: isDamaged)
        checkRecoveredState(node, state)
        var view = NodeView()
        view.promisedLog = stillPromised(node, recovered)
        view.isUp = true
        view.term = recovered.hardState.term
        view.log = TermLog(base: recovered.logStart, terms: recovered.entries.map(\.term))
        view.durableLog = view.log
        view.durableHard = recovered.hardState
        view.applied = state.applied.index
        view.durableApplied = state.applied.index
        view.commit = state.applied.index
        view.trimmed = recovered.logStart.index
        views[node] = view
        settlePromise(node)
        begin(node, state, recovered.entries)
    }

    func ended(_ node: Int) {
        views[node].isUp = false
        views[node].role = .follower
    }

    func checkRecoveredLog(_ node: Int, _ recovered: RecoveredLog, isDamaged: Bool) {
        let before = views[node]
        let hard = recovered.hardState
        if hard.term < before.durableHard.term {
            fail("S8", "n\(node + 1) forgot term \(before.durableHard.term.rawValue)")
        }
        if hard.term == before.durableHard.term, let vote = before.durableHard.vote,
            hard.vote != vote
        {
            fail("S8", "n\(node + 1) forgot its vote for \(vote) in \(hard.term.rawValue)")
        }
        // What was synced is there, unless something that was being written replaced it.
        let replacedFrom = before.underWay.compactMap { $0.entries.first?.index }.min()
        let log = TermLog(base: recovered.logStart, terms: recovered.entries.map(\.term))
        let end = before.durableLog.lastIndex
        var kept = replacedFrom.map { min(end.next, $0) } ?? end.next
        checkPromise(node, recovered, isReplaced: replacedFrom != nil)
        // A damaged log may hold less, if it says what it held, and if the state has the rest.
        if isDamaged, recovered.promised != .zero || recovered.report.damage.count > 0 {
            kept = min(kept, log.lastIndex.next)
        }
        // The crash may have come between the switch of the state and the reset of the log.
        let isReset = before.installing != nil && log.base == before.installing
        if !isReset, log.base.index < kept.previous || log.lastIndex < kept.previous {
            var index = max(log.base.index, before.durableLog.base.index)
            while index < kept {
                if log.term(at: index) != before.durableLog.term(at: index) {
                    fail(
                        "C5", "n\(node + 1) lost entry \(index.rawValue), which it had synced")
                    break
                }
                index = index.next
            }
        }
        for entry in recovered.entries where !ledger.isKnown(entry) {
            fail("S2", "n\(node + 1) found entry \(entry.index.rawValue), which nobody wrote")
            break
        }
    }

    private func checkRecoveredState(_ node: Int, _ state: StateMeta) {
        if state.applied.index < views[node].durableApplied {
            fail("S9", "the state of n\(node + 1) went back behind what was durable")
        }
        guard entry(at: state.applied.index) == state.applied else {
            return fail("S5", "the state of n\(node + 1) stands at \(state.applied)")
        }
    }

    // MARK: The disk

    /// A node wants entries or a vote to be kept.
    func requested(_ node: Int, _ request: PersistRequest) {
        for entry in request.entries {
            note(node, entry)
            let before = views[node].log.term(at: entry.index.previous)
            if views[node].role == .leader, entry.index <= views[node].log.lastIndex {
                fail("S3", "leader n\(node + 1) replaces its entry \(entry.index.rawValue)")
            }
            // A leader of an earlier term may lack what a later one has committed, and a node that
            // has heard of neither may still follow it: nobody counts its copy.
            if let committed = self.entry(at: entry.index), committed.term != entry.term,
                views[node].log.holds(committed),
                views[node].term >= committedInTerms[Int(entry.index.rawValue) - 1]
            {
                fail("S4", "n\(node + 1) replaces committed \(committed) by \(entry.term)")
            }
            guard views[node].log.append([entry]), let before else {
                return fail("S2", "n\(node + 1) leaves a gap before \(entry.index.rawValue)")
            }
            fail(ledger.note(entry, termBefore: before))
        }
        if let hard = request.hardState, hard.term < views[node].term {
            fail("S9", "the term of n\(node + 1) goes back to \(hard.term.rawValue)")
        }
    }

    /// What a node asked for is on its way to the disk, and a crash may leave it there or not.
    func begunToWrite(_ node: Int, _ requests: [PersistRequest]) {
        views[node].underWay = requests
    }

    /// What a node asked for is durable.
    func synced(_ node: Int, _ requests: [PersistRequest]) {
        for request in requests {
            if !views[node].durableLog.append(request.entries) {
                fail("S2", "n\(node + 1) syncs a log with a gap")
            }
            if let hard = request.hardState { views[node].durableHard = hard }
        }
        settlePromise(node)
        views[node].underWay = []
    }

    /// A node gives up the beginning of its log.
    func trimmed(_ node: Int, upTo index: LogIndex, durable: LogIndex) {
        if index > durable {
            fail(
                "S9",
                "n\(node + 1) trims its log up to \(index.rawValue), durable \(durable.rawValue)")
        }
        views[node].log.trim(upTo: index)
        views[node].durableLog.trim(upTo: index)
        views[node].trimmed = max(views[node].trimmed, index)
    }

    /// A node begins to put a snapshot in the place of its state.
    func installs(_ node: Int, _ metadata: SnapshotMetadata) {
        guard entry(at: metadata.last.index) == metadata.last else {
            return fail("S13", "n\(node + 1) installs \(metadata.last), which is not committed")
        }
        views[node].installing = metadata.last
        if metadata.last.index <= views[node].applied {
            fail("S13", "n\(node + 1) goes back to \(metadata.last.index.rawValue)")
        }
        if views[node].log.term(at: metadata.last.index) == metadata.last.term {
            fail("S13", "n\(node + 1) throws away a log that holds \(metadata.last)")
        }
    }

    /// The state was replaced, and the log begins anew.
    func installed(_ node: Int, _ last: EntryID, state: StateMeta) {
        views[node].log = TermLog(base: last, terms: [])
        views[node].durableLog = views[node].log
        settlePromise(node)
        views[node].applied = last.index
        views[node].durableApplied = last.index
        views[node].commit = max(views[node].commit, last.index)
        views[node].underWay = []
        views[node].installing = nil
        views[node].isStateLost = false
        begin(node, state, [])
        checkState(node, state)
    }

    // MARK: Messages

    /// A node sends something that promises.
    func sends(_ node: Int, _ message: Message) {
        switch message.body {
        case .voteReply(granted: true):
            let hard = views[node].durableHard
            if hard.term != message.term || hard.vote != message.to {
                fail(
                    "S8",
                    "n\(node + 1) votes for \(message.to) in \(message.term.rawValue), durably "
                        + "\(String(describing: hard.vote)) in \(hard.term.rawValue)")
            }
            voted(node, for: message.to, in: message.term)
            checkVote(node, for: message.to, in: message.term)
        case .vote(let last, _): claims[message.from] = (message.term, last)
        case .appendReply(.accepted(let match)): checkAcceptance(node, upTo: match)
        case .preVote, .preVoteReply, .voteReply, .append, .appendReply, .heartbeat,
            .heartbeatReply, .snapshot, .timeoutNow, .transferRefused, .steppingDown:
            break
        }
    }

    private func voted(_ node: Int, for candidate: NodeID, in term: Term) {
        let earlier = votes[term.rawValue]?[UInt64(node)]
        if let earlier, earlier != candidate {
            fail("S8", "n\(node + 1) votes for \(earlier) and \(candidate) in \(term.rawValue)")
        }
        votes[term.rawValue, default: [:]][UInt64(node)] = candidate
    }

    // MARK: Turns

    /// A node has taken a turn: what it is now, before anything that it wants is looked at.
    func ranked(_ node: Int, _ glance: RaftGlance) {
        if glance.term < views[node].term {
            fail("S9", "the term of n\(node + 1) went back to \(glance.term.rawValue)")
        }
        views[node].take(glance)
        if glance.role == .leader, !views[node].ledBefore { elected(node, glance.term) }
        if glance.role != .follower, views[node].promisedLog != nil {
            fail("R8", "n\(node + 1) is \(glance.role) and has a damaged log")
        }
    }

    /// The rest of the turn, when the entries that it brought are known.
    func committing(
        _ node: Int, _ glance: RaftGlance, _ entries: (ClosedRange<LogIndex>) -> [Entry]
    ) {
        if glance.commit < views[node].commit {
            fail("S9", "the commit index of n\(node + 1) went back to \(glance.commit.rawValue)")
        }
        let isCandidate = glance.role == .preCandidate || glance.role == .candidate
        if isCandidate, !mayCampaign(node) {
            fail("S10", "n\(node + 1) campaigns, and does not vote")
        }
        guard glance.commit > views[node].commit else { return }
        let isLeading = glance.role == .leader && views[node].ledBefore
        advanced(node, entries, to: glance.commit, asLeader: isLeading)
    }

    private func elected(_ node: Int, _ term: Term) {
        let id = NodeID(UInt64(node + 1))
        if let other = leaders[term.rawValue], other != id {
            fail("S1", "\(other) and \(id) lead in term \(term.rawValue)")
        }
        leaders[term.rawValue] = id
        checkElection(node, id, term)
        // Leader completeness: what was committed before this term is in its log.
        if term > committedInTerms.last ?? .zero, !views[node].log.holds(lastCommitted) {
            fail("S4", "\(id) leads in \(term.rawValue) without \(lastCommitted)")
        }
    }

    /// A quorum of durable votes made this leader.
    private func checkElection(_ node: Int, _ id: NodeID, _ term: Term) {
        let hard = views[node].durableHard
        if hard.term == term, hard.vote == id { voted(node, for: id, in: term) }
        let given = votes[term.rawValue] ?? [:]
        let voters = given.keys.filter { given[$0] == id }.map { NodeID($0 + 1) }
        if !inForce(node).isQuorum(Set(voters)) {
            fail("S8", "\(id) leads in \(term.rawValue) with the votes of \(voters.sorted())")
        }
    }

    private func advanced(
        _ node: Int, _ entries: (ClosedRange<LogIndex>) -> [Entry], to index: LogIndex,
        asLeader: Bool
    ) {
        views[node].commit = index
        let end = lastCommitted.index
        if index > end {
            let new = entries(end.next...index)
            // A leader counts replicas of what it has written itself (S7), and may have heard of a
            // later term since in the same turn.
            for entry in new { commit(entry, by: node, in: new.last?.term ?? .zero) }
            if lastCommitted.index != index {
                fail("S9", "n\(node + 1) commits entries that it does not have")
            }
            if asLeader, lastCommitted.term != views[node].term {
                fail("S7", "n\(node + 1) counts replicas of \(lastCommitted)")
            }
        } else if let known = entry(at: index), !views[node].log.holds(known) {
            fail("S5", "n\(node + 1) commits another entry than \(known)")
        }
    }

    /// A configuration was committed.
    private func committed(_ entry: Entry) {
        guard let next = entry.configurationHeld else { return }
        configuration = next
        onConfiguration?(next)
    }

    private func commit(_ entry: Entry, by node: Int, in term: Term) {
        let id = EntryID(index: entry.index, term: entry.term)
        // Who had it and votes for nobody without it counts, though it must get it again; whoever
        // has not come to this term does not, because a former leader may still take it away.
        let holders = views.indices
            .filter { views[$0].durableHard.term >= term && views[$0].isBound(by: id) }
            .map { NodeID(UInt64($0 + 1)) }
        // A leader may have left a configuration, or entered one, in the turn in which it counted.
        if !mayCount(node, Set(holders)) {
            fail("S6", "\(id) is committed by n\(node + 1) and durable on \(holders)")
        }
        committed.append(id)
        committedInTerms.append(term)
        committed(entry)
        do {
            let applied = try reference.apply(entry)
            fail(onCommitted?(entry, applied))
        } catch {
            fail("S5", "the reference cannot apply \(id): \(error)")
        }
    }

    // MARK: Applying

    /// A node is told to apply entries.
    func delivers(_ node: Int, _ entries: [Entry]) {
        guard let last = entries.last else { return }
        for entry in entries
        where self.entry(at: entry.index)
            != EntryID(index: entry.index, term: entry.term)
        {
            return fail("S5", "n\(node + 1) applies another entry \(entry.index.rawValue)")
        }
        if last.index > views[node].commit || last.index > views[node].durableLog.lastIndex {
            fail("S9", "n\(node + 1) applies \(last.index.rawValue) too early")
        }
    }

    /// A node has applied a batch.
    func applied(_ node: Int, state: StateMeta, durable: LogIndex) {
        if state.applied.index < views[node].applied {
            fail("S9", "the applied index of n\(node + 1) went back")
        }
        views[node].applied = state.applied.index
        views[node].durableApplied = max(views[node].durableApplied, durable)
        checkState(node, state)
    }

    /// Forgets what no node can need any more.
    func prune() {
        let end =
            views.filter { !$0.configurations.isEmpty }
            .map { min($0.durableApplied, $0.durableLog.lastIndex) }.min() ?? .zero
        ledger.forget(upTo: end)
    }
}
