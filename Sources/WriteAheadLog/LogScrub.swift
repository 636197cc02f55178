internal import ByteCodec
internal import RaftCore

/// Reads what was synced again, a group at a time, and compares it with its checksums: damage that
/// nobody has come across yet is found while the entries are still in memory.
struct LogScrub {
    /// What one step found.
    enum Finding: Equatable {
        case whole
        case damaged(WALCorruption)
    }

    /// A segment and the last group in it that counts.
    typealias Target = (sequence: UInt64, name: FileName, lastGroup: UInt64)

    // Where the next step begins; nil: at the beginning of the next segment.
    private struct Place {
        var header: SegmentHeader
        var block: Int
        var identifierBlock: Int
        var group: UInt64
        var chain: UInt32
    }

    /// A part of the file from a multiple of `windowBytes` on.
    private struct Window {
        let offset: Int
        let bytes: [UInt8]
    }

    private static let windowBytes = 64 << 10

    private let identity: WALIdentity
    private var sequence: UInt64 = 0
    private var place: Place?
    // Why a step that found damage may have found none.
    private var failure: FileSystemError?
    // Of the file that is being read.
    private var path = ""
    // Parts of that file, as the disk gave them: one with groups, and one with their identifiers.
    private var windows: [Window] = []
    /// Bytes read.
    private(set) var bytesRead: UInt64 = 0
    /// Times that the whole log was read.
    private(set) var rounds: UInt64 = 0

    init(identity: WALIdentity) { self.identity = identity }

    /// Forgets what was read, which is not what the disk holds once the log is written to.
    mutating func forget() { windows = [] }

    /// Begins again.
    mutating func restart() {
        sequence = 0
        place = nil
    }

    /// Reads one header or one group.
    ///
    /// - Parameter targets: the segments of the log, oldest first.
    /// - Throws: `fileSystem` when a file that is there cannot be opened, or not be asked; the next
    ///   step tries again. A block that the disk does not give back is damage.
    mutating func step(_ targets: [Target], _ files: LogFiles) throws(WALError) -> Finding {
        guard let target = targets.first(where: { $0.sequence >= sequence }) else {
            restart()
            rounds += 1
            return .whole
        }
        if target.sequence != sequence {
            place = nil
            forget()
        }
        sequence = target.sequence
        path = files.path(target.name)
        let file: FileHandle
        do {
            file = try files.open(target.name, .readOnly)
        } catch .fileSystem(let error) where error.isMissing {
            return .damaged(WALCorruption(file: path, offset: 0, reason: .segmentHeader))
        }
        let before = place
        let finding = check(target, file, files)
        try files.close(file)
        if let failure {
            self.failure = nil
            place = before
            throw .fileSystem(failure)
        }
        return finding
    }

    private mutating func check(
        _ target: Target, _ file: FileHandle, _ files: LogFiles
    ) -> Finding {
        guard let current = place else {
            return begin(target, file, files)
        }
        guard current.group <= target.lastGroup else {
            sequence = target.sequence + 1
            place = nil
            return .whole
        }
        func damaged() -> Finding {
            .damaged(
                WALCorruption(
                    file: files.path(target.name), offset: current.block * Block.bytes,
                    reason: .group))
        }
        guard let located = group(current, file, files),
            located.group.number == current.group,
            located.header.previousChain == current.chain,
            located.header.identifierBlock == current.identifierBlock
        else { return damaged() }
        let expected = IdentifierBlock.encode(located, segment: current.header)
        let offset = IdentifierBlock.offset(
            located.endIdentifierBlock - 1, segmentBytes: current.header.segmentBytes)
        guard read(file, at: offset, count: expected.count, files) == expected else {
            return damaged()
        }
        place?.block = located.endBlock
        place?.identifierBlock = located.endIdentifierBlock
        place?.group = located.group.number + 1
        place?.chain = located.chain
        return .whole
    }

    private mutating func begin(
        _ target: Target, _ file: FileHandle, _ files: LogFiles
    ) -> Finding {
        let damaged = Finding.damaged(
            WALCorruption(file: files.path(target.name), offset: 0, reason: .segmentHeader))
        guard let block = read(file, at: 0, count: Block.bytes, files) else { return damaged }
        let header: SegmentHeader
        do {
            header = try SegmentHeader(decoding: block)
        } catch {
            return damaged
        }
        let copyOffset = SegmentHeader.copyOffset(segmentBytes: header.segmentBytes)
        guard header.identity == identity, header.sequence == target.sequence,
            read(file, at: copyOffset, count: Block.bytes, files) == block
        else { return damaged }
        place = Place(
            header: header, block: 1, identifierBlock: 0, group: header.firstGroup,
            chain: header.chain)
        return .whole
    }

    // Reads the block that a group begins with, and then as many as that says.
    private mutating func group(
        _ place: Place, _ file: FileHandle, _ files: LogFiles
    ) -> Group.Located? {
        let offset = place.block * Block.bytes
        let room = place.header.segmentBytes - offset
        guard room >= Block.bytes, let first = read(file, at: offset, count: Block.bytes, files),
            let blocks = Group.blocks(of: first, at: place.block, segment: place.header),
            blocks * Block.bytes <= room,
            let bytes = read(file, at: offset, count: blocks * Block.bytes, files)
        else { return nil }
        do {
            return try Group.locate(
                in: bytes, from: place.block, at: place.block, segment: place.header)
        } catch {
            return nil
        }
    }

    private mutating func read(
        _ file: FileHandle, at offset: Int, count: Int, _ files: LogFiles
    ) -> [UInt8]? {
        bytesRead += UInt64(count)
        if let bytes = readFromWindow(at: offset, count: count, files) { return bytes }
        do throws(FileSystemError) {
            // Past the cache where that can be done: it may show what the disk holds no longer.
            var bytes = try files.fileSystem.readFromDisk(path, at: offset, count: count)
            if bytes == nil { bytes = try files.fileSystem.read(file, at: offset, count: count) }
            return bytes?.count == count ? bytes : nil
        } catch {
            // What the disk does not give back is damaged like what does not match its checksum.
            if !error.isUnreadable { failure = error }
            return nil
        }
    }
}

extension LogScrub {
    // Groups are small: many are read at once. Nil where that cannot be done, whatever the reason:
    // then the bytes that are asked for are read alone, and it is seen what is wrong with them.
    private mutating func readFromWindow(
        at offset: Int, count: Int, _ files: LogFiles
    ) -> [UInt8]? {
        let begin = offset / Self.windowBytes * Self.windowBytes
        guard offset + count <= begin + Self.windowBytes else { return nil }
        if !windows.contains(where: { $0.offset == begin }) {
            do throws(FileSystemError) {
                guard
                    let bytes = try files.fileSystem.readFromDisk(
                        path, at: begin, count: Self.windowBytes)
                else { return nil }
                if windows.count == 2 { windows.removeFirst() }
                windows.append(Window(offset: begin, bytes: bytes))
            } catch {
                return nil
            }
        }
        guard let window = windows.first(where: { $0.offset == begin }),
            offset + count <= begin + window.bytes.count
        else { return nil }
        return Array(window.bytes[(offset - begin)..<(offset - begin + count)])
    }
}

extension Group {
    /// How many blocks the group has whose first block this is; nil if it is none.
    static func blocks(of bytes: [UInt8], at block: Int, segment: SegmentHeader) -> Int? {
        do {
            var reader = ByteReader(bytes)
            let header = try GroupHeader(
                from: &reader, image: bytes, salt: segment.salt, at: block)
            return header.sequence == segment.sequence && header.blocks > 0 ? header.blocks : nil
        } catch {
            return nil
        }
    }
}
