internal import ByteCodec

// What read leases rest on (docs/lease.md, rules 2 and 7).

extension RaftCore {
    /// A moment before this leader sent the newest heartbeats that a quorum of its configuration,
    /// this node included, has answered in the present term: until then nobody else can have been
    /// elected. Nil on who does not lead, and before a quorum has answered.
    public var quorumContact: SteadyTime? {
        guard role == .leader else { return nil }
        // A quorum by itself need ask nobody.
        if configuration.members == [id] { return now }
        if Planted.leaseAgeFromAnswer.isOn { return answersArrived }
        let newest = leading.rounds.newest
        // The closure takes what it needs and not the whole core, of which it would make a copy.
        let answered = Quorum.reached(by: configuration) { [id, peers = leading.peers] node in
            if node == id { return newest }
            return peers.first { $0.id == node }?.progress.acknowledgedSequence ?? 0
        }
        guard let answered, answered > 0 else { return nil }
        return leading.rounds.sent(answered)
    }

    /// The planted defect: when a quorum was last heard.
    private var answersArrived: SteadyTime? {
        let arrived = Quorum.reached(by: configuration) { [id, now, peers = leading.peers] node in
            if node == id { return now }
            return peers.first { $0.id == node }?.progress.lastContact ?? .zero
        }
        return arrived == .zero ? nil : arrived
    }

    /// Whether a node is a member, and not leaving, in the committed configuration and in every
    /// later one of the log.
    public func isLastingMember(_ node: NodeID) -> Bool {
        if Planted.leaseToUncommitted.isOn { return configuration.isStaying(node) }
        return configurations.allSatisfy(from: log.committed) { $0.isStaying(node) }
    }

    /// The entry with which this leader's term began.
    package var termBegun: LogIndex { leading.firstIndex }

    /// The clock's reading at the last event that this core was told of.
    package var lastMoment: SteadyTime { now }

    /// The configuration that was in force at `index`, and the entry that holds it, or the snapshot
    /// for what is in it; nil where that is not remembered any more.
    public func configuration(
        at index: LogIndex
    ) -> (configuration: ConfState, index: LogIndex)? {
        configurations.item(at: index)
    }

    /// The end of the log in memory.
    public var lastIndex: LogIndex { log.lastIndex }

    /// Whether the configuration in force names a node, leaving or not.
    public func isMember(_ node: NodeID) -> Bool { configuration.isMember(node) }

    /// Everybody whom the configuration in force names, leaving or not.
    public var members: [NodeID] { configuration.members }
}
