import RaftCore
import StateStore

/// What can happen in a world. Whatever concerns a process names it by its epoch, and comes to
/// nothing when that process is gone.
enum WorldEvent {
    /// A process takes what came.
    case turn(node: Int, epoch: UInt64)
    /// A process's deadline, as it was when this was scheduled.
    case timer(node: Int, epoch: UInt64)
    /// A message arrives at the process of this run.
    case deliver(Packet)
    case diskDone(node: Int, epoch: UInt64)
    case applyDone(node: Int, epoch: UInt64)
    /// A process tries to connect.
    case dial(from: Int, to: Int, epoch: UInt64)
    /// The attempt was answered.
    case dialled(from: Int, to: Int, epoch: UInt64, run: UInt64)
    /// A process learns that its connection is gone.
    case lost(from: Int, to: Int, connection: UInt64, isClosed: Bool)
    /// A cut has lasted long enough to be noticed.
    case silence(from: Int, to: Int, era: UInt64, connection: UInt64)
    case start(node: Int)
    case resume(node: Int, epoch: UInt64)
    /// The fault of this number in the plan.
    case fault(Int)
    case heal(cut: Int)
    case cut(Int)
    /// Links that were slow are as before.
    case linksRecover(Int)
    /// A clock that stood still goes on.
    case thaw(node: Int)
    case diskRecovers(node: Int)
    case diskHasRoom(node: Int)
    case diskRetry(node: Int, epoch: UInt64)
    /// A process looks through a part of what it has synced.
    case scrub(node: Int, epoch: UInt64)
    /// A process begins to copy its state for another.
    case export(from: Int, to: Int, epoch: UInt64)
    case chunk(transfer: Int)
    /// A machine that is no member any more is taken away.
    case remove(node: Int)
    /// A process makes itself known to the cluster.
    case register(node: Int, epoch: UInt64)
    /// A node looks after its state.
    case duty(node: Int, epoch: UInt64)
    /// What was applied so far is made durable.
    case stateSync(node: Int, epoch: UInt64)
    case client(Int)
    /// In a world that is asked over HTTP.
    case http(HTTPEvent)
    case check
    case calm
    case deadline
}
