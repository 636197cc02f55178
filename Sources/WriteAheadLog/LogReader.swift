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
    /// - Throws: `corrupt` with all the damage there is, `foreign` for the log of somebody else,
    ///   `fileSystem`.
    func read(
        _ names: [FileName], bound: SegmentScan.Bound
    ) throws(WALError) -> Image? {
        var damage = WALDamage()
        var found: [Found] = []
        for name in names {
            guard case .segment(let sequence, let firstIndex) = name else { continue }
            if let header = try header(
                of: name, sequence: sequence, firstIndex: firstIndex, &damage)
            {
                found.append((name, sequence, header))
            }
        }
        found.sort { $0.sequence < $1.sequence }
        let image = try image(of: found, bound: bound, &damage)
        guard damage.count == 0 else { throw .corrupt(damage) }
        return image
    }

    // Reads every segment, also behind damage, so that all of it is told; what comes of the first
    // damage is not told again.
    private func image(
        of found: [Found], bound: SegmentScan.Bound, _ damage: inout WALDamage
    ) throws(WALError) -> Image? {
        guard let newest = found.last else { return nil }
        // With a header damaged the newest segment is not known, and what was durable may be in it.
        let newestBound = damage.count == 0 ? bound : .none
        let (chain, superseded) = chain(found, &damage)
        var replay = LogReplay(chain[0].header)
        var closed: [Closed] = []
        var repairs: [(name: FileName, writes: [SegmentWriter.Write])] = []
        var groups = 0
        for (segment, next) in zip(chain, chain.dropFirst()) {
            let isLinked = next.header.continuesSequence == segment.sequence
            let scan = try scan(
                segment, bound: isLinked ? bound : .none, next: isLinked ? next.header : nil,
                &damage)
            closed.append(
                Closed(sequence: segment.sequence, name: segment.name, indexMax: scan.indexMax))
            if damage.count == 0 { _ = apply(scan, of: segment, to: &replay, &damage) }
            if damage.count == 0 { checkLink(scan, of: segment, to: next, replay, &damage) }
            repairs.append((segment.name, scan.repairs))
            groups += scan.groups.count
        }
        let scan = try scan(newest, bound: newestBound, next: nil, &damage)
        guard damage.count == 0 else { return nil }
        let summaries = apply(scan, of: newest, to: &replay, &damage)
        repairs.append((newest.name, scan.repairs))
        return Image(
            closed: closed,
            head: Head(name: newest.name, header: newest.header, scan: scan, summaries: summaries),
            superseded: superseded, replay: replay,
            repairs: repairs.filter { !$0.writes.isEmpty },
            groups: groups + scan.groups.count, nextSequence: newest.sequence + 1)
    }

    private func header(
        of name: FileName, sequence: UInt64, firstIndex: LogIndex, _ damage: inout WALDamage
    ) throws(WALError) -> SegmentHeader? {
        let block = try files.read(name, count: Block.bytes)
        let header: SegmentHeader
        do {
            header = try SegmentHeader(decoding: block)
        } catch {
            // A segment has its name only once its header is durable: this was not torn.
            damage.add(corruption(name, .segmentHeader))
            return nil
        }
        guard header.identity == identity else { throw .foreign(file: files.path(name)) }
        guard header.sequence == sequence, header.startsAfter.index.next == firstIndex else {
            damage.add(corruption(name, .segmentOrder))
            return nil
        }
        return header
    }

    // The newest segment and those that it continues, oldest first; and those between them that
    // were superseded.
    private func chain(
        _ found: [Found], _ damage: inout WALDamage
    ) -> (chain: [Found], superseded: [FileName]) {
        var chain: [Found] = []
        var superseded: [FileName] = []
        var wanted: UInt64? = found.last?.sequence
        // A segment whose header is damaged is told already, and not missed again.
        let misses = damage.count == 0
        for segment in found.reversed() {
            guard let sequence = wanted, segment.sequence <= sequence else {
                sometimes(.segmentSuperseded)
                superseded.append(segment.name)
                continue
            }
            if segment.sequence < sequence, misses {
                // Segments go oldest first, so one that is older than a missing one is not left
                // over: the one between them was lost.
                damage.add(corruption(segment.name, .segmentMissing))
            }
            let continues = segment.header.continuesSequence
            chain.append(segment)
            guard continues < segment.sequence else {
                damage.add(corruption(segment.name, .segmentOrder))
                break
            }
            wanted = continues == 0 ? nil : continues
        }
        return (chain.reversed(), superseded)
    }

    private func scan(
        _ segment: Found, bound: SegmentScan.Bound, next: SegmentHeader?,
        _ damage: inout WALDamage
    ) throws(WALError) -> SegmentScan {
        var image = try files.read(segment.name)
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
            let slot = found.slots.first
            damage.add(
                WALCorruption(
                    file: files.path(segment.name), offset: found.offset, index: slot?.index,
                    term: slot?.term, reason: found.reason))
        }
        return scan
    }

    private func apply(
        _ scan: SegmentScan, of segment: Found, to replay: inout LogReplay,
        _ damage: inout WALDamage
    ) -> [LogSummary] {
        var summaries: [LogSummary] = []
        for located in scan.groups {
            do {
                try replay.apply(located.group)
            } catch {
                damage.add(
                    WALCorruption(
                        file: files.path(segment.name), offset: located.block * Block.bytes,
                        index: error.index, term: error.term, reason: .recordOrder))
                return summaries
            }
            summaries.append(replay.summary)
        }
        return summaries
    }

    private func checkLink(
        _ scan: SegmentScan, of segment: Found, to next: Found, _ replay: LogReplay,
        _ damage: inout WALDamage
    ) {
        let chain = scan.groups.last?.chain ?? segment.header.chain
        let lastGroup = scan.groups.last?.group.number ?? segment.header.firstGroup - 1
        guard next.header.chain == chain, next.header.continuesGroup == lastGroup,
            next.header.firstGroup > lastGroup, replay.isContinued(by: next.header)
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
