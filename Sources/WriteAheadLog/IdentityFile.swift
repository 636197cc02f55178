internal import ByteCodec
internal import RaftCore

/// The contents of `IDENTITY`: two copies in a block each, so that one bad sector does not take a
/// node's name (`docs/formats/identity.md`).
struct IdentityFile: Equatable {
    static let magic: UInt64 = 0x3154_4E45_4449_5757  // "WWIDENT1"
    static let version: UInt32 = 1
    static let fileBytes = 2 * Block.bytes

    var identity: WALIdentity
    /// The log was made once, so that it must be there from now on.
    var isInitialised: Bool

    /// Why a file does not tell who the node is.
    enum Failure: Error, Equatable {
        /// Neither copy matches its checksum, or they contradict each other.
        case damaged
        /// Written by a later release.
        case unknownVersion(UInt32)
    }

    /// Both copies.
    func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: Self.fileBytes)
        writer.write(Self.magic)
        writer.write(Self.version)
        writer.write(UInt32(isInitialised ? 1 : 0))
        writer.write(raw: identity.clusterID)
        writer.write(identity.node.rawValue)
        writer.write(identity.incarnation.rawValue)
        writer.write(zeros: Block.bytes - 4 - writer.count)
        writer.write(CRC32C.checksum(of: writer.bytes))
        return writer.bytes + writer.bytes
    }

    /// Reads a file.
    ///
    /// - Returns: what it says, and whether both copies say it.
    static func read(
        _ file: [UInt8]
    ) throws(Failure) -> (contents: IdentityFile, isWhole: Bool) {
        var copies: [IdentityFile] = []
        for start in [0, Block.bytes] where file.count >= start + Block.bytes {
            let copy = Array(file[start..<(start + Block.bytes)])
            if let contents = try decode(copy) { copies.append(contents) }
        }
        guard let first = copies.first, copies.allSatisfy({ $0 == first }) else {
            throw .damaged
        }
        return (first, copies.count == 2 && file.count == fileBytes)
    }

    // Nil for a copy that is damaged.
    private static func decode(_ copy: [UInt8]) throws(Failure) -> IdentityFile? {
        var crc = CRC32C()
        crc.update(copy, in: 0..<(Block.bytes - 4))
        let version: UInt32
        let flags: UInt32
        let clusterID: [UInt8]
        let node: UInt64
        let incarnation: UInt64
        do {
            var check = ByteReader(copy, in: (Block.bytes - 4)..<Block.bytes)
            guard try check.read() == crc.value else { return nil }
            var reader = ByteReader(copy)
            guard try reader.read() == magic else { return nil }
            version = try reader.read()
            flags = try reader.read()
            clusterID = try reader.read(count: WALIdentity.clusterIDBytes)
            node = try reader.read()
            incarnation = try reader.read()
        } catch {
            return nil
        }
        guard version == Self.version, flags <= 1 else { throw .unknownVersion(version) }
        guard node != 0 else { return nil }
        return IdentityFile(
            identity: WALIdentity(
                clusterID: clusterID, node: NodeID(node), incarnation: Incarnation(incarnation)),
            isInitialised: flags == 1)
    }
}
