internal import AuthCore
public import RaftCore

/// The hand-over of leadership by somebody who may.
public enum Leadership {
    /// What became of it.
    public enum Moved: Equatable, Sendable {
        case moved(leader: NodeID, term: Term)
        /// Only the node that leads can hand over: it is reached there.
        case askLeader(url: String)
    }

    /// Hands leadership to `target`, or to the best node.
    public static func transfer(
        to target: NodeID?, _ caller: Caller, _ context: RequestContext, _ world: World
    ) -> Flow<Moved> {
        .need(.transfer(to: target)) { completion, world in
            guard case .transferred(let result) = completion else {
                preconditionFailure("a hand-over completed as something else")
            }
            switch result {
            case .done(let leader):
                world.journal.record(
                    AuditEvent(
                        tenant: caller.tenant, actor: caller.actor, action: .leadershipTransfer,
                        target: .member(leader), outcome: .success,
                        requestID: Text(context.requestID), address: Text(context.address)))
                return .done(.moved(leader: leader, term: world.node.term))
            case .failed: return .failed(.noQuorum)
            case .notLeader:
                guard let url = world.node.leaderURL else { return .failed(.noLeader) }
                return .done(.askLeader(url: url))
            }
        }
    }
}
