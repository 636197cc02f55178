// Who belongs to the cluster: Raft §6, dissertation §4. See `ConfigurationHistory` for when a
// configuration takes effect.

extension RaftCore {
    /// Appends a configuration, which takes effect at once.
    ///
    /// Refused with nil while it could break a promise: before an entry of the own term is
    /// committed (Ongaro's correction of 2015; dissertation §4.1), while another configuration is
    /// not committed (S10), while leadership is handed over, and if `next` does not follow from
    /// the one in force.
    ///
    /// - Throws: `ProposalRefusal` as for `propose`.
    public mutating func proposeConfiguration(
        _ next: ConfState, now: SteadyTime
    ) throws(ProposalRefusal) -> EntryID? {
        advance(to: now)
        guard role == .leader else { throw .notLeader(leader: leader) }
        guard !isStorageFull else { throw .storageFull }
        guard leading.transfer == nil else { throw .transferring }
        guard hasCommittedInTerm, configurations.currentIndex <= log.committed,
            configuration.mayBeFollowed(by: next)
        else { return nil }
        let entry = appendOwn(kind: .configuration, payload: next.encoded())
        configurations.append(next, at: entry.index)
        trackMembers()
        return entry
    }

    /// Puts the configurations among new entries in force.
    mutating func adopt(_ entries: ArraySlice<Entry>) {
        for entry in entries where entry.kind == .configuration {
            // Checked when it was parsed, or written by this node itself.
            guard let configuration = entry.configuration else {
                preconditionFailure("unreadable configuration at \(entry.index.rawValue)")
            }
            configurations.append(configuration, at: entry.index)
        }
        wakeElectionTimer()
    }

    /// Keeps progress of those who are new, and no longer of those who left.
    mutating func trackMembers() {
        precondition(role == .leader, "only a leader keeps progress")
        leading.peers = configuration.members.filter { $0 != id }.map { node in
            if let position = leading.position(of: node) { return leading.peers[position] }
            // Nothing is known of it: it is asked at the end, and answers where it stands.
            return Leadership.Peer(
                id: node, knownSince: now,
                progress: Progress(next: log.lastIndex.next, options: options))
        }
    }
}
