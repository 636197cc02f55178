/// What happens in a world that is asked over HTTP. Whatever concerns a process names it by its
/// epoch, and comes to nothing when that process is gone.
enum HTTPEvent {
    /// A client looks what it wants next.
    case act(client: Int)
    /// A request reaches the node that it was sent to.
    case arrive(flight: Int)
    /// The thread that validates opens its view.
    case look(flight: Int)
    /// It decides, and looks at the lease.
    case decide(flight: Int)
    /// It gives its answer.
    case say(flight: Int)
    /// What the request needed has ended, and the thread of its connection learns of it.
    case resume(flight: Int)
    /// A thread has done its password work.
    case hashed(flight: Int)
    /// The answer reaches who asked.
    case answered(flight: Int)
    /// Who asked learns that no answer will come on this connection.
    case broken(flight: Int)
    /// Who asked waits no longer.
    case gaveUp(flight: Int)
    /// The load balancer looks at a node.
    case balancerLooks(node: Int)
    /// A node does what it does by itself.
    case housekeeping(node: Int, epoch: UInt64)
}
