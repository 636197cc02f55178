internal import RaftCore

/// Reads a log from its directory and changes nothing (consensus recovery R3 and R4).
struct LogReader {
    /// A segment of the log that is not written any more.
    struct Closed: Equatable {
        var sequence: UInt64
        var name: FileName
        /// The highest entry ever written to it, or 0: what decides when it may go.
        var indexMax: LogIndex
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
        /// Segments that a newer one took the place of.
        var superseded: [FileName]
        var replay: LogReplay
        /// Identifier blocks to be written again.
        var repairs: [(name: FileName, writes: [SegmentWriter.Write])]
        var groups: Int
        /// Higher than that of any segment that was found.
        var nextSequence: UInt64
    }

    private typealias Found = (name: FileName, sequence: UInt64, header: SegmentHeader)

    let files: LogFiles
    let identity: WALIdentity

    /// Reads the log.
    ///
    /// - Returns: nil when there is no segment.
    /// - Throws: `corrupt` for damage, `foreign` for the log of somebody else, `fileSystem`.
    func read(
        _ names: [FileName], bound: SegmentScan.Bound
    ) throws(WALError) -> Image? {
        var found: [Found] = []
        for name in names {
            guard case .segment(let sequence, let firstIndex) = name else { continue }
            let header = try header(of: name, sequence: sequence, firstIndex: firstIndex)
            found.append((name, sequence, header))
        }
        found.sort { $0.sequence < $1.sequence }
        guard let newest = found.last else { return nil }
        let (chain, superseded) = try chain(found)

        var replay = LogReplay(chain[0].header)
        var closed: [Closed] = []
        var repairs: [(name: FileName, writes: [SegmentWriter.Write])] = []
        var groups = 0
        for (segment, next) in zip(chain, chain.dropFirst()) {
            let scan = try scan(segment, bound: bound, next: next.header)
            closed.append(
                Closed(sequence: segment.sequence, name: segment.name, indexMax: scan.indexMax))
            _ = try apply(scan, of: segment, to: &replay)
            try checkLink(scan, of: segment, to: next, replay)
            repairs.append((segment.name, scan.repairs))
            groups += scan.groups.count
        }
        let scan = try scan(newest, bound: bound, next: nil)
        let summaries = try apply(scan, of: newest, to: &replay)
        repairs.append((newest.name, scan.repairs))
        return Image(
            closed: closed,
            head: Head(name: newest.name, header: newest.header, scan: scan, summaries: summaries),
            superseded: superseded, replay: replay,
            repairs: repairs.filter { !$0.writes.isEmpty },
            groups: groups + scan.groups.count, nextSequence: newest.sequence + 1)
    }

    private func header(
        of name: FileName, sequence: UInt64, firstIndex: LogIndex
    ) throws(WALError) -> SegmentHeader {
        let block = try files.read(name, count: Block.bytes)
        let header: SegmentHeader
        do {
            header = try SegmentHeader(decoding: block)
        } catch {
            // A segment has its name only once its header is durable: this was not torn.
            throw corrupt(name, .segmentHeader)
        }
        guard header.identity == identity else { throw .foreign(file: files.path(name)) }
        guard header.sequence == sequence, header.startsAfter.index.next == firstIndex else {
            throw corrupt(name, .segmentOrder)
        }
        return header
    }

    // The newest segment and those that it continues, oldest first; and those between them that
    // were superseded.
    private func chain(
        _ found: [Found]
    ) throws(WALError) -> (chain: [Found], superseded: [FileName]) {
        var chain: [Found] = []
        var superseded: [FileName] = []
        var wanted: UInt64? = found.last?.sequence
        for segment in found.reversed() {
            guard let sequence = wanted, segment.sequence <= sequence else {
                superseded.append(segment.name)
                continue
            }
            guard segment.sequence == sequence else {
                // Segments go oldest first, so one that is older than a missing one is not left
                // over: the one between them was lost.
                throw corrupt(segment.name, .segmentMissing)
            }
            let continues = segment.header.continuesSequence
            guard continues < sequence else { throw corrupt(segment.name, .segmentOrder) }
            chain.append(segment)
            wanted = continues == 0 ? nil : continues
        }
        return (chain.reversed(), superseded)
    }

    private func scan(
        _ segment: Found, bound: SegmentScan.Bound, next: SegmentHeader?
    ) throws(WALError) -> SegmentScan {
        let image = try files.read(segment.name)
        guard image.count == segment.header.segmentBytes else {
            throw corrupt(segment.name, .segmentOrder)
        }
        let scan = SegmentScan(
            image, header: segment.header, bound: bound, lastGroup: next?.continuesGroup)
        if let damage = scan.damage.first {
            let slot = damage.slots.first
            throw .corrupt(
                WALCorruption(
                    file: files.path(segment.name), offset: damage.offset, index: slot?.index,
                    term: slot?.term, reason: damage.reason))
        }
        return scan
    }

    private func apply(
        _ scan: SegmentScan, of segment: Found, to replay: inout LogReplay
    ) throws(WALError) -> [LogSummary] {
        var summaries: [LogSummary] = []
        for located in scan.groups {
            do {
                try replay.apply(located.group)
            } catch {
                throw .corrupt(
                    WALCorruption(
                        file: files.path(segment.name), offset: located.block * Block.bytes,
                        index: error.index, term: error.term, reason: .recordOrder))
            }
            summaries.append(replay.summary)
        }
        return summaries
    }

    private func checkLink(
        _ scan: SegmentScan, of segment: Found, to next: Found, _ replay: LogReplay
    ) throws(WALError) {
        let chain = scan.groups.last?.chain ?? segment.header.chain
        let lastGroup = scan.groups.last?.group.number ?? segment.header.firstGroup - 1
        guard next.header.chain == chain, next.header.continuesGroup == lastGroup,
            next.header.firstGroup > lastGroup, replay.isContinued(by: next.header)
        else { throw corrupt(next.name, .segmentOrder) }
    }

    private func corrupt(_ name: FileName, _ reason: WALCorruption.Reason) -> WALError {
        .corrupt(WALCorruption(file: files.path(name), offset: 0, reason: reason))
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
