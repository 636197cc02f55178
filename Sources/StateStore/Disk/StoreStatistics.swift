internal import LMDB

/// What an operator would want to know of the state's file.
public struct StoreStatistics: Equatable, Sendable {
    /// The shape of one table's tree.
    public struct Tree: Equatable, Sendable {
        /// The tree's name in the file.
        public let name: String
        public let depth: Int
        public let pages: Int
        public let entries: Int
    }

    public let pageSizeBytes: Int
    public let mapSizeBytes: Int
    public let fileSizeBytes: Int
    public let usedPages: Int
    public let freePages: Int
    public let lastCommit: UInt64
    public let activeReaders: Int
    public let readerSlots: Int
    public let maxReaders: Int
    /// The age of the oldest view, in nanoseconds; 0 when there is none.
    public let oldestReaderNanoseconds: UInt64
    /// How many commits have passed since the oldest view's.
    public let oldestReaderLag: UInt64
    /// The errno of growing ahead, when the last try failed.
    public let growthFailure: Int32?
    public let trees: [Tree]

    init(_ figures: EnvironmentStatistics) {
        pageSizeBytes = figures.pageSizeBytes
        mapSizeBytes = figures.mapSizeBytes
        fileSizeBytes = figures.fileSizeBytes
        usedPages = figures.usedPages
        freePages = figures.freePages
        lastCommit = figures.lastTransaction
        activeReaders = figures.activeReaders
        readerSlots = figures.readerSlots
        maxReaders = figures.maxReaders
        oldestReaderNanoseconds = figures.oldestReaderNanoseconds
        oldestReaderLag = figures.oldestReaderLag
        growthFailure = figures.growthFailure
        trees = figures.databases.map { tree in
            Tree(
                name: tree.name, depth: tree.depth,
                pages: tree.branchPages + tree.leafPages + tree.overflowPages,
                entries: tree.entries)
        }
    }
}
