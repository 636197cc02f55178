public import ByteCodec
public import RaftCore

/// What a node that joins is to become. Raw values are part of the format.
public enum JoinRole: UInt8, Sendable {
    /// It votes, once it has caught up.
    case voter = 1
    /// It receives the log, answers reads, and is in no quorum.
    case learner = 2
}

/// The right to join once, under a number that nobody else ever had (decision 0002).
public struct JoinTokenRow: Hashable, Sendable {
    /// The number that is kept for who comes with the token.
    public let node: NodeID
    /// SHA-256 of the token's kind and verifier.
    public let digest: Digest256
    public let role: JoinRole
    /// The voter whose place the new node takes in one go.
    public let replaces: NodeID?
    public let createdAt: Timestamp
    /// Exclusive.
    public let expiresAt: Timestamp
    /// SHA-256 of the public key that came with it; nil as long as nobody came. Whoever holds that
    /// key may ask again, because the first answer may have been lost; nobody else may.
    public var spentBy: Digest256?

    /// Whether somebody may still join with it.
    public func isOpen(at stamp: Timestamp) -> Bool { spentBy == nil && stamp < expiresAt }
}

extension JoinTokenRow: Row {
    static let table = Table.joinTokens
    var key: [UInt8] { Key.of(node.rawValue) }

    /// The token that keeps this number, or nil.
    public static func read(_ node: NodeID, _ reader: some TableReader) throws -> JoinTokenRow? {
        try row(Key.of(node.rawValue), reader)
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(node.rawValue)
        writer.write(digest)
        writer.write(role.rawValue)
        writer.write(optional: replaces) { $0.write($1.rawValue) }
        writer.write(createdAt)
        writer.write(expiresAt)
        writer.write(optional: spentBy) { $0.write($1) }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "join token")
        node = NodeID(try reader.read())
        digest = try reader.readDigest()
        role = try reader.readCase()
        replaces = try reader.readOptional { reader throws(ByteCodecError) in
            NodeID(try reader.read())
        }
        createdAt = try reader.readTime()
        expiresAt = try reader.readTime()
        spentBy = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readDigest()
        }
    }
}

/// What is to become of a member. Whoever leads carries it out.
public enum MemberPlan: Hashable, Sendable {
    /// It is to be a member in this role.
    case join(JoinRole)
    /// It is to vote in the place of another one, which ceases to be a member in the same go.
    case replace(NodeID)
    /// A learner is to vote.
    case promote
    /// A voter is to be a learner.
    case demote
    /// It is to be no member any more.
    case remove

    /// The name as the API shows it.
    public var name: String {
        switch self {
        case .join: "join"
        case .replace: "replace"
        case .promote: "promote"
        case .demote: "demote"
        case .remove: "remove"
        }
    }

    /// Whether a configuration is what is wanted of `node`.
    public func isReached(_ node: NodeID, in configuration: ConfState) -> Bool {
        guard !configuration.isJoint else { return false }
        return switch self {
        case .join(.learner): configuration.isMember(node)
        case .join(.voter), .promote: configuration.isVoter(node)
        case .replace(let old):
            configuration.isVoter(node) && !configuration.isMember(old)
        case .demote: configuration.isLearner(node)
        case .remove: !configuration.isMember(node)
        }
    }
}

/// Why a plan was given up. Raw values are part of the format.
public enum PlanRefusal: UInt8, CaseIterable, Sendable {
    /// Nothing could be committed any more.
    case quorumOutOfReach = 1
    /// Nobody would vote.
    case noVoterLeft = 2
    /// The learner lacks too much of the log.
    case notCaughtUp = 3
    /// The leader does not hear the node.
    case notActive = 4
    /// The member's present part does not allow it.
    case otherStanding = 5
    /// There would be too many members.
    case tooManyMembers = 6
    /// It could not be begun in time.
    case expired = 7

    /// The reason in words, for people.
    public var words: String {
        switch self {
        case .quorumOutOfReach:
            "too few of those who would vote are heard: nothing could be committed any more"
        case .noVoterLeft: "nobody would vote any more"
        case .notCaughtUp: "the node lacks too much of the log"
        case .notActive: "the leader does not hear the node"
        case .otherStanding: "the member's present part does not allow it"
        case .tooManyMembers: "there would be too many members"
        case .expired: "it could not be begun in time"
        }
    }
}

/// A change of members that somebody who may has ordered. It outlives leaders: each one goes on
/// with what it finds.
public struct MemberPlanRow: Hashable, Sendable {
    public let node: NodeID
    /// The entry that ordered it, which tells it from every other plan.
    public let order: LogIndex
    public let plan: MemberPlan
    public let orderedAt: Timestamp
    /// Set when it was given up; the row stays until the next order for this member.
    public var refusal: PlanRefusal?

    public init(
        node: NodeID, order: LogIndex, plan: MemberPlan, orderedAt: Timestamp,
        refusal: PlanRefusal?
    ) {
        self.node = node
        self.order = order
        self.plan = plan
        self.orderedAt = orderedAt
        self.refusal = refusal
    }
}

extension MemberPlanRow: Row {
    static let table = Table.memberPlans
    var key: [UInt8] { Key.of(node.rawValue) }

    /// What is planned for this member, or nil.
    public static func read(_ node: NodeID, _ reader: some TableReader) throws -> MemberPlanRow? {
        try row(Key.of(node.rawValue), reader)
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(node.rawValue)
        writer.write(order.rawValue)
        plan.write(to: &writer)
        writer.write(orderedAt)
        writer.write(optional: refusal) { $0.write($1.rawValue) }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "plan for a member")
        node = NodeID(try reader.read())
        order = LogIndex(try reader.read())
        plan = try MemberPlan(from: &reader)
        orderedAt = try reader.readTime()
        refusal = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readCase()
        }
    }
}

extension MemberPlan {
    func write(to writer: inout ByteWriter) {
        switch self {
        case .join(let role):
            writer.write(UInt8(1))
            writer.write(role.rawValue)
        case .replace(let old):
            writer.write(UInt8(2))
            writer.write(old.rawValue)
        case .promote: writer.write(UInt8(3))
        case .demote: writer.write(UInt8(4))
        case .remove: writer.write(UInt8(5))
        }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        let kind: UInt8 = try reader.read()
        switch kind {
        case 1: self = .join(try reader.readCase())
        case 2: self = .replace(NodeID(try reader.read()))
        case 3: self = .promote
        case 4: self = .demote
        case 5: self = .remove
        default: throw .malformed(offset: reader.offset - 1, what: "plan \(kind)")
        }
    }
}

/// The authority of the cluster's own certificates: whoever leads, or is asked, signs the
/// certificates of nodes that join.
public struct PeerAuthorityRow: Hashable, Sendable {
    /// Counts changes from 1.
    public var version: UInt64
    /// PEM.
    public var certificate: Text
    /// The private key, sealed under the keyring.
    public var sealedKey: SealedBlob
    public var updatedAt: Timestamp
}

extension PeerAuthorityRow: Row {
    static let table = Table.keyring
    static let key: [UInt8] = [1]
    var key: [UInt8] { Self.key }

    /// The authority, or nil as long as an operator has brought none.
    public static func read(_ reader: some TableReader) throws -> PeerAuthorityRow? {
        try row(key, reader)
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(version)
        writer.write(updatedAt)
        writer.write(certificate)
        writer.write(sealedKey)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "peer authority")
        version = try reader.read()
        updatedAt = try reader.readTime()
        certificate = try reader.readText(atMost: Limits.authorityBytes)
        sealedKey = try reader.readBlob(atMost: Limits.authorityBytes)
    }
}

/// The number that the next node gets, once a number was ever kept or given up.
struct NodeNumberRow: Hashable, Row {
    static let table = Table.meta
    static let key: [UInt8] = [2]
    let next: UInt64
    var key: [UInt8] { Self.key }

    init(next: UInt64) { self.next = next }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(next)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "next node")
        next = try reader.read()
    }
}

/// Who can be a node, by its number.
public enum NodeNumbers {
    /// The least number that no node has or ever had, as far as a view knows. A node of a lower
    /// number that is no member will never be one.
    public static func next(
        in configuration: ConfState, _ reader: some TableReader
    ) throws -> UInt64 {
        var next = try NodeNumberRow.row(NodeNumberRow.key, reader)?.next ?? 1
        if let last = configuration.members.last { next = max(next, last.rawValue + 1) }
        if let last = try Listing.members(reader).last { next = max(next, last.node.rawValue + 1) }
        return next
    }
}
