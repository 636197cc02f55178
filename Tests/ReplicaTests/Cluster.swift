import Budgets
import ByteCodec
import RaftCore
import RaftWire
import Replica

/// Three replicas (or another number) in one thread: messages arrive at once unless a test holds
/// them back, disks and state machines finish at once unless a test says otherwise.
///
/// The state machine is a list of commands; it answers a command with its bytes, and a repeated
/// proposal with its first answer.
final class Cluster {
    final class Node {
        var replica: Replica
        var isUp = true
        var rewrites: [(start: EntryID, entries: [Entry])] = []
        var isDiskHeld = false
        var isApplyHeld = false
        var heldTokens: [StorageToken] = []
        var heldEntries: [Entry] = []
        var applied: [Entry] = []
        var outcomes: [ProposalID: (index: LogIndex, outcome: [UInt8])] = [:]
        var durable: LogIndex = .zero
        var completions: [Ticket: ProposalCompletion] = [:]
        var reads: [Ticket: ReadCompletion] = [:]
        var transfers: [Ticket: TransferCompletion] = [:]
        var changes: [Ticket: MembershipCompletion] = [:]
        var others: [ReplicaAction] = []
        var grants: [BudgetGrants] = []
        var lease: ReadLease?
        var isStopped = false
        init(_ replica: Replica) { self.replica = replica }
    }

    let ids: [NodeID]
    private(set) var nodes: [Node] = []
    var now = SteadyTime(nanoseconds: 1_000_000_000)
    private var wallAtZero = Timestamp(milliseconds: 1_700_000_000_000)
    /// What every node's wall clock shows; set, it is stepped.
    var wall: Timestamp {
        get { wallAtZero.advanced(milliseconds: now.nanoseconds / 1_000_000) }
        set {
            wallAtZero = Timestamp(milliseconds: newValue.rawValue - now.nanoseconds / 1_000_000)
        }
    }
    /// How many milliseconds a node's wall clock is ahead of the others'.
    private let skews: [UInt64: UInt64]
    /// Whether a message gets through.
    var passes: (PeerMessage, NodeID, NodeID) -> Bool = { _, _, _ in true }
    private var inbox: [(to: NodeID, input: ReplicaInput)] = []

    init(
        _ count: UInt64 = 3, configuration: ConfState? = nil, skews: [UInt64: UInt64] = [:],
        options configure: (inout ReplicaOptions) -> Void = { _ in }
    ) {
        ids = (1...count).map { NodeID($0) }
        self.skews = skews
        var options = ReplicaOptions()
        configure(&options)
        let initial = configuration ?? ConfState(voters: ids)
        for id in ids {
            // Who is to join knows nobody yet.
            let known = initial.members.contains(id) ? initial : ConfState(voters: [])
            let restored = RestoredState(
                hardState: HardState(),
                snapshot: SnapshotMetadata(last: .zero, configuration: known),
                logStart: .zero, entries: [])
            nodes.append(
                Node(
                    Replica(
                        id: id, run: id.rawValue * 1_000, options: options, restored: restored,
                        lastStamp: .zero, seed: id.rawValue,
                        now: ReplicaClocks(steady: now, wall: wall))))
        }
        for id in ids { for peer in ids where peer != id { give(.connected(peer), to: id) } }
    }

    subscript(id: UInt64) -> Node { nodes[Int(id) - 1] }

    var leader: Node? {
        nodes.first { $0.isUp && $0.replica.status.raft.role == .leader }
    }

    var follower: Node { nodes.first { $0.isUp && $0.replica.status.raft.role != .leader }! }

    /// Hands one input, or several in one turn, to a node, and everything that follows.
    func give(_ inputs: ReplicaInput..., to id: NodeID) {
        turn(inputs, of: id)
        drain()
    }

    /// Lets time pass, timer by timer.
    func run(milliseconds: UInt64) {
        let end = now.advanced(milliseconds: milliseconds)
        while true {
            let due = nodes.filter(\.isUp).compactMap { node in
                node.replica.deadline.map { (max($0, now), node.replica.id) }
            }.min { $0.0 < $1.0 }
            guard let (moment, id) = due, moment <= end else { break }
            advance(to: max(moment, now.advanced(nanoseconds: 1_000)))
            give(.timer, to: id)
        }
        advance(to: end)
    }

    /// Lets time pass until a node leads that knows everything committed.
    func elect() {
        for _ in 0..<200 {
            if let leader, leader.replica.status.raft.hasCommittedInTerm,
                nodes.allSatisfy({
                    !$0.isUp || $0.replica.status.raft.leader == leader.replica.id
                        || $0.replica.status.raft.configuration.isEmpty
                })
            {
                return
            }
            run(milliseconds: 10)
        }
        preconditionFailure("no leader")
    }

    /// Ends a process, which the others see.
    func kill(_ id: NodeID) {
        self[id.rawValue].isUp = false
        for peer in ids where peer != id { give(.connectionLost(id, .closed), to: peer) }
    }

    func releaseApply(_ node: Node) {
        node.isApplyHeld = false
        let entries = node.heldEntries
        node.heldEntries = []
        apply(entries, on: node)
        drain()
    }

    private func advance(to moment: SteadyTime) { now = moment }

    private func turn(_ inputs: [ReplicaInput], of id: NodeID) {
        let node = self[id.rawValue]
        guard node.isUp else { return }
        let shown = wall.advanced(milliseconds: skews[id.rawValue] ?? 0)
        let actions = node.replica.handle(inputs, now: ReplicaClocks(steady: now, wall: shown))
        node.replica.checkInvariants()
        for action in actions { carryOut(action, of: node) }
    }

    private func drain() {
        var steps = 0
        while !inbox.isEmpty {
            let (to, input) = inbox.removeFirst()
            turn([input], of: to)
            steps += 1
            precondition(steps < 100_000, "it does not come to rest")
        }
    }

    private func carryOut(_ action: ReplicaAction, of node: Node) {
        let id = node.replica.id
        switch action {
        case .send(let message, let to):
            if passes(message, id, to) { inbox.append((to, .received(message, from: id))) }
        case .rewriteLog(let start, let entries):
            node.rewrites.append((start, entries))
        case .persist(let request):
            if node.isDiskHeld {
                node.heldTokens.append(request.token)
            } else {
                inbox.append((id, .persisted(request.token)))
            }
        case .apply(let entries):
            if node.isApplyHeld { node.heldEntries += entries } else { apply(entries, on: node) }
        case .complete(let ticket, let completion):
            precondition(node.completions[ticket] == nil, "answered twice")
            node.completions[ticket] = completion
        case .completeRead(let ticket, let completion):
            precondition(node.reads[ticket] == nil, "answered twice")
            node.reads[ticket] = completion
        case .completeTransfer(let ticket, let completion):
            precondition(node.transfers[ticket] == nil, "answered twice")
            node.transfers[ticket] = completion
        case .completeChange(let ticket, let completion):
            precondition(node.changes[ticket] == nil, "answered twice")
            node.changes[ticket] = completion
        case .configuration: break
        case .stopped:
            node.isStopped = true
            node.others.append(action)
        case .lease(let lease): node.lease = lease
        case .budgets(let answer, _): node.grants.append(answer)
        case .sendSnapshot, .install, .replaceState, .discardSnapshot, .trimLog:
            node.others.append(action)
        }
    }

    private func apply(_ entries: [Entry], on node: Node) {
        guard let last = entries.last else { return }
        var own: [OwnOutcome] = []
        for entry in entries {
            node.applied.append(entry)
            guard entry.kind == .command, let proposal = try? Proposal(decoding: entry.payload)
            else { continue }
            let known = node.outcomes[proposal.id] ?? (entry.index, proposal.command)
            node.outcomes[proposal.id] = known
            if proposal.id.run == node.replica.run {
                own.append(OwnOutcome(id: proposal.id, index: known.index, outcome: known.outcome))
            }
        }
        node.durable = last.index
        inbox.append(
            (
                node.replica.id,
                .applied(
                    upTo: EntryID(index: last.index, term: last.term), durable: last.index,
                    outcomes: own)
            ))
    }
}

extension Cluster.Node {
    /// The commands that took effect here, each once.
    var effects: [[UInt8]] {
        var seen: Set<ProposalID> = []
        return applied.compactMap { entry in
            guard entry.kind == .command, let proposal = try? Proposal(decoding: entry.payload),
                seen.insert(proposal.id).inserted
            else { return nil }
            return proposal.command
        }
    }

    /// The stamps in the log, in order.
    var stamps: [Timestamp] {
        applied.compactMap { entry in
            guard entry.kind == .command, let proposal = try? Proposal(decoding: entry.payload)
            else { return nil }
            return proposal.stamp
        }
    }
}
