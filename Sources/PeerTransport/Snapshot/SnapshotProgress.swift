/// How far a sender has come with one snapshot over one connection, as a value.
struct SnapshotProgress: Equatable, Sendable {
    let sizeBytes: UInt64
    let chunkBytes: UInt64
    let windowBytes: UInt64
    /// The offset of the next chunk to be read.
    private(set) var next: UInt64
    /// The receiver has written everything before it.
    private(set) var acknowledged: UInt64
    private(set) var isReading = false

    /// Begins where the receiver asked; nil when it has more than there is.
    init?(sizeBytes: UInt64, resumeAt offset: UInt64, options: PeerTransportOptions) {
        guard offset <= sizeBytes else { return nil }
        precondition(options.snapshotChunkBytes > 0, "empty chunks")
        precondition(options.snapshotWindowChunks > 0, "empty window")
        self.sizeBytes = sizeBytes
        chunkBytes = UInt64(options.snapshotChunkBytes)
        windowBytes = chunkBytes * UInt64(options.snapshotWindowChunks)
        next = offset
        acknowledged = offset
    }

    /// The chunk to read now; nil when one is being read, the window is full or all is read.
    mutating func takeRead() -> (offset: UInt64, count: Int)? {
        guard !isReading, next < sizeBytes, next - acknowledged < windowBytes else { return nil }
        isReading = true
        return (next, Int(min(chunkBytes, sizeBytes - next)))
    }

    /// The chunk that was asked for is on its way.
    mutating func sent(_ count: Int) {
        precondition(isReading && next + UInt64(count) <= sizeBytes, "\(count) bytes at \(next)")
        isReading = false
        next += UInt64(count)
    }

    /// The receiver has written everything before `offset`; false when that cannot be.
    mutating func acknowledge(_ offset: UInt64) -> Bool {
        guard offset >= acknowledged, offset <= next else { return false }
        acknowledged = offset
        return true
    }

    /// Whether everything is written on the other side.
    var isComplete: Bool { acknowledged == sizeBytes }
}
