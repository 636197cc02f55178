import ByteCodec
public import RaftCore

/// A place in the log at which nodes compare their states.
///
/// When an entry begins a checkpoint, every node notes what its own state hashes to there, in the
/// transaction that applies the entry. Each member then attests its hash through the log. No node
/// is believed alone, a leader as little as any: what more than half of the voters say is right,
/// and who noted something else has diverged, and must not answer from its state again. A learner's
/// word is heard and counts for nothing.
public struct Checkpoint: Equatable, Sendable {
    /// What a node said of its state.
    public struct Attestation: Equatable, Sendable {
        public let node: NodeID
        public let digest: StateHash
        public init(node: NodeID, digest: StateHash) {
            self.node = node
            self.digest = digest
        }
    }

    /// The entry that began it; zero if none ever did.
    public let index: LogIndex
    /// `StateMeta.digest` of this node's own state there; nil where the node knew no configuration
    /// yet, and so could not compare.
    public let digest: StateHash?
    /// What was said so far, in the order of the nodes. The first word of each counts.
    public private(set) var attestations: [Attestation] = []

    /// A checkpoint of which nobody has said anything.
    public init(index: LogIndex, digest: StateHash?) {
        self.index = index
        self.digest = digest
    }

    /// Takes an attestation, unless it is of another checkpoint or the node has given one.
    mutating func attest(_ attestation: Attestation, at index: LogIndex) {
        guard index == self.index, attestations.count < Limits.members else { return }
        let place = attestations.firstIndex { $0.node >= attestation.node }
        if let place, attestations[place].node == attestation.node { return }
        attestations.insert(attestation, at: place ?? attestations.endIndex)
    }

    /// What a quorum of the configuration, of both halves of a joint one, has attested alike; nil
    /// while there is no such quorum.
    public func verdict(_ configuration: ConfState) -> StateHash? {
        guard !configuration.isEmpty else { return nil }
        return attestations.lazy.map(\.digest).first { digest in
            [configuration.voters, configuration.votersOutgoing].allSatisfy { half in
                let count = half.count { voter in
                    attestations.contains { $0.node == voter && $0.digest == digest }
                }
                return half.isEmpty || 2 * count > half.count
            }
        }
    }

    /// Whether everybody who votes has attested, and there is no verdict: the nodes have come apart
    /// and none of them can be told to be right.
    public func isUndecidable(_ configuration: ConfState) -> Bool {
        guard index > .zero, verdict(configuration) == nil else { return false }
        return configuration.voters.allSatisfy { voter in
            attestations.contains { $0.node == voter }
        }
    }

    /// Whether a node has said what its state is.
    public func isAttested(by node: NodeID) -> Bool { attestations.contains { $0.node == node } }

    /// Compares what was noted here with what the others say.
    ///
    /// - Throws: `StateDamage` when this node is the one that differs.
    func compare(_ configuration: ConfState) throws {
        guard !Planted.checkpointNotCompared.isOn, let digest,
            let verdict = verdict(configuration), verdict != digest
        else { return }
        sometimes(.stateDiverged)
        throw StateDamage(
            table: .meta, key: StateMeta.key,
            what: "it differed from a quorum's at entry \(index.rawValue)")
    }
}

/// What an entry was for the comparison of states.
enum CheckpointWork {
    case begun, attested
}

extension Checkpoint {
    func write(to writer: inout ByteWriter) {
        writer.write(index.rawValue)
        writer.write(optional: digest) { writer, digest in digest.write(to: &writer) }
        writer.write(list: attestations) { writer, attestation in
            writer.write(attestation.node.rawValue)
            attestation.digest.write(to: &writer)
        }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        index = LogIndex(try reader.read())
        digest = try reader.readOptional { reader throws(ByteCodecError) in
            try StateHash(from: &reader)
        }
        attestations = try reader.readList(atMost: Limits.members) {
            reader throws(ByteCodecError) in
            Attestation(
                node: NodeID(try reader.read()), digest: try StateHash(from: &reader))
        }
    }
}

extension Command {
    /// What a node's own state hashed to at a checkpoint.
    public struct AttestCheckpoint: Hashable, Sendable {
        /// The entry that began the checkpoint.
        public var index: LogIndex
        public var digest: StateHash
        public init(index: LogIndex, digest: StateHash) {
            self.index = index
            self.digest = digest
        }
    }
}

extension Command.AttestCheckpoint {
    func write(to writer: inout ByteWriter) {
        writer.write(index.rawValue)
        digest.write(to: &writer)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        index = LogIndex(try reader.read())
        digest = try StateHash(from: &reader)
    }
}

extension Execution {
    /// The hash is noted when the whole entry is applied.
    mutating func beginCheckpoint() -> Outcome.Result {
        checkpointWork = .begun
        return .done
    }

    /// Takes a node's word about its own state.
    mutating func attestCheckpoint(_ body: Command.AttestCheckpoint) -> Outcome.Result {
        checkpointWork = .attested
        meta.checkpoint.attest(.init(node: node, digest: body.digest), at: body.index)
        return .done
    }
}
