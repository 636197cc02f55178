import ByteCodec
public import RaftCore

extension Command {
    /// Keeps a number for a node, and gives the right to join under it.
    public struct CreateJoinToken: Hashable, Sendable {
        public var digest: Digest256
        public var role: JoinRole
        /// The member whose place the node is to take.
        public var replaces: NodeID?
        /// From one second to `Limits.joinTokenMilliseconds`.
        public var timeToLiveMilliseconds: UInt64
        public init(
            digest: Digest256, role: JoinRole, replaces: NodeID? = nil,
            timeToLiveMilliseconds: UInt64
        ) {
            self.digest = digest
            self.role = role
            self.replaces = replaces
            self.timeToLiveMilliseconds = timeToLiveMilliseconds
        }
    }

    /// Somebody comes with a join token: spends it, and makes a member's row and a plan.
    public struct RedeemJoinToken: Hashable, Sendable {
        /// The number that the token names.
        public var node: NodeID
        public var digest: Digest256
        /// SHA-256 of the key that was presented with it.
        public var publicKey: Digest256
        /// Where its HTTP API will be reached.
        public var url: Text
        /// Where its peers will reach it.
        public var peer: Text
        /// The version of its software.
        public var version: Text
        public var featureLevel: UInt32
        public init(
            node: NodeID, digest: Digest256, publicKey: Digest256, url: Text, peer: Text,
            version: Text, featureLevel: UInt32
        ) {
            self.node = node
            self.digest = digest
            self.publicKey = publicKey
            self.url = url
            self.peer = peer
            self.version = version
            self.featureLevel = featureLevel
        }
    }

    /// What may be ordered of a member. Raw values are part of the format.
    public enum MemberOrder: UInt8, Sendable {
        case promote = 1
        case demote = 2
        case remove = 3

        var plan: MemberPlan {
            switch self {
            case .promote: .promote
            case .demote: .demote
            case .remove: .remove
            }
        }

        var action: AuditAction {
            switch self {
            case .promote: .memberPromote
            case .demote: .memberDemote
            case .remove: .memberRemove
            }
        }
    }

    /// Orders a change of a member. Whoever leads carries it out.
    public struct OrderChange: Hashable, Sendable {
        public var node: NodeID
        public var change: MemberOrder
        public init(node: NodeID, change: MemberOrder) {
            self.node = node
            self.change = change
        }
    }

    /// Ends a plan: it is carried out, which apply checks, or it is given up.
    public struct SettlePlan: Hashable, Sendable {
        public var node: NodeID
        /// The plan that is meant; another one is left alone.
        public var order: LogIndex
        /// Why it is given up; nil: it is done.
        public var refusal: PlanRefusal?
        public init(node: NodeID, order: LogIndex, refusal: PlanRefusal? = nil) {
            self.node = node
            self.order = order
            self.refusal = refusal
        }
    }

    /// Brings the authority of peers into the state, or replaces it.
    public struct SetPeerAuthority: Hashable, Sendable {
        /// The version that is replaced, 0 for none; another one refuses.
        public var expectedVersion: UInt64
        /// PEM.
        public var certificate: Text
        /// Sealed under the keyring.
        public var sealedKey: SealedBlob
        public init(expectedVersion: UInt64, certificate: Text, sealedKey: SealedBlob) {
            self.expectedVersion = expectedVersion
            self.certificate = certificate
            self.sealedKey = sealedKey
        }
    }
}

extension Command.CreateJoinToken {
    func write(to writer: inout ByteWriter) {
        writer.write(digest)
        writer.write(role.rawValue)
        writer.write(optional: replaces) { $0.write($1.rawValue) }
        writer.write(timeToLiveMilliseconds)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        digest = try reader.readDigest()
        role = try reader.readCase()
        replaces = try reader.readOptional { reader throws(ByteCodecError) in
            NodeID(try reader.read())
        }
        timeToLiveMilliseconds = try reader.read()
    }
}

extension Command.RedeemJoinToken {
    func write(to writer: inout ByteWriter) {
        writer.write(node.rawValue)
        writer.write(digest)
        writer.write(publicKey)
        writer.write(url)
        writer.write(peer)
        writer.write(version)
        writer.write(featureLevel)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        node = NodeID(try reader.read())
        digest = try reader.readDigest()
        publicKey = try reader.readDigest()
        url = try reader.readText(atMost: Limits.endpointBytes)
        peer = try reader.readText(atMost: Limits.endpointBytes)
        version = try reader.readText(atMost: Limits.endpointBytes)
        featureLevel = try reader.read()
    }
}

extension Command.OrderChange {
    func write(to writer: inout ByteWriter) {
        writer.write(node.rawValue)
        writer.write(change.rawValue)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        node = NodeID(try reader.read())
        change = try reader.readCase()
    }
}

extension Command.SettlePlan {
    func write(to writer: inout ByteWriter) {
        writer.write(node.rawValue)
        writer.write(order.rawValue)
        writer.write(optional: refusal) { $0.write($1.rawValue) }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        node = NodeID(try reader.read())
        order = LogIndex(try reader.read())
        refusal = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readCase()
        }
    }
}

extension Command.SetPeerAuthority {
    func write(to writer: inout ByteWriter) {
        writer.write(expectedVersion)
        writer.write(certificate)
        writer.write(sealedKey)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        expectedVersion = try reader.read()
        certificate = try reader.readText(atMost: Limits.authorityBytes)
        sealedKey = try reader.readBlob(atMost: Limits.authorityBytes)
    }
}
