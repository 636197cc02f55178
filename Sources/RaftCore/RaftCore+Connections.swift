// Facts about connections. They only ever hint: a lost connection starts a pre-vote at most, which
// the others refuse as long as they hear the leader themselves.

extension RaftCore {
    /// The connection to a peer ended.
    mutating func connectionLost(to peer: NodeID, _ loss: ConnectionLoss) {
        switch role {
        case .leader:
            guard let position = leading.position(of: peer) else { return }
            // What was on its way is lost: find out how much with one append, not with many.
            if leading.peers[position].progress.state == .replicate {
                leading.peers[position].progress.becomeProbe(logStart: log.start.index)
            }
            heirFailed(peer)
        case .follower:
            guard leader == peer else { return }
            switch loss {
            case .closed:
                following.isConnectionClosed = true
                // A random moment, so that normally one node alone campaigns.
                let soon = after(
                    milliseconds: 0, jitter: options.connectionLossJitterMilliseconds)
                electionDue = min(electionDue ?? soon, soon)
            case .silent:
                // Perhaps only slow: the timer decides.
                break
            }
        case .preCandidate, .candidate:
            break
        }
    }

    /// A connection to a peer was made.
    mutating func connected(to peer: NodeID) {
        switch role {
        case .leader:
            guard let position = leading.position(of: peer) else { return }
            leading.peers[position].progress.forgetSnapshotOffers()
            switch leading.peers[position].progress.state {
            case .replicate:
                leading.peers[position].progress.becomeProbe(logStart: log.start.index)
            case .probe: leading.peers[position].progress.probeAgain()
            case .snapshot: break
            }
            send(
                .heartbeat(
                    commit: min(leading.peers[position].progress.match, log.committed),
                    sequence: leading.rounds.newest), to: peer)
        case .follower:
            // The leader lives after all; and if it is silent, the timer will tell.
            guard leader == peer, following.isConnectionClosed else { return }
            following.isConnectionClosed = false
            resetElectionTimer()
        case .preCandidate, .candidate:
            guard configuration.isVoter(peer), !ballots.contains(where: { $0.node == peer })
            else { return }
            // The request was most likely lost with the connection before.
            let last = log.lastDurable
            if role == .preCandidate {
                send(.preVote(last: last), to: peer, term: term.next)
            } else {
                send(.vote(last: last, isTransfer: false), to: peer)
            }
        }
    }
}
