public import ByteCodec

/// The bytes of a configuration: the payload of a `.configuration` entry, and part of a
/// snapshot's metadata.
///
/// Layout, little-endian: version (1 byte); then for voters, outgoing voters, learners and next
/// learners a count (1 byte) and that many node numbers (8 bytes each), ascending. Version 2, which
/// is used only where it says more than version 1, has the outgoing learners behind them.
extension ConfState {
    /// Nodes in one of the four lists.
    public static let listCountMax = 64

    /// Whether the lists are ascending without repetitions or node 0, and agree with each other:
    /// a learner does not vote, a next learner is an outgoing voter that is not incoming, and an
    /// outgoing learner is nothing else, in a joint configuration.
    public var isWellFormed: Bool {
        lists.allSatisfy(Self.isAscending)
            && !learners.contains(where: isVoter)
            && learnersNext.allSatisfy { votersOutgoing.contains($0) && !voters.contains($0) }
            && !learnersOutgoing.contains { isVoter($0) || learners.contains($0) }
            && (isJoint || learnersOutgoing.isEmpty)
    }

    /// All of them, in the order in which they are written.
    var lists: [[NodeID]] { [voters, votersOutgoing, learners, learnersNext, learnersOutgoing] }

    /// Appends the configuration.
    ///
    /// - Precondition: it is well-formed.
    public func encode(into writer: inout ByteWriter) {
        precondition(isWellFormed, "configuration \(self)")
        let isFirstVersion = learnersOutgoing.isEmpty
        writer.write(UInt8(isFirstVersion ? 1 : 2))
        for list in isFirstVersion ? lists.dropLast() : lists[...] {
            precondition(list.count <= Self.listCountMax, "\(list.count) nodes in a list")
            writer.write(UInt8(list.count))
            for node in list { writer.write(node.rawValue) }
        }
    }

    /// The bytes of the configuration alone.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter()
        encode(into: &writer)
        return writer.bytes
    }

    /// Reads a configuration.
    ///
    /// - Throws: `ByteCodecError` for bytes that end early, an unknown version, too long a list, or
    ///   a configuration that is not well-formed.
    public init(from reader: inout ByteReader) throws(ByteCodecError) {
        let start = reader.offset
        let version: UInt8 = try reader.read()
        guard version == 1 || version == 2 else {
            throw .malformed(offset: start, what: "configuration version \(version)")
        }
        voters = try Self.readList(&reader)
        votersOutgoing = try Self.readList(&reader)
        learners = try Self.readList(&reader)
        learnersNext = try Self.readList(&reader)
        learnersOutgoing = version == 1 ? [] : try Self.readList(&reader)
        // One value has one encoding.
        guard isWellFormed, version == 1 || !learnersOutgoing.isEmpty else {
            throw .malformed(offset: start, what: "configuration \(self)")
        }
    }

    /// Reads the payload of a `.configuration` entry.
    ///
    /// - Throws: `ByteCodecError`, also when bytes are left over.
    public init(decoding payload: [UInt8]) throws(ByteCodecError) {
        var reader = ByteReader(payload)
        try self.init(from: &reader)
        try reader.finish()
    }

    private static func isAscending(_ list: [NodeID]) -> Bool {
        // Node 0 is nobody, so a list may only begin behind it.
        var last = NodeID(0)
        for node in list {
            guard node > last else { return false }
            last = node
        }
        return true
    }

    private static func readList(_ reader: inout ByteReader) throws(ByteCodecError) -> [NodeID] {
        let start = reader.offset
        let count: UInt8 = try reader.read()
        guard count <= listCountMax else {
            throw .malformed(offset: start, what: "\(count) nodes in a list")
        }
        var list: [NodeID] = []
        for _ in 0..<count { list.append(NodeID(try reader.read())) }
        return list
    }
}
