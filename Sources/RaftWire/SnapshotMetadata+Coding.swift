public import ByteCodec
public import RaftCore

/// The bytes of what a snapshot stands for.
///
/// Layout, little-endian: version 1 (1 byte), index (8), term (8), configuration.
extension SnapshotMetadata {
    /// Appends the metadata.
    public func encode(into writer: inout ByteWriter) {
        writer.write(UInt8(1))
        last.encode(into: &writer)
        configuration.encode(into: &writer)
    }

    /// The bytes of the metadata alone.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter()
        encode(into: &writer)
        return writer.bytes
    }

    /// Reads metadata.
    ///
    /// - Throws: `ByteCodecError` for bytes that end early, an unknown version, or a configuration
    ///   that is not well-formed.
    public init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.requireVersion(1, of: "snapshot metadata")
        self.init(
            last: try EntryID(from: &reader), configuration: try ConfState(from: &reader))
    }

    /// Reads metadata that stand alone.
    ///
    /// - Throws: `ByteCodecError`, also when bytes are left over.
    public init(decoding bytes: [UInt8]) throws(ByteCodecError) {
        var reader = ByteReader(bytes)
        try self.init(from: &reader)
        try reader.finish()
    }
}
