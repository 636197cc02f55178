/// One file's bytes, in blocks: as processes see them, and what of them is not yet on the disk.
///
/// A block is a slice of what was written, so whole blocks are written, kept and read again
/// without being copied.
final class Inode {
    /// Blocks are written whole or not at all.
    static let blockBytes = 4_096
    private static let zeros = ArraySlice([UInt8](repeating: 0, count: blockBytes))

    /// A block that was written since the last sync, and what the disk still holds there; nil for
    /// a block past the end that the file had.
    struct Unsynced {
        let block: Int
        let before: ArraySlice<UInt8>?
        /// Whether a sync failed that should have written it: the kernel takes it for written, so
        /// no later sync writes it, unless it is written to again.
        var isAbandoned = false
    }

    // Each of `blockBytes` bytes; those past `count` are zero.
    private var blocks: [ArraySlice<UInt8>] = []
    private var isUnsynced: [Bool] = []
    /// In the order of their first writing.
    private(set) var unsynced: [Unsynced] = []
    /// The length that processes see.
    private(set) var count = 0
    /// The length that the disk has.
    private(set) var durableCount = 0
    private var hasAbandoned = false
    /// Blocks that cannot be read until they are written again.
    private var unreadable: [Int] = []
    var isDirectory = false

    /// The bytes of a range, as far as the file reaches.
    func read(at offset: Int, count wanted: Int) -> [UInt8] {
        let end = min(count, offset + wanted)
        guard offset < end else { return [] }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(end - offset)
        var position = offset
        while position < end {
            let block = blocks[position / Self.blockBytes]
            let first = block.startIndex + position % Self.blockBytes
            let count = min(end - position, block.endIndex - first)
            bytes.append(contentsOf: block[first..<(first + count)])
            position += count
        }
        return bytes
    }

    /// Writes bytes, and fills with zeros what lies between them and the end so far.
    func write(_ bytes: ArraySlice<UInt8>, at offset: Int) {
        guard !bytes.isEmpty else { return }
        let end = offset + bytes.count
        let last = (end - 1) / Self.blockBytes
        for block in (offset / Self.blockBytes)...last { remember(block) }
        extend(toBlock: last)
        var position = offset
        var rest = bytes
        while !rest.isEmpty {
            let block = position / Self.blockBytes
            let start = position % Self.blockBytes
            let part = rest.prefix(Self.blockBytes - start)
            rest = rest.dropFirst(part.count)
            position += part.count
            if part.count == Self.blockBytes {
                // All blocks of zeros share one: a reserve of them keeps no memory.
                blocks[block] = isZero(part) ? Self.zeros : part
            } else {
                var whole = Array(blocks[block])
                whole.replaceSubrange(start..<(start + part.count), with: part)
                blocks[block] = whole[...]
            }
        }
        count = max(count, end)
    }

    private func isZero(_ block: ArraySlice<UInt8>) -> Bool {
        // Whole words: blocks are multiples of eight bytes, and every load lies within its block.
        unsafe block.withUnsafeBytes { buffer in
            stride(from: 0, to: buffer.count, by: 8).allSatisfy {
                unsafe buffer.loadUnaligned(fromByteOffset: $0, as: UInt64.self) == 0
            }
        }
    }

    private func remember(_ block: Int) {
        while isUnsynced.count <= block { isUnsynced.append(false) }
        unreadable.removeAll { $0 == block }
        guard !isUnsynced[block] else {
            guard hasAbandoned, let entry = unsynced.firstIndex(where: { $0.block == block })
            else { return }
            unsynced[entry].isAbandoned = false
            return
        }
        isUnsynced[block] = true
        let isThere = block * Self.blockBytes < count
        unsynced.append(Unsynced(block: block, before: isThere ? blocks[block] : nil))
    }

    private func extend(toBlock last: Int) {
        while blocks.count <= last { blocks.append(Self.zeros) }
    }

    /// Everything is on the disk but for what was abandoned.
    func synchronize() {
        for entry in unsynced where !entry.isAbandoned { isUnsynced[entry.block] = false }
        if hasAbandoned {
            unsynced.removeAll { !$0.isAbandoned }
        } else {
            unsynced.removeAll(keepingCapacity: true)
        }
        durableCount = count
    }

    /// The sync fails, and everything that it should have written is taken for written.
    func failSync() {
        for entry in unsynced.indices { unsynced[entry].isAbandoned = true }
        hasAbandoned = !unsynced.isEmpty
    }

    /// The kernel needs the memory: of what was abandoned some is from now on as on the disk.
    func forgetAbandoned(isForgotten: () -> Bool) {
        guard hasAbandoned else { return }
        var kept: [Unsynced] = []
        for entry in unsynced {
            guard entry.isAbandoned, isForgotten() else {
                kept.append(entry)
                continue
            }
            blocks[entry.block] = entry.before ?? Self.zeros
            isUnsynced[entry.block] = false
        }
        unsynced = kept
        hasAbandoned = unsynced.contains(where: \.isAbandoned)
    }

    /// The power goes: of what was not synced each block stays or not, and so does the length.
    ///
    /// - Returns: how many blocks were lost and how many were kept.
    func losePower(isKept: () -> Bool) -> (lost: Int, kept: Int) {
        guard !unsynced.isEmpty else { return (0, 0) }
        // The length is part of the data: kept, or as it was.
        let length = isKept() ? count : durableCount
        var lost = 0
        var kept = 0
        for entry in unsynced.sorted(by: { $0.block < $1.block }) {
            if !entry.isAbandoned, isKept() {
                kept += 1
            } else {
                lost += 1
                blocks[entry.block] = entry.before ?? Self.zeros
            }
        }
        for entry in unsynced { isUnsynced[entry.block] = false }
        unsynced.removeAll()
        hasAbandoned = false
        cut(to: length)
        return (lost, kept)
    }

    private func cut(to length: Int) {
        let needed = (length + Self.blockBytes - 1) / Self.blockBytes
        if needed < blocks.count { blocks.removeLast(blocks.count - needed) }
        if needed > 0 { extend(toBlock: needed - 1) }
        count = length
        durableCount = length
        // What lies past the end within its block is zero if the file grows again.
        let used = length % Self.blockBytes
        guard used > 0 else { return }
        var whole = Array(blocks[needed - 1])
        for position in used..<Self.blockBytes { whole[position] = 0 }
        blocks[needed - 1] = whole[...]
    }

    // MARK: Damage at rest

    /// How many blocks the file has.
    var blockCount: Int { blocks.count }

    /// Whether the block begins with these bytes.
    func block(_ block: Int, beginsWith bytes: [UInt8]) -> Bool {
        blocks[block].prefix(bytes.count).elementsEqual(bytes)
    }

    /// Whether there is anything in the block.
    func isBlank(_ block: Int) -> Bool { isZero(blocks[block]) }

    /// Flips one bit of a block.
    func flipBit(_ bit: Int, ofBlock block: Int) {
        var whole = Array(blocks[block])
        whole[bit / 8] ^= 1 << UInt8(bit % 8)
        blocks[block] = whole[...]
    }

    /// What was written to a block never came, or came to another.
    func replace(_ block: Int, withBlock other: Int?) {
        blocks[block] = other.map { blocks[$0] } ?? Self.zeros
    }

    /// A block can no longer be read.
    func ruin(_ block: Int) { unreadable.append(block) }

    /// Whether part of the range cannot be read.
    func isUnreadable(at offset: Int, count: Int) -> Bool {
        unreadable.contains {
            $0 * Self.blockBytes < offset + count && offset < ($0 + 1) * Self.blockBytes
        }
    }
}
