internal import ByteCodec
internal import RaftCore
internal import RaftWire

/// Why a snapshot is not taken. The numbers are those on the wire.
enum SnapshotRefusal: UInt8, Error, Equatable, Sendable, CaseIterable {
    /// Another stream is under way: try later.
    case busy = 1
    /// Over the receiver's limit.
    case tooLarge = 2
    /// The receiver could not make ready for it, or write it.
    case failed = 3
    /// What came is not what was offered.
    case damaged = 4

    /// Whether trying again may help.
    var isTransient: Bool { self == .busy }
}

/// The frames of a snapshot stream. Each body is little-endian, and the frame's checksum covers
/// it; a chunk is its offset (8 bytes) and its bytes.
enum SnapshotFrames {
    static func offer(_ offer: SnapshotOffer) -> Frame {
        var writer = ByteWriter(capacity: 256)
        writer.write(UInt8(1))
        writer.write(offer.id.high)
        writer.write(offer.id.low)
        writer.write(offer.sizeBytes)
        writer.write(offer.checksum)
        offer.metadata.encode(into: &writer)
        return Frame(.snapshotOffer, writer.bytes)
    }

    static func readOffer(_ body: [UInt8]) throws(ByteCodecError) -> SnapshotOffer {
        var reader = ByteReader(body)
        let version: UInt8 = try reader.read()
        guard version == 1 else { throw .malformed(offset: 0, what: "offer version \(version)") }
        let id = SnapshotID(high: try reader.read(), low: try reader.read())
        let size: UInt64 = try reader.read()
        let checksum: UInt32 = try reader.read()
        let metadata = try SnapshotMetadata(from: &reader)
        try reader.finish()
        return SnapshotOffer(id: id, metadata: metadata, sizeBytes: size, checksum: checksum)
    }

    static func chunk(_ bytes: [UInt8], at offset: UInt64) -> Frame {
        var writer = ByteWriter(capacity: bytes.count + 8)
        writer.write(offset)
        writer.write(raw: bytes)
        return Frame(.snapshotChunk, writer.bytes)
    }

    static func readChunk(
        _ body: [UInt8]
    ) throws(ByteCodecError) -> (offset: UInt64, bytes: [UInt8]) {
        var reader = ByteReader(body)
        let offset: UInt64 = try reader.read()
        return (offset, try reader.read(count: reader.remaining))
    }

    /// A frame that says one offset: where to go on, or how much is written.
    static func offset(_ type: FrameType, _ offset: UInt64) -> Frame {
        var writer = ByteWriter(capacity: 8)
        writer.write(offset)
        return Frame(type, writer.bytes)
    }

    static func readOffset(_ body: [UInt8]) throws(ByteCodecError) -> UInt64 {
        var reader = ByteReader(body)
        let offset: UInt64 = try reader.read()
        try reader.finish()
        return offset
    }

    static func refused(_ reason: SnapshotRefusal) -> Frame {
        Frame(.snapshotRefused, [reason.rawValue])
    }

    static func readRefusal(_ body: [UInt8]) throws(ByteCodecError) -> SnapshotRefusal {
        guard body.count == 1, let reason = SnapshotRefusal(rawValue: body[0]) else {
            throw .malformed(offset: 0, what: "refusal of a snapshot")
        }
        return reason
    }
}
