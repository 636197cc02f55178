internal import ByteCodec
internal import RaftCore

/// From what was read to a log that can be written: checks it against the state, and makes its end
/// durable again in a fresh segment (consensus recovery R5 to R7).
///
/// The end may be in the page cache only, if the last process was killed, or if its last sync
/// failed: then the kernel may call pages clean that never reached the disk. So whatever is not
/// known to be durable is written once more, elsewhere, and the fresh segment takes the place of
/// the old bytes in the step in which it gets its name. Before that step nothing that counts is
/// changed; after it a second crash finds a log like any other.
struct LogRecovery {
    let files: LogFiles
    let identity: WALIdentity
    var options: WALOptions
    let image: LogReader.Image?
    let watermark: Watermark?

    /// Where the fresh segment continues the log.
    private struct Link {
        var sequence: UInt64
        var group: UInt64
        var chain: UInt32
        var summary: LogSummary
        /// Groups of the old head that stay where they are.
        var kept: Int
    }

    /// Checks, repairs, and writes the fresh segment.
    mutating func finish(
        state: DurableState, names: [FileName]
    ) throws(WALError) -> (log: WriteAheadLog, recovered: RecoveredLog) {
        var report = RecoveryReport()
        var replay: LogReplay
        var groups: [Group] = []
        let link: Link
        if let image {
            replay = image.replay
            let discards = try mustDiscard(replay, state, isDamaged: image.damage.count > 0)
            report.segments = image.closed.count + 1
            report.groups = image.groups
            report.discardedForSnapshot = discards
            report.damage = image.damage
            if discards { replay.reset(to: state.snapshot) }
            if image.damage.count > 0 {
                link = try beginAnew(&replay, state, &report, &groups)
            } else {
                report.identifiersRepaired = image.repairs.reduce(0) { $0 + $1.writes.count }
                link = self.link(image)
                groups = image.head.scan.groups.dropFirst(link.kept).map(\.group)
                if discards {
                    groups = [resetGroup(replay, to: state.snapshot)]
                } else {
                    report.groupsWrittenAgain = groups.count
                }
                try repairIdentifiers()
            }
        } else {
            let header = emptyHeader
            replay = LogReplay(header, floor: .zero)
            guard state.applied == .zero else {
                // Term and vote are gone with the log, whatever the state has.
                throw .behindState(applied: state.applied, last: .zero)
            }
            report.isNew = true
            link = Link(
                sequence: 0, group: 0, chain: 0, summary: replay.summary, kept: 0)
        }
        let parts = try makeParts(link, groups, names: names, replay: replay)
        var hardState = replay.hardState
        hardState.commit = min(hardState.commit, replay.last.index)
        let recovered = RecoveredLog(
            hardState: hardState, logStart: replay.logStart, entries: replay.entries,
            promised: replay.promised, tornTail: image?.head.scan.isTorn ?? false, report: report)
        let log = WriteAheadLog(
            files: files, identity: identity, options: options, parts: parts)
        try log.takeOver(discarded: report.discardedForSnapshot)
        return (log, recovered)
    }

    // R8. A log that lost a part begins anew behind what the state has applied, or where it began
    // if the state is lost too, in one segment that continues nothing: all others are superseded in
    // the step in which it gets its name.
    private mutating func beginAnew(
        _ replay: inout LogReplay, _ state: DurableState, _ report: inout RecoveryReport,
        _ groups: inout [Group]
    ) throws(WALError) -> Link {
        replay.inferTerms()
        if state.isLost {
            // Nothing has what the log would give up, and it goes on from its own beginning: which
            // must be known to be the cluster's.
            guard !replay.isBeginningUnknown, replay.term(at: replay.logStart.index) != nil,
                replay.hardState.commit >= replay.logStart.index
            else {
                throw .beginningUnknown(report.damage)
            }
        } else if !report.discardedForSnapshot {
            replay.cut(to: state.applied)
        }
        report.entriesLost = replay.lostCount
        replay.keepWhole()
        sometimes(report.entriesLost > 0 ? .entriesLost : .damageMendedAlone)
        let start = LogSummary(
            last: replay.logStart, generation: replay.generation + 1,
            hardState: replay.hardState, promised: replay.promised)
        groups = Group.groups(of: replay.entries, behind: start, bytesMax: options.groupBytesMax)
        let blocks = groups.reduce(2) { $0 + $1.segmentBlocks }
        options.segmentBytes = max(options.segmentBytes, blocks * Block.bytes)
        guard options.segmentBytes <= WALOptions.segmentBytesMax else {
            throw .promisesLost(report.damage)
        }
        return Link(sequence: 0, group: 0, chain: 0, summary: start, kept: 0)
    }

    // R6. True when the log must begin anew behind the state's snapshot.
    func mustDiscard(
        _ replay: LogReplay, _ state: DurableState, isDamaged: Bool
    ) throws(WALError) -> Bool {
        let snapshot = state.snapshot
        let reachesSnapshot =
            snapshot.index <= replay.last.index
            && (replay.term(at: snapshot.index).map { $0 == snapshot.term } ?? true)
        guard snapshot.index == .zero || reachesSnapshot else {
            // Entries were applied on top of the snapshot, so the log had been reset to it.
            guard state.applied == snapshot else {
                throw .behindState(applied: state.applied, last: replay.last)
            }
            return true
        }
        guard state.applied.index <= replay.last.index else {
            throw .behindState(applied: state.applied, last: replay.last)
        }
        // What is known of a state that was given up may be nothing at all.
        if state.isLost { return false }
        guard replay.logStart.index <= state.applied.index || isDamaged else {
            throw .beginsBehindState(applied: state.applied, logStart: replay.logStart)
        }
        if let term = replay.term(at: state.applied.index), term != state.applied.term {
            throw .divergesFromState(applied: state.applied, inLog: term)
        }
        return false
    }

    // Groups known to be durable stay; but the newest segment is left behind as a whole when
    // little is in it, so that a node that starts again and again does not collect segments.
    private func link(_ image: LogReader.Image) -> Link {
        let head = image.head
        let durable = max(head.scan.durableGroup, watermark?.group ?? 0)
        let isSmall = (head.scan.end.block - 1) * Block.bytes <= head.header.segmentBytes / 8
        let kept =
            isSmall
            ? 0 : head.scan.groups.prefix { $0.group.number <= durable }.count
        guard kept > 0 else {
            return Link(
                sequence: head.header.continuesSequence, group: head.header.continuesGroup,
                chain: head.header.chain,
                summary: head.header.summary, kept: 0)
        }
        let last = head.scan.groups[kept - 1]
        return Link(
            sequence: head.header.sequence, group: last.group.number, chain: last.chain,
            summary: head.summaries[kept - 1], kept: kept)
    }

    private var emptyHeader: SegmentHeader {
        SegmentHeader(
            identity: identity, sequence: 1, segmentBytes: options.segmentBytes,
            continuesSequence: 0, continuesGroup: 0, firstGroup: 1, durableGroup: 0, chain: 0,
            startsAfter: .zero, generation: 0, hardState: HardState())
    }

    private func resetGroup(_ replay: LogReplay, to snapshot: EntryID) -> Group {
        Group(
            number: 0, records: [.reset(to: snapshot)],
            frame: CommitFrame(
                hardState: replay.hardState, generation: replay.generation + 1, last: snapshot,
                durableGroup: 0, durableIndex: .zero))
    }

    private func repairIdentifiers() throws(WALError) {
        for repair in image?.repairs ?? [] {
            let file = try files.open(repair.name, .readWrite)
            try files.write(file, repair.writes)
            try files.synchronize(file)
            try files.close(file)
        }
    }

    // The highest number that a group ever had, as far as it was synced.
    private var highestGroup: UInt64 {
        let marked = watermark?.group ?? 0
        guard let head = image?.head else { return marked }
        let last = head.scan.groups.last?.group.number ?? head.header.firstGroup - 1
        return max(marked, last, head.scan.durableGroup)
    }

    private func makeParts(
        _ link: Link, _ groups: [Group], names: [FileName], replay: LogReplay
    ) throws(WALError) -> WriteAheadLog.Parts {
        var reserve = try SegmentReserve(files: files, options: options, names: names)
        while reserve.count == 0 { try reserve.fillStep() }
        let watermarkFile = try openWatermark(names)
        // Numbers go on behind every group that was ever synced, so that a watermark that counts
        // groups which a fresh segment took the place of means none of the new ones.
        let highest = highestGroup
        var numbered = groups
        for step in numbered.indices {
            numbered[step].number = highest + 1 + UInt64(step)
            numbered[step].frame.durableGroup = highest
        }
        let lastGroup = highest + UInt64(groups.count)
        let header = SegmentHeader(
            identity: identity, sequence: image?.nextSequence ?? 1,
            segmentBytes: options.segmentBytes, continuesSequence: link.sequence,
            continuesGroup: link.group, firstGroup: highest + 1, durableGroup: lastGroup,
            chain: link.chain, startsAfter: link.summary.last,
            generation: link.summary.generation, hardState: link.summary.hardState,
            promised: link.summary.promised)
        let fresh = try files.beginSegment(header, groups: numbered, reserve: &reserve)
        // What the fresh segment took the place of goes now, and not before.
        var superseded = image?.superseded ?? []
        var closed = image?.closed ?? []
        if link.sequence == 0 {
            superseded += closed.map(\.name)
            closed = []
        }
        if let head = image?.head {
            if link.kept == 0 {
                superseded.append(head.name)
            } else {
                closed.append(
                    LogReader.Closed(
                        sequence: head.header.sequence, name: head.name,
                        indexMax: head.scan.indexMax, lastGroup: link.group))
            }
        }
        for name in superseded { try reserve.recycle(name) }
        var written = groups.last.map(\.frame.summary) ?? link.summary
        written.promised = replay.promised
        precondition(written.last == replay.last, "\(written.last), not \(replay.last)")
        return WriteAheadLog.Parts(
            closed: closed, current: fresh.current, reserve: reserve, watermark: watermarkFile,
            written: written, terms: LogTerms(replay), nextGroup: lastGroup + 1,
            nextSequence: header.sequence + 1)
    }

    // The file has its full length before it counts, so that no later write makes it longer.
    private func openWatermark(_ names: [FileName]) throws(WALError) -> FileHandle {
        let name = FileName.other(Watermark.fileName)
        let path = files.path(name)
        let exists = names.contains(name)
        return try files.callForRoom { fs throws(FileSystemError) in
            let size = exists ? try fs.status(path)?.sizeBytes ?? 0 : 0
            let file = try fs.open(path, exists ? .readWrite : .create)
            if size < Watermark.fileBytes {
                try fs.write(file, [UInt8](repeating: 0, count: Watermark.fileBytes), at: 0)
                try fs.synchronizeData(file)
            }
            return file
        }
    }
}

extension Group {
    /// Groups that hold these entries, behind what is true before; their numbers are given later.
    static func groups(of entries: [Entry], behind start: LogSummary, bytesMax: Int) -> [Group] {
        var groups: [Group] = []
        var records: [Record] = []
        var bytes = 0
        var summary = start
        func close() {
            guard !records.isEmpty else { return }
            let frame = CommitFrame(
                hardState: summary.hardState, generation: summary.generation, last: summary.last,
                durableGroup: 0, durableIndex: .zero)
            groups.append(Group(number: 0, records: records, frame: frame))
            records = []
            bytes = 0
        }
        for entry in entries {
            let record = Record.entry(entry)
            if bytes + record.encodedBytes > bytesMax { close() }
            records.append(record)
            bytes += record.encodedBytes
            summary.apply(record)
        }
        close()
        return groups
    }

    /// The blocks that the group and its identifiers fill in a segment.
    var segmentBlocks: Int {
        let recordBytes = records.reduce(0) { $0 + $1.encodedBytes }
        return Self.blocks(recordBytes: recordBytes) + IdentifierBlock.blocks(slots: records.count)
    }
}

extension LogTerms {
    /// The terms of a log that was read.
    init(_ replay: LogReplay) {
        self.init(startingAfter: replay.logStart)
        for entry in replay.entries { append(entry.id) }
    }
}
