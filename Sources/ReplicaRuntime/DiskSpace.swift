internal import Replica
internal import Synchronization

/// Whether log and state both have room to grow; the replica is told when that changes.
///
/// They may lie on one disk or on two. Short of room in either, the node must promise nothing new:
/// a log without room cannot keep entries, and a state without room cannot apply them.
final class DiskSpace: Sendable {
    /// What needs room.
    enum User { case log, state }

    private struct Shortage {
        var log = false
        var state = false
    }

    private let shortage = Mutex(Shortage())
    private let report: @Sendable (ReplicaInput) -> Void

    init(report: @escaping @Sendable (ReplicaInput) -> Void) { self.report = report }

    /// Notes whether `user` is short of room.
    func note(_ user: User, isShort: Bool) {
        // Reported under the lock, so that reports come in the order of what they say.
        shortage.withLock { shortage in
            let before = shortage.log || shortage.state
            switch user {
            case .log: shortage.log = isShort
            case .state: shortage.state = isShort
            }
            let now = shortage.log || shortage.state
            if now != before { report(.storageFull(now)) }
        }
    }
}
