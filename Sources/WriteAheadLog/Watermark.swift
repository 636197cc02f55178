internal import ByteCodec
internal import RaftCore

/// How far the log was known to be durable, written after each sync and never synced itself: the
/// end of the process does not lose it, a power cut may.
///
/// Without it, damage to the last group looks like a group that was being written. Two slots are
/// written in turn, so that one is whole whenever the node stops.
struct Watermark: Equatable {
    static let magic: UInt32 = 0x4D52_5457  // "WTRM"
    static let fileName = "WATERMARK"
    static let fileBytes = 2 * Block.bytes

    /// The number of the last group that was synced.
    var group: UInt64
    /// The last entry of the log then.
    var index: LogIndex

    /// The slot that a group's watermark is written to: consecutive groups take turns.
    static func offset(turn: UInt64) -> Int { Int(turn % 2) * Block.bytes }

    /// One slot, of one block.
    func encoded(salt: UInt32) -> [UInt8] {
        var writer = ByteWriter(capacity: Block.bytes)
        writer.write(Self.magic)
        writer.write(UInt32(1))
        writer.write(group)
        writer.write(index.rawValue)
        var crc = CRC32C(salt: salt)
        crc.update(writer.bytes)
        writer.write(crc.value)
        writer.write(zeros: Block.bytes - writer.count)
        return writer.bytes
    }

    /// The higher of the slots that are whole, or nil.
    static func read(_ file: [UInt8], salt: UInt32) -> Watermark? {
        let slots = [0, Block.bytes].compactMap { start -> Watermark? in
            guard file.count >= start + Block.bytes else { return nil }
            do {
                return try Watermark(file, at: start, salt: salt)
            } catch {
                // A slot that is not whole says nothing.
                return nil
            }
        }
        return slots.max { $0.group < $1.group }
    }

    init(group: UInt64, index: LogIndex) {
        self.group = group
        self.index = index
    }

    private init(_ file: [UInt8], at start: Int, salt: UInt32) throws(ByteCodecError) {
        var reader = ByteReader(file, in: start..<(start + Block.bytes))
        let magic: UInt32 = try reader.read()
        let version: UInt32 = try reader.read()
        group = try reader.read()
        index = LogIndex(try reader.read())
        var crc = CRC32C(salt: salt)
        crc.update(file, in: start..<reader.offset)
        guard magic == Self.magic, version == 1, try reader.read() == crc.value else {
            throw .malformed(offset: start, what: "watermark")
        }
    }
}
