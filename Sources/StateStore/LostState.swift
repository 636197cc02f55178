internal import ByteCodec
public import RaftCore
internal import RaftWire

/// What a state had when it had to be given up, as far as that is known: the log beside it must not
/// be shorter.
public struct LostState: Equatable, Sendable {
    /// The last entry that it had applied; zero when not even that could be read.
    public var applied: EntryID
    /// The last entry of the snapshot that it began as.
    public var installedSnapshot: EntryID

    public init(applied: EntryID = .zero, installedSnapshot: EntryID = .zero) {
        self.applied = applied
        self.installedSnapshot = installedSnapshot
    }

    /// Beside a state that was given up.
    public static let fileName = "DAMAGED"

    /// The bytes of that file (`docs/formats/state.md`).
    func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: 40)
        writer.write(UInt8(1))
        for entry in [applied, installedSnapshot] { entry.encode(into: &writer) }
        writer.write(CRC32C.checksum(of: writer.bytes))
        return writer.bytes
    }

    /// Reads what `encoded` wrote. A file that cannot be read says that the state was given up all
    /// the same, and nothing more.
    init(decoding bytes: [UInt8]) {
        self.init()
        do throws(ByteCodecError) {
            var reader = ByteReader(bytes)
            guard try reader.read() as UInt8 == 1 else { return }
            let applied = try EntryID(from: &reader)
            let origin = try EntryID(from: &reader)
            let covered = reader.offset
            guard try reader.read() as UInt32 == CRC32C.checksum(of: bytes[..<covered]) else {
                return
            }
            self.init(applied: applied, installedSnapshot: origin)
        } catch {
            // The node was on its way to write it when the power went.
            return
        }
    }
}

/// What a look at the whole state has read.
public struct ScrubReport: Equatable, Sendable {
    /// Up to which entry the state was that it looked at.
    public let applied: LogIndex
    public let rows: UInt64
    public let pages: UInt64
}
