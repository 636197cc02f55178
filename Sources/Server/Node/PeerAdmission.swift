internal import AuthCore
internal import RaftCore
internal import StateStore

/// Which peers may speak: members of the committed configuration, in the incarnation in which
/// they registered, or in any as long as they have not. A node that is to join knows of nobody, and
/// has promised nothing: it hears whoever has a certificate of its cluster. So does one that has
/// lost its state, and gets another one from whoever it hears. And everybody hears nodes with a
/// number that was not given yet as far as is known here: they may have joined while this node was
/// away, and one of them may lead.
struct PeerAdmission: Sendable {
    let store: any StateStore

    /// Whether a node, in this life of its data directory, belongs to the cluster.
    func admits(_ node: NodeID, _ incarnation: Incarnation) -> Bool {
        if store.lost != nil { return true }
        do {
            return try store.read { view in
                let configuration = view.meta.configuration
                guard !configuration.isEmpty else { return true }
                guard configuration.members.contains(node) else {
                    return try node.rawValue >= NodeNumbers.next(in: configuration, view)
                }
                guard let row = try MemberRow.read(node, view), !row.isExpected else {
                    return true
                }
                return row.incarnation == incarnation
            }
        } catch {
            // A node that cannot read its own state lets nobody in.
            return false
        }
    }
}
