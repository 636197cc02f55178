import AuthCore
import RaftCore
import Replica
import StateStore

// What read leases promise: nobody can say *allow* on a view that lacks what narrowed access, once
// that was acknowledged.

extension World {
    /// Looks at every node after every event: whether it could answer *allow* now on a view that
    /// lacks an acknowledged narrowing command. What it would be asked does not matter.
    func checkLeases() {
        for index in leases.indices {
            // A state that is known to be damaged shows nothing, whatever its node may say.
            guard let lease = leases[index], !hurtsStates || nodes[index].store.damage == nil
            else { continue }
            let applied = shown[index]
            guard applied >= lease.index, nodes[index].clock.steady(at: now) < lease.end else {
                continue
            }
            counters[.leasedEvents] += 1
            if applied < acknowledgedNarrowing {
                oracle.fail(
                    "final",
                    "n\(index + 1) may say allow on a view of \(applied.rawValue), and "
                        + "\(acknowledgedNarrowing.rawValue) narrowed access and is acknowledged")
            }
        }
    }

    /// The state of a node has changed, or is another: from now on its views show this.
    func showsAnew(_ node: Int) { shown[node] = nodes[node].store.applied.index }

    /// Whether what a client has under way may take access away.
    func isNarrowing(_ client: Int) -> Bool {
        guard let work = clients[client].unfinished else { return false }
        return Command(work.command, header: CommandHeader(actor: .node, requestID: Text("")))
            .isNarrowing
    }
}
