internal import ByteCodec
public import RaftCore

// Damage that is found while the log is in use, and its end.

extension WriteAheadLog {
    /// Reads a small part of what was synced again, the next one with each call: a group at most.
    ///
    /// - Returns: what is damaged, or nil. Then `rewrite` mends it; until that the log goes on.
    /// - Throws: `fileSystem` when a file cannot be opened or asked: then nothing is known of it,
    ///   the log goes on, and the next call tries again; `failed`.
    public func scrubStep() throws(WALError) -> WALCorruption? {
        scrub.forget()
        return try nextScrubStep()
    }

    /// Reads about so many bytes of what was synced again, as `scrubStep` does in each step, and no
    /// further than to the end of the log.
    ///
    /// - Throws: as `scrubStep`.
    public func scrub(bytesMax: UInt64) throws(WALError) -> WALCorruption? {
        scrub.forget()
        // Nothing is written while this runs, so one read may serve many steps.
        defer { scrub.forget() }
        let (bytes, rounds) = (scrub.bytesRead, scrub.rounds)
        while scrub.bytesRead < bytes + bytesMax, scrub.rounds == rounds {
            if let place = try nextScrubStep() { return place }
        }
        return nil
    }

    private func nextScrubStep() throws(WALError) -> WALCorruption? {
        try checkUsable()
        let targets: [LogScrub.Target] =
            closed.map { ($0.sequence, $0.name, $0.lastGroup) }
            + [(current.writer.header.sequence, current.name, durable.group)]
        switch try scrub.step(targets, files) {
        case .whole: return nil
        case .damaged(let place):
            scrub.restart()
            return place
        }
    }

    /// Lets the log begin anew behind `start`, with these entries, which are all that it holds
    /// behind it: they are written again, in a segment of their own, which takes the place of all
    /// others in the step in which it gets its name.
    ///
    /// - Returns: false if they do not fit into one segment, or there is no room for it; then
    ///   nothing has changed.
    /// - Throws: `fileSystem`; `failed`.
    /// - Precondition: everything that was appended is synced, and the state holds `start` durably.
    public func rewrite(
        startingAfter start: EntryID, entries: [Entry]
    ) throws(WALError) -> Bool {
        try checkUsable()
        precondition(planner.groups.isEmpty, "appended and not synced")
        precondition(start.index + entries.count == terms.lastIndex, "entries of another log")
        precondition(entries.last.map { $0.id == terms.last } ?? true, "another last entry")
        do {
            let isRewritten = try replaceAll(
                startingAfter: start,
                entries: Planted.rewriteWithoutEnd.isOn ? entries.dropLast() : entries)
            if isRewritten { scrub.restart() }
            return isRewritten
        } catch {
            if case .reserveUnavailable = error { return false }
            throw note(error)
        }
    }

    /// Writes the log anew, in one segment that continues nothing. False if there is no such room.
    private func replaceAll(
        startingAfter start: EntryID, entries: some Collection<Entry>
    ) throws(WALError) -> Bool {
        var summary = LogSummary(
            last: start, generation: written.generation + 1, hardState: hardState,
            promised: written.promised)
        var groups = Group.groups(
            of: Array(entries), behind: summary, bytesMax: options.groupBytesMax)
        let blocks = groups.reduce(0) { $0 + $1.segmentBlocks }
        guard blocks <= SegmentWriter.blocksMax(segmentBytes: options.segmentBytes) else {
            return false
        }
        while reserve.count == 0 { try reserve.fillStep() }
        for step in groups.indices {
            groups[step].number = nextGroup + UInt64(step)
            groups[step].frame.durableGroup = durable.group
            groups[step].frame.durableIndex = durable.index
        }
        let lastGroup = nextGroup + UInt64(groups.count) - 1
        let header = SegmentHeader(
            identity: identity, sequence: nextSequence, segmentBytes: options.segmentBytes,
            continuesSequence: 0, continuesGroup: 0, firstGroup: nextGroup,
            durableGroup: lastGroup, chain: 0, startsAfter: start,
            generation: summary.generation, hardState: hardState, promised: summary.promised)
        let old = current
        let replaced = closed.map(\.name) + [old.name]
        current = try files.beginSegment(header, groups: groups, reserve: &reserve).current
        nextSequence += 1
        nextGroup = lastGroup + 1
        closed = []
        if let last = groups.last { summary = last.frame.summary }
        summary.promised = written.promised
        written = summary
        terms = LogTerms(startingAfter: start)
        for entry in entries { terms.append(entry.id) }
        durable = Watermark(group: lastGroup, index: summary.last.index)
        planner = GroupPlanner(
            freeBlocks: current.writer.freeBlocks, spares: reserve.count, options: options)
        try writeWatermark()
        try files.close(old.file)
        for name in replaced { try reserve.recycle(name) }
        return true
    }
}
