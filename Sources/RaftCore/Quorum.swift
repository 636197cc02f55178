internal import ByteCodec

/// The arithmetic of majorities, of one configuration half or of two (Raft §6, dissertation §4.3).
///
/// Everything here is a pure function of a `ConfState` and of what each voter said. A joint
/// configuration asks both halves, and the weaker answer counts.
public enum Quorum {
    /// How an election stands.
    public enum VoteResult: Equatable, Sendable {
        /// Neither won nor lost: more answers are needed.
        case pending
        case won
        case lost
    }

    /// How many of `voterCount` voters are more than half of them.
    public static func majority(of voterCount: Int) -> Int {
        precondition(voterCount >= 0, "\(voterCount) voters")
        // Two majorities always share a voter; two halves need not (Raft §5.2).
        if Planted.halfIsQuorum.isOn { return max(1, voterCount / 2) }
        return voterCount / 2 + 1
    }

    /// The largest value that a quorum of `configuration` has reached, or nil without voters.
    ///
    /// With match indexes as values it is the commit index (Raft §5.3, §5.4.2 apart); with the
    /// times of the last contacts it is the time of the last contact to a quorum.
    /// O(n²) in the voters of one half, of which there are few.
    public static func reached<Value: Comparable>(
        by configuration: ConfState, _ value: (NodeID) -> Value
    ) -> Value? {
        if Planted.learnerInQuorum.isOn {
            let all = (configuration.voters + configuration.learners).map(value).sorted(by: >)
            return all[majority(of: configuration.voters.count) - 1]
        }
        guard let incoming = reached(by: configuration.voters, value) else { return nil }
        guard let outgoing = reached(by: configuration.votersOutgoing, value) else {
            return incoming
        }
        return min(incoming, outgoing)
    }

    /// How an election in `configuration` stands, where `answer` is nil for who has not answered.
    ///
    /// An election is lost as soon as the rest can no longer win it, so that a candidate need not
    /// wait for its timer.
    public static func result(
        in configuration: ConfState, _ answer: (NodeID) -> Bool?
    ) -> VoteResult {
        // Nobody can be elected by nobody: a node outside every configuration stays silent.
        guard !configuration.voters.isEmpty else { return .lost }
        let incoming = result(in: configuration.voters, answer)
        guard configuration.isJoint else { return incoming }
        let outgoing = result(in: configuration.votersOutgoing, answer)
        switch (incoming, outgoing) {
        case (.won, .won): return .won
        case (.lost, _), (_, .lost): return .lost
        case (.pending, _), (_, .pending): return .pending
        }
    }

    // Sorts by insertion: descending, so that the quorum's weakest stands at its size minus one.
    // A vector that lost its order once gave a commit index without a quorum (consensus 2.1 #1),
    // so it is made anew for each question and never kept.
    private static func reached<Value: Comparable>(
        by voters: [NodeID], _ value: (NodeID) -> Value
    ) -> Value? {
        guard !voters.isEmpty else { return nil }
        let descending = voters.map(value).sorted(by: >)
        return descending[majority(of: voters.count) - 1]
    }

    private static func result(in voters: [NodeID], _ answer: (NodeID) -> Bool?) -> VoteResult {
        var granted = 0
        var unanswered = 0
        for voter in voters {
            switch answer(voter) {
            case true?: granted += 1
            case false?: break
            case nil: unanswered += 1
            }
        }
        let needed = majority(of: voters.count)
        if granted >= needed { return .won }
        return granted + unanswered >= needed ? .pending : .lost
    }
}
