internal import ByteCodec
internal import RaftCore

/// What a connection is for.
enum ConnectionPurpose: UInt8, Sendable {
    case messages = 0
    case snapshot = 1
}

/// The first frame on a connection, from the node that dialled it, and the heart of the answer.
///
/// Layout, little-endian: version 1 (1 byte), magic (4), cluster id (16), sender (8), its
/// incarnation (8), its run (8), the node it means to speak to (8), purpose (1).
struct Hello: Equatable, Sendable {
    var clusterID: [UInt8]
    var from: NodeID
    var incarnation: Incarnation
    var run: UInt64
    var to: NodeID
    var purpose: ConnectionPurpose

    static let version: UInt8 = 1
    static let magic: UInt32 = 0x5057_5757  // "WWWP"
    static let encodedBytes = 54

    init(local: LocalNode, to: NodeID, purpose: ConnectionPurpose) {
        clusterID = local.clusterID
        from = local.node
        incarnation = local.incarnation
        run = local.run
        self.to = to
        self.purpose = purpose
    }

    func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: Self.encodedBytes)
        writer.write(Self.version)
        writer.write(Self.magic)
        writer.write(raw: clusterID)
        writer.write(from.rawValue)
        writer.write(incarnation.rawValue)
        writer.write(run)
        writer.write(to.rawValue)
        writer.write(purpose.rawValue)
        precondition(writer.count == Self.encodedBytes, "hello of \(writer.count) bytes")
        return writer.bytes
    }

    init(decoding body: [UInt8]) throws(ByteCodecError) {
        var reader = ByteReader(body)
        try self.init(from: &reader)
        try reader.finish()
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        let version: UInt8 = try reader.read()
        guard version == Self.version else {
            throw .malformed(offset: 0, what: "hello version \(version)")
        }
        let magic: UInt32 = try reader.read()
        guard magic == Self.magic else { throw .malformed(offset: 1, what: "magic") }
        clusterID = try reader.read(count: LocalNode.clusterIDBytes)
        from = NodeID(try reader.read())
        incarnation = Incarnation(try reader.read())
        run = try reader.read()
        to = NodeID(try reader.read())
        let rawPurpose: UInt8 = try reader.read()
        guard let purpose = ConnectionPurpose(rawValue: rawPurpose) else {
            throw .malformed(offset: reader.offset - 1, what: "purpose \(rawPurpose)")
        }
        self.purpose = purpose
    }
}

/// Why a node will not speak to another. The numbers are those on the wire.
public enum HelloRefusal: UInt8, Equatable, Sendable, CaseIterable {
    /// The other cluster's id.
    case wrongCluster = 1
    /// The certificate and the hello name different nodes, or it is this node's own name.
    case wrongNode = 2
    /// Meant for another node than the one reached.
    case wrongDestination = 3
    /// Not in the committed configuration, or known by another incarnation.
    case notAdmitted = 4
    /// The peer has as many connections as it may have.
    case tooManyConnections = 5
    /// This node does not take part now.
    case stopping = 6
}

/// The answer to a hello: the acceptor's own, or why not.
enum HelloReply: Equatable, Sendable {
    case accepted(Hello)
    case refused(HelloRefusal)

    /// Layout: 0 and the hello, or the refusal's number.
    func encoded() -> [UInt8] {
        switch self {
        case .accepted(let hello): [0] + hello.encoded()
        case .refused(let reason): [reason.rawValue]
        }
    }

    init(decoding body: [UInt8]) throws(ByteCodecError) {
        var reader = ByteReader(body)
        let first: UInt8 = try reader.read()
        if first == 0 {
            self = .accepted(try Hello(from: &reader))
        } else if let reason = HelloRefusal(rawValue: first) {
            self = .refused(reason)
        } else {
            throw .malformed(offset: 0, what: "refusal \(first)")
        }
        try reader.finish()
    }
}
