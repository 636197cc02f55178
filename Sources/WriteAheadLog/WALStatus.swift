public import RaftCore

/// What an operator would want to know of a log.
public struct WALStatus: Equatable, Sendable {
    public var segments: Int
    /// What segments and reserve take on the disk.
    public var sizeBytes: Int
    public var spareSegments: Int
    public var reserve: ReserveState
    /// The last entry, synced or not.
    public var lastIndex: LogIndex
    /// The last entry at the last sync.
    public var durableIndex: LogIndex
    /// Of this run.
    public var syncs: UInt64
    public var groups: UInt64
    public var bytesWritten: UInt64
    /// Why the log refuses everything.
    public var failure: FileSystemError?
}

/// What a log held when it was opened.
public struct RecoveredLog: Equatable, Sendable {
    /// Term and vote as last synced, or as last written if that survived; the commit index is at
    /// most the last entry.
    public var hardState: HardState
    /// The entry before the first.
    public var logStart: EntryID
    /// All entries, in order and without gaps.
    public var entries: [Entry]
    /// Whether something that was never acknowledged was dropped from the end.
    public var tornTail: Bool
    public var report: RecoveryReport

    /// The last entry.
    public var last: EntryID { entries.last.map(\.id) ?? logStart }
}

/// What recovery did, to be logged.
public struct RecoveryReport: Equatable, Sendable {
    /// There was no log, and one was made.
    public var isNew = false
    /// Segments and groups that were read.
    public var segments = 0
    public var groups = 0
    /// Groups at the end that were written again, because the last sync may have failed.
    public var groupsWrittenAgain = 0
    /// Stretches of identifiers that did not match their groups and were written again.
    public var identifiersRepaired = 0
    /// The entries were dropped because the state was replaced by a snapshot that they do not
    /// reach: the node stopped between the switch of the state and the reset of the log.
    public var discardedForSnapshot = false
}
