internal import RaftCore
public import Replica

/// The replica's type under a name that no other module has: the module's own name is that of a
/// type in it.
public typealias ReplicaReadFailure = ReadFailure

/// What the loop thread is asked for, or told.
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
