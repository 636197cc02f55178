import Budgets
import ByteCodec
import RaftCore
import RaftWire

// Limits that all nodes share (docs/decisions/0012-limits-are-leased-in-slices.md).

/// What a replica keeps of limits.
struct BudgetKeeping: Sendable {
    /// The leader's book, or the copy of it.
    var ledger = BudgetLedger()
    /// Who has claimed lately, and until when the levels are told to it. A release that knows
    /// nothing of budgets never claims, and must not be told.
    var listeners: [(peer: NodeID, until: SteadyTime)] = []
    /// When this leader began to lead: at first it hears what the others know.
    var leadsSince: SteadyTime?
    /// The leader that was told what this node knows, and its term.
    var told: (leader: NodeID, term: Term)?

    /// How long a node is told levels after it has claimed, in milliseconds.
    static let listenMilliseconds: UInt64 = 5_000
    /// How old the answers of a quorum may be on which a leader settles, in milliseconds; or as
    /// long as a follower waits for a leader, where that is longer.
    static let contactMilliseconds: UInt64 = 500
    /// For how long a new leader settles nothing, in milliseconds: twice the time in which every
    /// node has claimed; or as long as a follower waits for a leader, where that is longer, since
    /// then messages may take longer too.
    static let hearingMilliseconds: UInt64 = 100
}

extension Replica {
    /// Brings this node's claims to whoever leads. They may be lost.
    mutating func claimBudgets(_ claims: BudgetClaims) {
        guard fitness == .fit else { return }
        if core.glance.role == .leader {
            guard let answer = settle(claims, by: id) else { return }
            budgetsAnswered(answer, by: id)
        } else if let leader, leader != id, connected.contains(leader) {
            tellOnce(leader)
            actions.append(.send(.budgetClaims(claims), to: leader))
        }
    }

    /// A node claims.
    mutating func budgetsClaimed(_ claims: BudgetClaims, by peer: NodeID) {
        guard core.members.contains(peer) else { return }
        let until = now.steady.advanced(milliseconds: BudgetKeeping.listenMilliseconds)
        if let known = budgets.listeners.firstIndex(where: { $0.peer == peer }) {
            budgets.listeners[known].until = until
        } else {
            budgets.listeners.append((peer, until))
            if core.glance.role == .leader { tellLevels(to: peer) }
        }
        guard let answer = settle(claims, by: peer) else { return }
        actions.append(.send(.budgetGrants(answer), to: peer))
    }

    /// The leader answers this node's claims.
    mutating func budgetsAnswered(_ answer: BudgetGrants, by peer: NodeID) {
        guard peer == leader else { return }
        actions.append(.budgets(answer, members: core.members.count))
    }

    /// The leader tells what the buckets hold; or a node that follows this one, what it knew.
    mutating func budgetsTold(_ levels: [BudgetLevel], by peer: NodeID) {
        if core.glance.role == .leader {
            guard !Planted.limitsForgottenByLeader.isOn else { return }
            budgets.ledger.learnLeast(levels, now: now.steady.nanoseconds)
        } else if peer == leader {
            budgets.ledger.learn(levels, now: now.steady.nanoseconds)
        }
    }

    /// This node leads from now on.
    mutating func beginBudgets() {
        budgets.ledger.begin()
        budgets.leadsSince = now.steady
    }

    /// A leader became known. Who has claimed before is in a cluster that knows of budgets; the new
    /// leader hears it at once, not only with its next claims.
    mutating func tellNewLeader() {
        guard budgets.told != nil, let leader, leader != id, connected.contains(leader) else {
            return
        }
        tellOnce(leader)
    }

    private mutating func tellOnce(_ leader: NodeID) {
        if let told = budgets.told, told == (leader, term) { return }
        budgets.told = (leader, term)
        tellLevels(to: leader)
    }

    private mutating func tellLevels(to peer: NodeID) {
        for levels in budgets.ledger.levels(now: now.steady.nanoseconds) {
            actions.append(.send(.budgetLevels(levels), to: peer))
        }
    }

    private var contactMillisecondsMax: UInt64 {
        max(BudgetKeeping.contactMilliseconds, options.raft.electionTimeoutMillisecondsMax)
    }

    private var hearingMillisecondsMax: UInt64 {
        max(BudgetKeeping.hearingMilliseconds, options.raft.electionTimeoutMilliseconds)
    }

    /// Settles claims if this node surely leads, and tells the others.
    private mutating func settle(_ claims: BudgetClaims, by peer: NodeID) -> BudgetGrants? {
        guard fitness == .fit, core.glance.role == .leader, let since = budgets.leadsSince,
            now.steady >= since.advanced(milliseconds: hearingMillisecondsMax),
            let contact = core.quorumContact,
            now.steady.nanoseconds(since: contact) <= contactMillisecondsMax * 1_000_000
        else { return nil }
        let (answer, levels) = budgets.ledger.answer(
            claims, by: peer.rawValue, now: now.steady.nanoseconds)
        guard !levels.isEmpty else { return answer }
        let moment = now.steady
        budgets.listeners.removeAll { $0.until <= moment }
        for listener in budgets.listeners where connected.contains(listener.peer) {
            actions.append(.send(.budgetLevels(levels), to: listener.peer))
        }
        return answer
    }
}
