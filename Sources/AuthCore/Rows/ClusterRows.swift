public import ByteCodec
public import RaftCore

/// What is drawn when a cluster is made and never changes.
public struct ClusterRow: Hashable, Sendable {
    public let cluster: ClusterID
    /// The AES-256 key that enciphers row numbers in tokens and session ids. It hides counts and
    /// guards nothing, so it is kept in clear.
    public let tokenBlockKey: [UInt8]
    public let createdAt: Timestamp
}

extension ClusterRow: Row {
    static let table = Table.meta
    static let key: [UInt8] = [1]
    var key: [UInt8] { Self.key }

    /// The facts of the cluster, or nil before it is bootstrapped.
    public static func read(_ reader: some TableReader) throws -> ClusterRow? {
        try row(key, reader)
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(cluster)
        writer.write(lengthPrefixed: tokenBlockKey)
        writer.write(createdAt)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "cluster")
        cluster = try reader.readID()
        tokenBlockKey = try reader.readLengthPrefixed(atMost: 32)
        createdAt = try reader.readTime()
    }
}

/// A node as it registered itself.
public struct MemberRow: Hashable, Sendable {
    public let node: NodeID
    /// The life of its data directory; 0 until a node that joins has started for the first time.
    public let incarnation: Incarnation
    /// Where its HTTP API is reached from outside.
    public var url: Text
    /// Where its peers reach it.
    public var peer: Text
    /// The version of its software.
    public var version: Text
    public var featureLevel: UInt32
    public var registeredAt: Timestamp

    public init(
        node: NodeID, incarnation: Incarnation, url: Text, peer: Text, version: Text,
        featureLevel: UInt32, registeredAt: Timestamp
    ) {
        self.node = node
        self.incarnation = incarnation
        self.url = url
        self.peer = peer
        self.version = version
        self.featureLevel = featureLevel
        self.registeredAt = registeredAt
    }

    /// Whether the node has joined and never started.
    public var isExpected: Bool { incarnation == Incarnation(0) }
}

extension MemberRow: Row {
    static let table = Table.members
    var key: [UInt8] { Key.of(node.rawValue) }

    /// The member of this number, or nil.
    public static func read(_ node: NodeID, _ reader: some TableReader) throws -> MemberRow? {
        try row(Key.of(node.rawValue), reader)
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(node.rawValue)
        writer.write(incarnation.rawValue)
        writer.write(featureLevel)
        writer.write(registeredAt)
        writer.write(url)
        writer.write(peer)
        writer.write(version)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "member")
        node = NodeID(try reader.read())
        incarnation = Incarnation(try reader.read())
        featureLevel = try reader.read()
        registeredAt = try reader.readTime()
        url = try reader.readText(atMost: Limits.endpointBytes)
        peer = try reader.readText(atMost: Limits.endpointBytes)
        version = try reader.readText(atMost: Limits.endpointBytes)
    }
}

/// The keyring, sealed under the root key.
public struct KeyringRow: Hashable, Sendable {
    /// Counts changes from 1.
    public var version: UInt64
    public var keyring: SealedBlob
    public var updatedAt: Timestamp
}

extension KeyringRow: Row {
    static let table = Table.keyring
    static let key: [UInt8] = [0]
    var key: [UInt8] { Self.key }

    /// The keyring, or nil before the cluster is bootstrapped.
    public static func read(_ reader: some TableReader) throws -> KeyringRow? {
        try row(key, reader)
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(version)
        writer.write(updatedAt)
        writer.write(keyring)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "keyring")
        version = try reader.read()
        updatedAt = try reader.readTime()
        keyring = try reader.readBlob(atMost: Limits.keyringBytes)
    }
}
