internal import ByteCodec
internal import RaftCore

/// Reads a log from its directory and changes nothing (consensus recovery R3 and R4).
struct LogReader {
    /// A segment of the log that is not written any more.
    struct Closed: Equatable {
        var sequence: UInt64
        var name: FileName
        /// The highest entry ever written to it, or 0: what decides when it may go.
        var indexMax: LogIndex
        /// The last of its groups that counts.
        var lastGroup: UInt64
    }

    /// The newest segment.
    struct Head {
        var name: FileName
        var header: SegmentHeader
        var scan: SegmentScan
        /// What was true after each of its groups.
        var summaries: [LogSummary]
    }

    /// A log as it was found.
    struct Image {
        /// Every segment but the newest, oldest first.
        var closed: [Closed]
        var head: Head
        /// Segments that a newer one took the place of, or that a lost one stood behind.
        var superseded: [FileName]
        var replay: LogReplay
        /// What was durable and is not what was written.
        var damage: WALDamage
        /// Headers and identifier blocks to be written again.
        var repairs: [(name: FileName, writes: [SegmentWriter.Write])]
        var groups: Int
        /// Higher than that of any segment that was found.
        var nextSequence: UInt64
    }

    /// A segment by its name, and its header, if that can be read.
    private struct Found {
        var name: FileName
        var sequence: UInt64
        var header: SegmentHeader?
    }

    /// A segment of the chain.
    private typealias Linked = (name: FileName, header: SegmentHeader)

    let files: LogFiles
    let identity: WALIdentity
    /// The last entry that the state has applied; nil when the state is lost.
    let applied: EntryID?

    private var repairs: [(name: FileName, writes: [SegmentWriter.Write])] = []
    // Of segments that may prove superseded.
    private var headerRepairs: [(name: FileName, writes: [SegmentWriter.Write])] = []

    init(files: LogFiles, identity: WALIdentity, applied: EntryID?) {
        self.files = files
        self.identity = identity
        self.applied = applied
    }

    /// Reads the log.
    ///
    /// - Returns: nil when there is no segment.
    /// - Throws: `promisesLost` when the newest term and vote are damaged too, `foreign` for the
    ///   log of somebody else, `unsupported` for one of another version, `fileSystem`.
    mutating func read(
        _ names: [FileName], bound: SegmentScan.Bound
    ) throws(WALError) -> Image? {
        var damage = WALDamage()
        var found: [Found] = []
        for name in names {
            guard case .segment(let sequence, let firstIndex) = name else { continue }
            let header = try header(of: name, sequence: sequence, firstIndex: firstIndex)
            found.append(Found(name: name, sequence: sequence, header: header))
        }
        found.sort { $0.sequence < $1.sequence }
        return try image(of: found, bound: bound, &damage)
    }

    private mutating func image(
        of found: [Found], bound: SegmentScan.Bound, _ damage: inout WALDamage
    ) throws(WALError) -> Image? {
        guard let newest = found.last else { return nil }
        let (chain, superseded) = chain(found, &damage)
        guard newest.header != nil else { throw .promisesLost(damage) }
        repairs = headerRepairs.filter { repair in chain.contains { $0.name == repair.name } }
        // Without a state the log is all that there is, from where it begins.
        var replay = LogReplay(chain[0].header, floor: applied ?? chain[0].header.startsAfter)
        var closed: [Closed] = []
        var groups = 0
        for (segment, next) in zip(chain, chain.dropFirst()) {
            let scan = try scan(
                segment, bound: bound, next: next.header, &damage)
            closed.append(
                Closed(
                    sequence: segment.header.sequence, name: segment.name,
                    indexMax: scan.indexMax, lastGroup: next.header.continuesGroup))
            _ = apply(scan, of: segment, to: &replay, &damage)
            link(scan, of: segment, to: next, &replay, &damage)
            groups += scan.groups.count
        }
        let head = chain[chain.count - 1]
        let scan = try scan(head, bound: bound, next: nil, &damage)
        let summaries = apply(scan, of: head, to: &replay, &damage)
        guard !scan.isEndUnknown else { throw .promisesLost(damage) }
        return Image(
            closed: closed,
            head: Head(name: head.name, header: head.header, scan: scan, summaries: summaries),
            superseded: superseded, replay: replay, damage: damage,
            repairs: repairs.filter { !$0.writes.isEmpty },
            groups: groups + scan.groups.count, nextSequence: newest.sequence + 1)
    }

    // A segment has its name only once its header is durable, in both places: it was not torn.
    private mutating func header(
        of name: FileName, sequence: UInt64, firstIndex: LogIndex
    ) throws(WALError) -> SegmentHeader? {
        let size = try files.size(name)
        let copyOffset = SegmentHeader.copyOffset(segmentBytes: size)
        let blocks = [0, max(copyOffset, 0)]
        var headers: [SegmentHeader?] = []
        for offset in blocks {
            guard let block = try files.readBlock(name, at: offset) else {
                headers.append(nil)
                continue
            }
            if let version = SegmentHeader.version(of: block), version != SegmentHeader.version {
                throw .unsupported(file: files.path(name), version: version)
            }
            headers.append(decode(block))
        }
        guard let header = headers[0] ?? headers[1] else { return nil }
        guard header.identity == identity else { throw .foreign(file: files.path(name)) }
        // A file under another's name tells nothing.
        guard header.sequence == sequence, header.startsAfter.index.next == firstIndex else {
            return nil
        }
        if header.segmentBytes == size {
            let writes = zip(blocks, headers).filter { $0.1 != header }.map {
                SegmentWriter.Write(offset: $0.0, bytes: header.encoded())
            }
            if !writes.isEmpty { sometimes(.headerRepaired) }
            headerRepairs.append((name, writes))
        }
        return header
    }

    private func decode(_ block: [UInt8]) -> SegmentHeader? {
        do {
            return try SegmentHeader(decoding: block)
        } catch {
            // Damaged: there are two of them.
            return nil
        }
    }

    // The newest segment and those that it continues, oldest first, as far back as none is lost;
    // and the others.
    private func chain(
        _ found: [Found], _ damage: inout WALDamage
    ) -> (chain: [Linked], superseded: [FileName]) {
        var chain: [Linked] = []
        var superseded: [FileName] = []
        var wanted: UInt64? = found.last?.sequence
        for segment in found.reversed() {
            guard let sequence = wanted, segment.sequence <= sequence else {
                sometimes(.segmentSuperseded)
                superseded.append(segment.name)
                continue
            }
            guard segment.sequence == sequence, let header = segment.header else {
                // Segments go oldest first, so one that is older than a missing one is not left
                // over: the one between them was lost, and what is behind it continues nothing.
                let isMissing = segment.sequence < sequence
                damage.add(corruption(segment.name, isMissing ? .segmentMissing : .segmentHeader))
                superseded.append(segment.name)
                wanted = nil
                continue
            }
            chain.append((segment.name, header))
            let continues = header.continuesSequence
            wanted = continues == 0 ? nil : continues
        }
        return (chain.reversed(), superseded)
    }

    private mutating func scan(
        _ segment: Linked, bound: SegmentScan.Bound, next: SegmentHeader?,
        _ damage: inout WALDamage
    ) throws(WALError) -> SegmentScan {
        var (image, unreadable) = try files.salvage(segment.name)
        if unreadable > 0 { sometimes(.unreadableBlock) }
        let segmentBytes = segment.header.segmentBytes
        if image.count != segmentBytes {
            damage.add(corruption(segment.name, .segmentOrder))
            // What is there is looked at all the same.
            image = Array(image.prefix(segmentBytes))
            image += [UInt8](repeating: 0, count: segmentBytes - image.count)
        }
        let scan = SegmentScan(
            image, header: segment.header, bound: bound, lastGroup: next?.continuesGroup)
        for found in scan.damage {
            damage.add(
                WALCorruption(
                    file: files.path(segment.name), offset: found.offset,
                    index: found.entry?.index, term: found.entry?.term, reason: found.reason))
        }
        repairs.append((segment.name, scan.repairs))
        return scan
    }

    // Follows what a segment holds, whole or not. Returns what was true after each whole group.
    private func apply(
        _ scan: SegmentScan, of segment: Linked, to replay: inout LogReplay,
        _ damage: inout WALDamage
    ) -> [LogSummary] {
        var summaries: [LogSummary] = []
        var expected = segment.header.firstGroup
        for piece in scan.pieces {
            switch piece {
            case .lost(let lost):
                if lost.number == expected { replay.apply(lost) } else { replay.anchor(lost.after) }
                expected = lost.number + 1
            case .group(let located):
                let group = located.group
                if group.number != expected { replay.bridge(to: group) }
                expected = group.number + 1
                // A copy is as long as the log: only a group that takes something away needs one.
                let isGrowing = group.records.allSatisfy { $0.kind == .entry }
                let before = isGrowing ? nil : replay
                let count = replay.count
                do {
                    try replay.apply(group)
                } catch {
                    damage.add(
                        WALCorruption(
                            file: files.path(segment.name), offset: located.block * Block.bytes,
                            index: error.index, term: error.term, reason: .recordOrder))
                    if let before { replay = before } else { replay.takeBack(to: count) }
                    replay.anchor(group.frame.summary)
                }
                summaries.append(replay.summary)
            }
        }
        return summaries
    }

    private func link(
        _ scan: SegmentScan, of segment: Linked, to next: Linked, _ replay: inout LogReplay,
        _ damage: inout WALDamage
    ) {
        let lastGroup = scan.groups.last?.group.number ?? segment.header.firstGroup - 1
        let isChained =
            next.header.continuesGroup != lastGroup
            || next.header.chain == scan.groups.last?.chain ?? segment.header.chain
        let isReached = next.header.continuesGroup == lastGroup || !scan.damage.isEmpty
        let isContinued = replay.link(next.header)
        guard isReached, isChained, next.header.firstGroup > lastGroup,
            isContinued || !scan.damage.isEmpty
        else { return damage.add(corruption(next.name, .segmentOrder)) }
    }

    private func corruption(_ name: FileName, _ reason: WALCorruption.Reason) -> WALCorruption {
        WALCorruption(file: files.path(name), offset: 0, reason: reason)
    }
}

extension SegmentScan {
    /// The highest entry written to the segment, or 0.
    var indexMax: LogIndex {
        groups.reduce(.zero) { max($0, $1.group.indexMax) }
    }
}

extension Group {
    /// The highest entry in the group, or 0.
    var indexMax: LogIndex {
        records.reduce(.zero) { $1.kind == .entry ? max($0, $1.index) : $0 }
    }
}
