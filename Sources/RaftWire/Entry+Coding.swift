public import ByteCodec
public import RaftCore

/// The bytes of an entry, the same on the disk and on the wire.
///
/// Layout, little-endian: version 1 (1 byte), kind (1), index (8), term (8), length of the payload
/// (4), payload.
extension Entry {
    /// What an entry takes beside its payload.
    public static let headerBytes = 22

    /// What `encode` appends.
    public var encodedBytes: Int { Self.headerBytes + payload.count }

    /// Appends the entry.
    ///
    /// - Precondition: the payload is at most `WireLimits.entryPayloadBytesMax` long.
    public func encode(into writer: inout ByteWriter) {
        precondition(payload.count <= WireLimits.entryPayloadBytesMax, "\(payload.count) bytes")
        writer.write(UInt8(1))
        writer.write(kind.rawValue)
        writer.write(index.rawValue)
        writer.write(term.rawValue)
        writer.write(lengthPrefixed: payload)
    }

    /// Reads an entry.
    ///
    /// - Throws: `ByteCodecError` for bytes that end early, an unknown version or kind, index or
    ///   term 0, or too long a payload.
    public init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.requireVersion(1, of: "entry")
        let start = reader.offset
        let code: UInt8 = try reader.read()
        guard let kind = EntryKind(rawValue: code) else {
            throw .malformed(offset: start, what: "entry kind \(code)")
        }
        let id = try EntryID(from: &reader)
        guard id.index > .zero, id.term > .zero else {
            throw .malformed(offset: start, what: "entry \(id)")
        }
        let payload = try reader.readLengthPrefixed(atMost: WireLimits.entryPayloadBytesMax)
        self.init(index: id.index, term: id.term, kind: kind, payload: payload)
    }
}

extension EntryID {
    /// Appends index and term, 8 bytes each.
    public func encode(into writer: inout ByteWriter) {
        writer.write(index.rawValue)
        writer.write(term.rawValue)
    }

    /// Reads index and term.
    ///
    /// - Throws: `ByteCodecError` for bytes that end early, or numbers over the limit.
    public init(from reader: inout ByteReader) throws(ByteCodecError) {
        self.init(index: try reader.readLogIndex(), term: try reader.readTerm())
    }
}
