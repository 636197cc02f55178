/// Sizes and limits of a log.
public struct WALOptions: Equatable, Sendable {
    /// The size of one segment, a multiple of 4096 and at least 4 blocks. Log space is taken and
    /// given back in pieces of this size.
    public var segmentBytes = 64 << 20
    /// The records of one group; a larger sync is written as several groups.
    public var groupBytesMax = 4 << 20
    /// Zero-filled segments kept ready beside the one being written.
    public var reserveSegments = 1
    /// Zeros written by one call of `prepareReserve`.
    public var reserveStepBytes = 1 << 20
    /// The largest segment that there can be.
    public static let segmentBytesMax = 1 << 30
    /// Whether an absent log may be made. False once the data directory says that it was made:
    /// then its absence means that votes and entries were lost.
    public var mayCreate = true

    public init() {}

    /// Traps on options that make no sense: they are the program's, not the world's.
    func check() {
        precondition(segmentBytes % Block.bytes == 0, "segment of \(segmentBytes) bytes")
        precondition(segmentBytes >= 4 * Block.bytes, "segment of \(segmentBytes) bytes")
        precondition(segmentBytes <= Self.segmentBytesMax, "segment of \(segmentBytes) bytes")
        precondition(groupBytesMax > 0 && reserveSegments > 0, "options \(self)")
        precondition(reserveStepBytes > 0 && reserveStepBytes % Block.bytes == 0, "\(self)")
    }
}
