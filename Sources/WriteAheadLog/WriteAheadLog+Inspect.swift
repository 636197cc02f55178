internal import RaftCore

/// What a log holds, found without changing anything.
public struct LogInspection: Equatable, Sendable {
    /// As opening it would find it.
    public var recovered: RecoveredLog
    /// The size of its newest segment.
    public var segmentBytes: Int
}

extension WriteAheadLog {
    /// Reads the log of a stopped node, and changes nothing.
    ///
    /// - Parameter state: what the state beside the log holds durably.
    /// - Throws: as `open`, but for what has to do with writing; `missing` when there is none.
    public static func inspect(
        directory: String, fileSystem: any FileSystem, identity: WALIdentity, state: DurableState
    ) throws(WALError) -> LogInspection {
        let files = LogFiles(
            fileSystem: fileSystem, directory: "\(directory)/\(directoryName)")
        let status = try files.call { fs throws(FileSystemError) in
            try fs.status(files.directory)
        }
        guard status != nil else { throw .missing(directory: files.directory) }
        let names = try files.call { fs throws(FileSystemError) in try fs.list(files.directory) }
            .map { FileName($0) }
        let watermark = try readWatermark(files, identity: identity, names: names)
        let bound = SegmentScan.Bound(
            group: watermark?.group ?? 0, index: state.appliedThroughLog)
        var reader = LogReader(files: files, identity: identity, applied: state.applied)
        guard let image = try reader.read(names, bound: bound) else {
            throw .missing(directory: files.directory)
        }
        let recovery = LogRecovery(
            files: files, identity: identity, options: WALOptions(), image: image,
            watermark: watermark)
        var report = RecoveryReport()
        report.segments = image.closed.count + 1
        report.groups = image.groups
        report.damage = image.damage
        var replay = image.replay
        let isDamaged = image.damage.count > 0
        report.discardedForSnapshot = try recovery.mustDiscard(
            replay, state, isDamaged: isDamaged)
        if report.discardedForSnapshot { replay.reset(to: state.snapshot) }
        if isDamaged {
            if !report.discardedForSnapshot { replay.cut(to: state.applied) }
            report.entriesLost = replay.lostCount
            replay.keepWhole()
        }
        var hardState = replay.hardState
        hardState.commit = min(hardState.commit, replay.last.index)
        return LogInspection(
            recovered: RecoveredLog(
                hardState: hardState, logStart: replay.logStart, entries: replay.entries,
                promised: replay.promised, tornTail: image.head.scan.isTorn, report: report),
            segmentBytes: image.head.header.segmentBytes)
    }
}
