internal import CLMDB

/// The shape of one tree.
public struct DatabaseStatistics: Equatable, Sendable {
    public let name: String
    /// How many pages lie between the root and a leaf, both counted; 0 when empty.
    public let depth: Int
    public let branchPages: Int
    public let leafPages: Int
    public let overflowPages: Int
    public let entries: Int

    init(_ raw: MDB_stat, name: String) {
        self.name = name
        depth = Int(raw.ms_depth)
        branchPages = Int(raw.ms_branch_pages)
        leafPages = Int(raw.ms_leaf_pages)
        overflowPages = Int(raw.ms_overflow_pages)
        entries = Int(raw.ms_entries)
    }
}

/// What an operator would want to know of an environment.
public struct EnvironmentStatistics: Equatable, Sendable {
    public let pageSizeBytes: Int
    /// The limit of the file.
    public let mapSizeBytes: Int
    /// What the file takes on the disk, with what was grown ahead.
    public let fileSizeBytes: Int
    /// The pages in use and free, counted from the file's beginning.
    public let usedPages: Int
    /// The pages among those that the next transactions may use again.
    public let freePages: Int
    /// The number of the last commit.
    public let lastTransaction: UInt64
    /// Reader slots taken, idle ones included, and their limit.
    public let readerSlots: Int
    public let maxReaders: Int
    /// Readers at work.
    public let activeReaders: Int
    /// The age of the oldest reader at work, in nanoseconds; 0 when there is none.
    public let oldestReaderNanoseconds: UInt64
    /// How many commits have passed since the snapshot of the oldest reader at work.
    public let oldestReaderLag: UInt64
    /// Whether the file could not be grown ahead, and the errno.
    public let growthFailure: Int32?
    public let databases: [DatabaseStatistics]
}

extension Environment {
    /// Gathers the statistics, on a view of its own.
    ///
    /// Complexity: linear in the number of transactions that freed pages.
    public func statistics() throws -> EnvironmentStatistics {
        let figures = information()
        let (oldestNanoseconds, oldestSnapshot) = readers.oldest(now: steadyNanoseconds())
        var freePages = 0
        var trees: [DatabaseStatistics] = []
        // Those that a view which begins now knows.
        let databases = databases
        try read { (transaction: borrowing ReadTransaction) in
            // Each record of the free list holds a count and as many page numbers.
            let freeList = Database(name: "", handle: 0)
            try transaction.scan(freeList, from: [], upTo: nil) { _, pages in
                freePages += pages.byteCount / MemoryLayout<Int>.size - 1
                return true
            }
            for database in databases {
                trees.append(try transaction.raw.statistics(database))
            }
        }
        let lag = oldestSnapshot.map {
            figures.lastTransaction > $0 ? figures.lastTransaction - $0 : 0
        }
        return EnvironmentStatistics(
            pageSizeBytes: pageSizeBytes, mapSizeBytes: figures.mapSizeBytes,
            fileSizeBytes: SystemCalls.sizeBytes(descriptor: dataDescriptor).bytes,
            usedPages: figures.usedPages, freePages: freePages,
            lastTransaction: figures.lastTransaction, readerSlots: figures.readerSlots,
            maxReaders: figures.maxReaders, activeReaders: readers.views,
            oldestReaderNanoseconds: oldestNanoseconds, oldestReaderLag: lag ?? 0,
            growthFailure: growthFailure, databases: trees)
    }

    /// The age in nanoseconds of the oldest reader at work; 0 when there is none.
    public var oldestReaderNanoseconds: UInt64 { readers.oldest(now: steadyNanoseconds()).age }

    /// How many readers are at work.
    public var activeReaders: Int { readers.views }

    /// How much of the map the pages take, free ones included, in hundredths.
    public var mapFillPercent: Int {
        let figures = information()
        return figures.usedPages * pageSizeBytes / (figures.mapSizeBytes / 100)
    }
}
