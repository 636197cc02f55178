public import RaftCore

/// Whose log this is. Every segment names it, and its checksums depend on it, so that a file of
/// another node or another life of this one is never taken for its own.
public struct WALIdentity: Hashable, Sendable {
    /// The length of a cluster's identifier.
    public static let clusterIDBytes = 16

    /// 16 bytes.
    public let clusterID: [UInt8]
    public let node: NodeID
    /// Drawn at random when the data directory was made.
    public let incarnation: Incarnation

    /// - Precondition: `clusterID` has 16 bytes, and `node` is not 0.
    public init(clusterID: [UInt8], node: NodeID, incarnation: Incarnation) {
        precondition(clusterID.count == Self.clusterIDBytes, "cluster id of \(clusterID.count)")
        precondition(node != NodeID(0), "node 0 is nobody")
        self.clusterID = clusterID
        self.node = node
        self.incarnation = incarnation
    }
}

/// What the state beside the log holds for certain, also after a power cut.
public struct DurableState: Equatable, Sendable {
    /// The last entry that the state has applied.
    public var applied: EntryID
    /// The newest snapshot that was installed in place of the state; zero if none ever was. At or
    /// before `applied`.
    ///
    /// A log that does not reach it was cut off in the middle of the installation, and begins
    /// anew behind it. A log that does not reach `applied` otherwise has lost what it
    /// acknowledged.
    public var snapshot: EntryID
    /// Whether the state was given up, and what is said here is what it had: the log must have that
    /// still, and may begin behind it.
    public var isLost: Bool

    public init(applied: EntryID, snapshot: EntryID = .zero, isLost: Bool = false) {
        precondition(snapshot.index <= applied.index, "\(snapshot) behind \(applied)")
        self.applied = applied
        self.snapshot = snapshot
        self.isLost = isLost
    }

    /// A state that has applied nothing.
    public static let empty = DurableState(applied: .zero)

    // Entries up to here went through this log: what the snapshot brought did not.
    var appliedThroughLog: LogIndex { applied.index > snapshot.index ? applied.index : .zero }
}
