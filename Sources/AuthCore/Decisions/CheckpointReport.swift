public import RaftCore

/// What the members of the cluster have said of their states at the newest checkpoint.
public struct CheckpointReport: Equatable, Sendable {
    /// What follows from it.
    public enum Verdict: Equatable, Sendable {
        /// There has been no checkpoint.
        case none
        /// Too few have spoken.
        case pending
        /// A quorum of voters has this state.
        case agreed(StateHash)
        /// Every voter has spoken, and no quorum says the same: nobody can be told to be right.
        case undecidable
    }

    /// One member's word.
    public struct Word: Equatable, Sendable {
        public let node: NodeID
        public let isVoter: Bool
        /// What it has said; nil: nothing yet.
        public let digest: StateHash?
        /// Whether that is what a quorum says; nil as long as either is missing.
        public let agrees: Bool?
    }

    /// The entry that began the checkpoint; zero if none ever did.
    public let index: LogIndex
    public let verdict: Verdict
    /// One for each member of the configuration, in the order of the nodes.
    public let words: [Word]

    /// What stands in a state.
    public init(_ meta: StateMeta) {
        let checkpoint = meta.checkpoint
        let configuration = meta.configuration
        let agreed = checkpoint.verdict(configuration)
        index = checkpoint.index
        if let agreed {
            verdict = .agreed(agreed)
        } else if checkpoint.isUndecidable(configuration) {
            verdict = .undecidable
        } else {
            verdict = checkpoint.index == .zero ? .none : .pending
        }
        words = configuration.members.map { node in
            let digest = checkpoint.attestations.first { $0.node == node }?.digest
            return Word(
                node: node, isVoter: configuration.isVoter(node), digest: digest,
                agrees: digest.flatMap { said in agreed.map { $0 == said } })
        }
    }
}
