public import RaftCore

/// When a node proposes what belongs to the comparison of states: an attestation for each
/// checkpoint, and, on who leads, the checkpoints themselves.
///
/// A cluster in which nothing is written makes none.
public struct CheckpointDuty: Sendable {
    /// A checkpoint is begun when so many entries lie behind the last one.
    public var entries: UInt64 = 1_024
    /// A checkpoint is begun after so long, if anything was written since the last one.
    public var milliseconds: UInt64 = 60_000
    /// What was proposed in vain is proposed again after so long.
    public var retryMilliseconds: UInt64 = 5_000

    // The checkpoint that was seen last, and since when it is.
    private var seen: (index: LogIndex, at: SteadyTime)?
    private var attested: (index: LogIndex, at: SteadyTime)?
    private var begun: SteadyTime?

    public init() {}

    /// What is to be proposed now, if anything.
    ///
    /// - Parameters:
    ///   - meta: of a fresh view of this node's state.
    ///   - installed: the last entry of the copy that the state began as. What was noted up to
    ///     there is the word of who sent it, and this node does not repeat it: two copies of one
    ///     mistake would outvote the truth.
    public mutating func due(
        _ meta: StateMeta, node: NodeID, installed: LogIndex, isLeading: Bool, now: SteadyTime
    ) -> Command.Operation? {
        if seen?.index != meta.checkpoint.index {
            seen = (meta.checkpoint.index, now)
            begun = nil
        }
        if meta.checkpoint.index > installed,
            let attestation = attestation(meta, node: node, now: now)
        {
            return attestation
        }
        guard isLeading, meta.isBootstrapped, meta.written > meta.checkpoint.index else {
            return nil
        }
        let passed = seen.map { now.nanoseconds(since: $0.at) / 1_000_000 } ?? 0
        let distance = meta.applied.index.distance(from: meta.checkpoint.index)
        guard distance >= entries || passed >= milliseconds, isOver(begun, now) else { return nil }
        begun = now
        return .beginCheckpoint
    }

    private mutating func attestation(
        _ meta: StateMeta, node: NodeID, now: SteadyTime
    ) -> Command.Operation? {
        let checkpoint = meta.checkpoint
        guard let digest = checkpoint.digest, meta.configuration.isMember(node),
            !checkpoint.isAttested(by: node),
            attested?.index != checkpoint.index || isOver(attested?.at, now)
        else { return nil }
        attested = (checkpoint.index, now)
        return .attestCheckpoint(.init(index: checkpoint.index, digest: digest))
    }

    private func isOver(_ begin: SteadyTime?, _ now: SteadyTime) -> Bool {
        begin.map { now.nanoseconds(since: $0) >= retryMilliseconds * 1_000_000 } ?? true
    }
}
