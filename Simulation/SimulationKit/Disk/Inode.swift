/// One file's bytes, in blocks: as processes see them, and what of them is not yet on the disk.
///
/// Of a block only what comes before its last zeros is kept: most of a log is padding, and a disk
/// full of it would be most of what a world takes.
final class Inode {
    /// Blocks are written whole or not at all.
    static let blockBytes = 4_096

    /// A block that was written since the last sync, and what the disk still holds there; nil for
    /// a block past the end that the file had.
    struct Unsynced {
        let block: Int
        let before: [UInt8]?
        /// Whether a sync failed that should have written it: the kernel takes it for written, so
        /// no later sync writes it, unless it is written to again.
        var isAbandoned = false
    }

    // Each of at most `blockBytes` bytes, behind which come zeros; those past `count` are zero.
    private var blocks: [[UInt8]] = []
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
            let first = position % Self.blockBytes
            let count = min(end - position, Self.blockBytes - first)
            let kept = min(block.count, first + count)
            if first < kept { bytes.append(contentsOf: block[first..<kept]) }
            position += count
            bytes.append(contentsOf: repeatElement(0, count: position - offset - bytes.count))
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
                blocks[block] = Array(Self.withoutLastZeros(part))
            } else {
                change(block) { $0.replaceSubrange(start..<(start + part.count), with: part) }
            }
        }
        count = max(count, end)
    }

    /// Changes a block in its full length.
    private func change(_ block: Int, _ body: (inout [UInt8]) -> Void) {
        var whole = blocks[block]
        whole += repeatElement(0, count: Self.blockBytes - whole.count)
        body(&whole)
        blocks[block] = Array(Self.withoutLastZeros(whole[...]))
    }

    private static func withoutLastZeros(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let count = unsafe bytes.withUnsafeBytes { buffer in
            var count = buffer.count
            // Whole words as long as there are any; every load lies within the bytes.
            while count >= 8,
                unsafe buffer.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self) == 0
            {
                count -= 8
            }
            while count > 0, unsafe buffer[count - 1] == 0 { count -= 1 }
            return count
        }
        return bytes.prefix(count)
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
        while blocks.count <= last { blocks.append([]) }
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
            blocks[entry.block] = entry.before ?? []
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
                blocks[entry.block] = entry.before ?? []
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
        blocks[needed - 1] = Array(Self.withoutLastZeros(blocks[needed - 1].prefix(used)))
    }

    // MARK: Damage at rest

    /// How many blocks the file has.
    var blockCount: Int { blocks.count }

    /// Whether the block begins with these bytes, of which the last is not zero.
    func block(_ block: Int, beginsWith bytes: [UInt8]) -> Bool {
        blocks[block].prefix(bytes.count).elementsEqual(bytes)
    }

    /// Whether there is anything in the block.
    func isBlank(_ block: Int) -> Bool { blocks[block].isEmpty }

    /// Flips one bit of a block.
    func flipBit(_ bit: Int, ofBlock block: Int) {
        change(block) { $0[bit / 8] ^= 1 << UInt8(bit % 8) }
    }

    /// What was written to a block never came, or came to another.
    func replace(_ block: Int, withBlock other: Int?) {
        blocks[block] = other.map { blocks[$0] } ?? []
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
