internal import AuthCore
internal import ByteCodec
internal import Logging
internal import RaftCore
internal import Replica
internal import ReplicaRuntime
internal import Synchronization

/// Carries out, on the node that leads, what was ordered of members: one step at a time, each of
/// which may be taken again by the next leader.
///
/// A plan stands in the state until the configuration is what it wants, or it is given up. What a
/// step came to is seen in the state and not in an answer, so nothing here need survive.
final class PlanCarrier: Sendable {
    private struct Contents {
        var isChanging = false
        var isSettling = false
        /// Plans that are to be given up.
        var refused: [LogIndex: PlanRefusal] = [:]
        /// When a plan is looked at again.
        var nextTry: [LogIndex: SteadyTime] = [:]
        /// Since when a plan is such that clients of a node that goes are told to look elsewhere.
        var drainsSince: [LogIndex: SteadyTime] = [:]
    }

    private let runtime: ReplicaRuntime
    private let node: NodeID
    private let logger: Logger
    private let contents = Mutex(Contents())

    /// How long a step is waited for; it goes on in any case.
    private static let stepMilliseconds: UInt64 = 10_000
    /// Between two tries of the same step.
    private static let retryMilliseconds: UInt64 = 100
    /// How long load balancers have to notice that a node goes.
    private static let drainMilliseconds: UInt64 = 900
    /// How long an order may wait to be begun; who joins may take any time.
    private static let patienceMilliseconds: UInt64 = 60_000

    init(runtime: ReplicaRuntime, node: NodeID, logger: Logger) {
        self.runtime = runtime
        self.node = node
        self.logger = logger
    }

    /// Takes at most one step.
    ///
    /// - Precondition: this node leads, and knows what was committed before.
    func carryOut(_ roster: Roster, _ status: ReplicaStatus) {
        let now = runtime.clock.steady
        let plans = roster.pendingPlans
        let orders = Set(plans.map(\.order))
        let isFree = contents.withLock { contents in
            contents.refused = contents.refused.filter { orders.contains($0.key) }
            contents.nextTry = contents.nextTry.filter { orders.contains($0.key) }
            contents.drainsSince = contents.drainsSince.filter { orders.contains($0.key) }
            return !contents.isChanging && !contents.isSettling
        }
        guard isFree else { return }
        for plan in plans {
            if plan.plan.isReached(plan.node, in: roster.configuration) {
                return settle(plan, refusal: nil)
            }
            if let refusal = contents.withLock({ $0.refused[plan.order] }) {
                return settle(plan, refusal: refusal)
            }
            guard contents.withLock({ $0.nextTry[plan.order] ?? now }) <= now,
                !roster.configuration.isJoint, let step = step(of: plan, roster, status, now)
            else { continue }
            return take(step, of: plan, now)
        }
    }

    /// What is to be done next; nil: something is waited for.
    private func step(
        of plan: MemberPlanRow, _ roster: Roster, _ status: ReplicaStatus, _ now: SteadyTime
    ) -> MembershipChange? {
        let new = plan.node
        let configuration = roster.configuration
        let hasStarted = roster.rows[new]?.isExpected == false
        switch plan.plan {
        case .join, .replace:
            guard configuration.isMember(new) else { return .addLearner(new) }
            // A node that has not told which data directory is its own could lose it unnoticed.
            guard hasStarted else { return nil }
            guard case .replace(let old) = plan.plan, configuration.isMember(old) else {
                return .promote([new])
            }
            guard hasDrained(old, plan, status, now) else { return nil }
            if configuration.isVoter(new) { return .remove([old]) }
            return configuration.isVoter(old) ? .replace(old, by: new) : .promote([new])
        case .promote: return .promote([new])
        case .demote: return .demote([new])
        case .remove: return hasDrained(new, plan, status, now) ? .remove([new]) : nil
        }
    }

    /// Whether clients had time to leave a node; who is not there has none.
    private func hasDrained(
        _ leaving: NodeID, _ plan: MemberPlanRow, _ status: ReplicaStatus, _ now: SteadyTime
    ) -> Bool {
        guard leaving == node || status.connected.contains(leaving) else { return true }
        let since = contents.withLock { contents in
            let since = contents.drainsSince[plan.order] ?? now
            contents.drainsSince[plan.order] = since
            return since
        }
        return now.nanoseconds(since: since) >= Self.drainMilliseconds * 1_000_000
    }

    private func take(_ step: MembershipChange, of plan: MemberPlanRow, _ now: SteadyTime) {
        contents.withLock {
            $0.isChanging = true
            $0.nextTry[plan.order] = now.advanced(milliseconds: Self.retryMilliseconds)
        }
        let deadline = now.advanced(milliseconds: Self.stepMilliseconds)
        let isLate =
            runtime.clock.wall.milliseconds(since: plan.orderedAt) > Self.patienceMilliseconds
        runtime.changeMembers(step, deadline: deadline) { [self] end in
            var refusal: PlanRefusal?
            switch end {
            case .done(let configuration, let index):
                logger.notice(
                    "the members have changed",
                    metadata: [
                        "change": "\(step)", "members": "\(configuration.members)",
                        "index": "\(index.rawValue)",
                    ])
            case .refused(let reason):
                refusal = plan.plan.refusal(for: reason, isLate: isLate)
                if let refusal {
                    logger.warning(
                        "a change of members is given up",
                        metadata: ["change": "\(step)", "reason": "\(refusal)"])
                }
            case .replaced, .unknown: break
            }
            contents.withLock {
                $0.isChanging = false
                if let refusal { $0.refused[plan.order] = refusal }
            }
        }
    }

    private func settle(_ plan: MemberPlanRow, refusal: PlanRefusal?) {
        contents.withLock { $0.isSettling = true }
        let command = Command(
            .settlePlan(.init(node: plan.node, order: plan.order, refusal: refusal)),
            header: .ownNode)
        let deadline = runtime.clock.steady.advanced(milliseconds: Self.stepMilliseconds)
        runtime.propose(command, deadline: deadline) { [self] _ in
            // What came of it stands in the state.
            contents.withLock { $0.isSettling = false }
        }
    }
}

extension MemberPlan {
    /// Why the plan is given up after a refusal of the core; nil: it is tried again.
    ///
    /// Who joins may take any time to catch up, and may be started tomorrow; an order is answered.
    fileprivate func refusal(for reason: MembershipRefusal, isLate: Bool) -> PlanRefusal? {
        let isOrder: Bool
        switch self {
        case .join, .replace: isOrder = false
        case .promote, .demote, .remove: isOrder = true
        }
        switch reason {
        case .notLeader: return nil
        case .transferring, .storageFull, .termNotCommitted, .changeNotCommitted,
            .changeUnderWay:
            return isOrder && isLate ? .expired : nil
        case .unknown, .alreadyMember, .notLearner, .notVoter, .malformed:
            // The state may lag behind the log; if it does not, the plan is not to be carried out.
            return isOrder && isLate ? .otherStanding : nil
        case .noVoterLeft: return .noVoterLeft
        case .tooManyMembers: return .tooManyMembers
        case .notActive: return isOrder ? .notActive : nil
        case .notCaughtUp: return isOrder ? .notCaughtUp : nil
        case .quorumOutOfReach: return isOrder ? .quorumOutOfReach : nil
        }
    }
}
