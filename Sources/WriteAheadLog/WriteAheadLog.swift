internal import ByteCodec
public import RaftCore
internal import RaftWire

/// The durable log of one node: entries, term and vote in one stream, in segments that were filled
/// with zeros before (`docs/formats/wal.md`).
///
/// Owned by one thread. `append` gathers, `sync` makes everything gathered durable with one
/// `fdatasync`; between syncs `prepareReserve` keeps a spare segment ready, so that no write on
/// the path of an acknowledgement makes a file longer. After any failure but `reserveUnavailable`
/// and `entryTooLarge` the object refuses everything: the process must end, and the next start
/// finds out what is durable.
public final class WriteAheadLog {
    /// The segment that is being written.
    struct Current {
        var writer: SegmentWriter
        var file: FileHandle
        var name: FileName
        /// The highest entry written to it, or 0.
        var indexMax: LogIndex = .zero
    }

    /// What opening found out, put together by recovery.
    struct Parts {
        var closed: [LogReader.Closed]
        var current: Current
        var reserve: SegmentReserve
        var watermark: FileHandle
        /// What is true after the last group.
        var written: LogSummary
        var terms: LogTerms
        var nextGroup: UInt64
        var nextSequence: UInt64
    }

    let files: LogFiles
    let identity: WALIdentity
    let options: WALOptions
    var reserve: SegmentReserve
    // Oldest first, without the one being written.
    var closed: [LogReader.Closed]
    var current: Current
    private let watermark: FileHandle
    private var watermarkTurn: UInt64 = 0
    var nextSequence: UInt64
    var nextGroup: UInt64
    var durable: Watermark
    // What is true after the last group that was written, and after everything gathered.
    var written: LogSummary
    var hardState: HardState
    var terms: LogTerms
    var scrub: LogScrub
    // Gathered and not yet written; the plan has found room for each.
    private var pending: [Record] = []
    var planner: GroupPlanner
    private var failure: FileSystemError?
    private var statistics = Statistics()

    /// Counts of this run.
    struct Statistics {
        var syncs: UInt64 = 0
        var groups: UInt64 = 0
        var bytesWritten: UInt64 = 0
    }

    init(files: LogFiles, identity: WALIdentity, options: WALOptions, parts: Parts) {
        self.files = files
        self.identity = identity
        self.options = options
        reserve = parts.reserve
        closed = parts.closed
        current = parts.current
        watermark = parts.watermark
        written = parts.written
        hardState = parts.written.hardState
        terms = parts.terms
        nextGroup = parts.nextGroup
        nextSequence = parts.nextSequence
        durable = Watermark(group: parts.nextGroup - 1, index: parts.written.last.index)
        scrub = LogScrub(identity: identity)
        planner = GroupPlanner(
            freeBlocks: parts.current.writer.freeBlocks, spares: parts.reserve.count,
            options: options)
    }

    /// Takes a request, to be made durable by the next `sync`. Entries that begin at or before the
    /// end of the log replace everything from there on.
    ///
    /// - Throws: `entryTooLarge` and `reserveUnavailable`, with nothing taken; `failed`;
    ///   `fileSystem`.
    /// - Precondition: the entries follow each other and leave no gap behind the log, and the term
    ///   of the hard state is not lower than before.
    public func append(_ request: PersistRequest) throws(WALError) {
        try checkUsable()
        if let new = request.hardState {
            precondition(new.term >= hardState.term, "term \(new.term) after \(hardState.term)")
        } else if request.entries.isEmpty {
            return
        }
        var newTerms = terms
        var records: [Record] = []
        if let first = request.entries.first, first.index <= terms.lastIndex {
            let before = newTerms.truncate(from: first.index)
            records.append(.truncate(from: first.index, termBefore: before.term))
        }
        for entry in request.entries {
            newTerms.append(entry.id)
            try checkSize(entry)
            records.append(.entry(entry))
        }
        try take(records)
        terms = newTerms
        hardState = request.hardState ?? hardState
    }

    /// Makes everything taken durable, in the order in which it was taken. When it returns, all of
    /// it survives a power cut.
    ///
    /// - Throws: `fileSystem`, after which nothing is known about what was taken; `failed`.
    public func sync() throws(WALError) {
        try checkUsable()
        guard !planner.groups.isEmpty else { return }
        do {
            try writePending()
            try writeWatermark()
        } catch {
            throw note(error)
        }
        statistics.syncs += 1
    }

    /// Lets the log begin anew behind `entry`, once a snapshot that ends there is durable in the
    /// state: one sync, and the segments before are given back.
    ///
    /// - Throws: as `append` and `sync`.
    public func reset(to entry: EntryID, hardState new: HardState) throws(WALError) {
        try checkUsable()
        precondition(new.term >= hardState.term, "term \(new.term) after \(hardState.term)")
        try take([.reset(to: entry)])
        terms = LogTerms(startingAfter: entry)
        hardState = new
        try sync()
        do {
            try recycle(upTo: .zero)
        } catch {
            throw note(error)
        }
    }

    /// Gives back whole segments whose entries all lie at or before `index` *and* at or before
    /// `durable`, the entry that the state has applied durably (what it has applied since its last
    /// sync is undone by the end of the process; consensus rule D6).
    ///
    /// - Throws: `fileSystem`; `failed`.
    public func trim(upTo index: LogIndex, durable: LogIndex) throws(WALError) {
        try checkUsable()
        let bound = Planted.trimPastDurable.isOn ? index : min(index, durable)
        do {
            try recycle(upTo: bound)
        } catch {
            throw note(error)
        }
        terms.forget(before: bound)
    }

    /// Works on the reserve for one step, off the path of acknowledgements: to be called after a
    /// sync and when idle, until it answers `ready`.
    ///
    /// - Throws: `reserveUnavailable` when the disk is full: then the node should stop
    ///   acknowledging appends, and call again after some seconds. `fileSystem`; `failed`.
    public func prepareReserve() throws(WALError) -> ReserveState {
        try checkUsable()
        guard reserve.state == .preparing else { return .ready }
        try extendReserve()
        return reserve.state
    }

    /// Closes the files. What was not synced may be lost; the object refuses everything from now.
    ///
    /// - Throws: `fileSystem`.
    public func close() throws(WALError) {
        try checkUsable()
        failure = FileSystemError(errno: 0, operation: .close, path: files.directory)
        try reserve.close()
        try files.close(current.file)
        try files.close(watermark)
    }

    /// What an operator would want to know.
    public var status: WALStatus {
        WALStatus(
            segments: closed.count + 1,
            sizeBytes: (closed.count + 1) * options.segmentBytes + reserve.sizeBytes,
            spareSegments: reserve.count, reserve: reserve.state, lastIndex: terms.lastIndex,
            durableIndex: durable.index, syncs: statistics.syncs, groups: statistics.groups,
            bytesWritten: statistics.bytesWritten, scrubbedBytes: scrub.bytesRead,
            scrubRounds: scrub.rounds, failure: failure)
    }

    /// The last step of opening: what was found is durable now, and the watermark says so.
    func takeOver(discarded: Bool) throws(WALError) {
        try writeWatermark()
        guard discarded else { return }
        for segment in closed.indices { closed[segment].indexMax = .zero }
        try recycle(upTo: .zero)
    }

    // MARK: Gathering

    func checkUsable() throws(WALError) {
        if let failure { throw .failed(failure) }
    }

    // Remembers a failure that is final.
    func note(_ error: WALError) -> WALError {
        if case .fileSystem(let cause) = error { failure = cause }
        return error
    }

    private func checkSize(_ entry: Entry) throws(WALError) {
        let limit = WireLimits.entryPayloadBytesMax
        guard entry.payload.count <= limit,
            planner.canEverFit(recordBytes: Record.headerBytes + entry.encodedBytes)
        else {
            throw .entryTooLarge(
                index: entry.index, limitBytes: min(limit, options.segmentBytes / 2))
        }
    }

    // Finds room for all of the records and a commit frame, or takes none of them.
    private func take(_ records: [Record]) throws(WALError) {
        while true {
            var plan = planner
            let fits =
                records.allSatisfy { plan.add(recordBytes: $0.encodedBytes) } && plan.addFrame()
            if fits {
                planner = plan
                pending += records
                return
            }
            // Rare: more came than the reserve holds.
            sometimes(.reserveMissing)
            let before = reserve.count
            while reserve.count == before { try extendReserve() }
        }
    }

    private func extendReserve() throws(WALError) {
        let before = reserve.count
        do {
            try reserve.fillStep()
        } catch {
            throw note(error)
        }
        if reserve.count > before { planner.spareAdded() }
    }

    // MARK: Writing

    private func writePending() throws(WALError) {
        var records = pending[...]
        var segment = 0
        var before = written
        var groups: [Group] = []
        for planned in planner.groups {
            if planned.segment != segment {
                // The next segment's header says that what lies before it is durable.
                try write(groups, toNewSegment: segment > 0, before: before)
                groups = []
                segment = planned.segment
                before = written
            }
            groups.append(makeGroup(Array(records.prefix(planned.records))))
            records.removeFirst(planned.records)
        }
        precondition(records.isEmpty, "\(records.count) records without a group")
        try write(groups, toNewSegment: segment > 0, before: before)
        pending = []
        planner = GroupPlanner(
            freeBlocks: current.writer.freeBlocks, spares: reserve.count, options: options)
    }

    private func makeGroup(_ records: [Record]) -> Group {
        for record in records { written.apply(record) }
        written.hardState = hardState
        written.settlePromise()
        let frame = CommitFrame(
            hardState: hardState, generation: written.generation, last: written.last,
            durableGroup: durable.group, durableIndex: durable.index)
        defer { nextGroup += 1 }
        return Group(number: nextGroup, records: records, frame: frame)
    }

    private func write(
        _ groups: [Group], toNewSegment: Bool, before: LogSummary
    ) throws(WALError) {
        guard let last = groups.last else { return }
        let writes: [SegmentWriter.Write]
        if toNewSegment {
            writes = try roll(to: groups, before: before)
        } else {
            for group in groups { current.writer.add(group) }
            writes = current.writer.takeWrites()
            try files.write(current.file, writes)
            try files.synchronize(current.file)
        }
        for group in groups { noteIndexes(of: group) }
        durable = Watermark(group: last.number, index: last.frame.last.index)
        statistics.groups += UInt64(groups.count)
        statistics.bytesWritten += writes.reduce(0) { $0 + UInt64($1.bytes.count) }
    }

    // Leaves the segment that is being written for a spare, which gets its name only once its
    // header and first groups are durable.
    private func roll(
        to groups: [Group], before: LogSummary
    ) throws(WALError) -> [SegmentWriter.Write] {
        let old = current
        let header = SegmentHeader(
            identity: identity, sequence: nextSequence, segmentBytes: options.segmentBytes,
            continuesSequence: old.writer.header.sequence, continuesGroup: groups[0].number - 1,
            firstGroup: groups[0].number, durableGroup: groups[groups.count - 1].number,
            chain: old.writer.chain, startsAfter: before.last, generation: before.generation,
            hardState: before.hardState, promised: before.promised)
        let new = try files.beginSegment(header, groups: groups, reserve: &reserve)
        closed.append(
            LogReader.Closed(
                sequence: old.writer.header.sequence, name: old.name, indexMax: old.indexMax,
                lastGroup: groups[0].number - 1))
        current = new.current
        nextSequence += 1
        try files.close(old.file)
        return new.writes
    }

    private func noteIndexes(of group: Group) {
        for record in group.records {
            switch record.kind {
            case .entry: current.indexMax = max(current.indexMax, record.index)
            case .truncate: break
            case .reset:
                // Nothing before it is part of the log any more.
                for segment in closed.indices { closed[segment].indexMax = .zero }
                current.indexMax = .zero
            }
        }
    }

    func writeWatermark() throws(WALError) {
        watermarkTurn += 1
        let bytes = durable.encoded(salt: SegmentHeader.salt(of: identity, sequence: 0))
        let offset = Watermark.offset(turn: watermarkTurn)
        try files.write(watermark, [SegmentWriter.Write(offset: offset, bytes: bytes)])
    }

    private func recycle(upTo bound: LogIndex) throws(WALError) {
        // Oldest first, and each one's name durably gone before the next: a log never has a gap.
        while let oldest = closed.first, oldest.indexMax <= bound {
            try reserve.recycle(oldest.name)
            closed.removeFirst()
        }
    }
}
