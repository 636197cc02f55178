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
    /// Read again to look for damage, in this run: bytes, and how often all of the log.
    public var scrubbedBytes: UInt64
    public var scrubRounds: UInt64
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
    /// All entries, in order and without gaps; with damage, those before the first that is lost.
    public var entries: [Entry]
    /// The last entry that the log promised to hold, if it lost a part of what the state has not
    /// applied and did not get all of it back yet; or zero.
    public var promised: EntryID
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
    /// Headers and stretches of identifiers that did not match and were written again.
    public var identifiersRepaired = 0
    /// What was durable and is not what was written.
    public var damage = WALDamage()
    /// Entries that the state needs and the log lost now, with all behind them; to be had from
    /// peers.
    public var entriesLost = 0
    /// The entries were dropped because the state was replaced by a snapshot that they do not
    /// reach: the node stopped between the switch of the state and the reset of the log.
    public var discardedForSnapshot = false
}
