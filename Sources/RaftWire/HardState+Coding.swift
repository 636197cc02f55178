public import ByteCodec
public import RaftCore

/// The bytes of a hard state.
///
/// Layout, little-endian: version 1 (1 byte), term (8), vote or 0 (8), commit index (8).
extension HardState {
    /// What `encode` appends.
    public static let encodedBytes = 25

    /// Appends the hard state.
    public func encode(into writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(term.rawValue)
        writer.write(optional: vote)
        writer.write(commit.rawValue)
    }

    /// Reads a hard state.
    ///
    /// - Throws: `ByteCodecError` for bytes that end early, an unknown version, or numbers over
    ///   the limit.
    public init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.requireVersion(1, of: "hard state")
        self.init(
            term: try reader.readTerm(), vote: try reader.readOptionalNode(),
            commit: try reader.readLogIndex())
    }
}
