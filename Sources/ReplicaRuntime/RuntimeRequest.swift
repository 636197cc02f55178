internal import RaftCore
internal import Replica

/// What the replica is asked for, or told, in its next turn.
enum RuntimeRequest: Sendable {
    /// Something happened.
    case input(ReplicaInput)
    case propose(
        [UInt8], isNarrowing: Bool, deadline: SteadyTime,
        completion: @Sendable (ProposalCompletion) -> Void)
    case confirmRead(deadline: SteadyTime, completion: @Sendable (ReadCompletion) -> Void)
    case awaitIndex(
        LogIndex, deadline: SteadyTime, completion: @Sendable (ReadCompletion) -> Void)
    case awaitRelease(
        LogIndex, deadline: SteadyTime, completion: @Sendable (ReadCompletion) -> Void)
    case transfer(to: NodeID?, completion: @Sendable (TransferCompletion) -> Void)
    case changeMembers(
        MembershipChange, deadline: SteadyTime,
        completion: @Sendable (MembershipCompletion) -> Void)
}
