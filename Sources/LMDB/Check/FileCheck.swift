internal import ByteCodec
internal import Synchronization

/// Reads a whole commit of a data file, page by page, and checks everything that its writer cannot
/// have left otherwise.
///
/// The library trusts its file: a flipped bit in a page can lead it astray, or outside the map,
/// which ends the process. So a file is looked at in this way before the library opens it, and from
/// time to time afterwards. What it finds: pages that are not where they should be, are used twice
/// or lie outside the file; places and sizes outside their page; keys out of order, within a page
/// or between a page and those above it; counts that differ. What is in a value, and whether rows
/// are missing, is for the caller to check.
public struct FileCheck: Sendable {
    /// What was read.
    public struct Summary: Equatable, Sendable {
        /// The number of the commit.
        public var commit: UInt64 = 0
        /// Pages that hold something of it, free lists included.
        public var pages: UInt64 = 0
        /// Pages that are free.
        public var freePages: UInt64 = 0
    }

    /// Sees every row of some trees, on one thread.
    public protocol Visitor: Sendable {
        /// Takes a row; rows of one tree come in the order of their keys.
        ///
        /// - Parameters:
        ///   - database: the place of the tree's name in `databases`.
        ///   - key: lent, as is `value`.
        mutating func visit(
            database: Int, key: Span<UInt8>, value: Span<UInt8>
        ) throws
    }

    /// Threads that work at once.
    public struct Workers: Sendable {
        /// Calls `work` once for each worker, on threads of their own, and returns behind all.
        let run: @Sendable (_ work: @Sendable () -> Void) -> Void

        /// - Parameter run: as `Workers.run`.
        public init(_ run: @escaping @Sendable (_ work: @Sendable () -> Void) -> Void) {
            self.run = run
        }

        /// The calling thread.
        public static let alone = Workers { $0() }
    }

    private let file: PageFile
    private let names: [[UInt8]]
    private let mayLack: Set<Int>

    /// - Parameters:
    ///   - path: the data file.
    ///   - databases: the trees that must be there, and no others.
    ///   - mayLack: those of them that need not be there.
    /// - Throws: `FileDamage`.
    public init(
        path: String, databases: [String], mayLack: Set<String> = []
    ) throws(FileDamage) {
        self.mayLack = Set(databases.indices.filter { mayLack.contains(databases[$0]) })
        file = try PageFile(path: path)
        names = databases.map { Array($0.utf8) }
    }

    /// Reads a commit from its roots to its last row.
    ///
    /// - Parameters:
    ///   - commit: the one that a read transaction holds open; nil: that of `metaPage`.
    ///   - metaPage: of a commit in a file that nobody writes; nil: of its newest.
    ///   - workers: how trees are read at once.
    ///   - visitor: one for each worker, all of which are answered.
    /// - Returns: nil when the commit was overtaken by later ones before its roots were read.
    /// - Throws: `FileDamage`, and what the visitors throw.
    public func run<Rows: Visitor>(
        commit: UInt64? = nil, metaPage: [UInt8]? = nil, workers: Workers = .alone,
        visitor: @Sendable () -> Rows
    ) throws -> (summary: Summary, visitors: [Rows])? {
        guard let meta = try metaPage.map(Self.roots(in:)) ?? roots(commit) else { return nil }
        var walk = TreeWalk(file: file, lastPage: meta.lastPage)
        var free: [UInt64] = []
        try walk.walk(meta.free, order: .numbers) { key, content, ids in
            guard case .row = content, key.count == 8 else {
                throw FileDamage("a free list that is none")
            }
            free += try Self.freePages(Array(copying: ids))
        }
        let trees = try trees(meta.main, &walk)
        let walked = try read(trees, lastPage: meta.lastPage, workers, visitor)
        var used = walk.used
        for pages in walked.map(\.used) { try used.add(pages) }
        for page in free { try used.use(page, mayLieBehindTheEnd: true) }
        return (
            Summary(
                commit: meta.commit, pages: used.count + 2, freePages: UInt64(free.count)),
            walked.map(\.rows)
        )
    }

    /// The heads of all trees, those with the most pages first.
    private func trees(
        _ main: TreeHead, _ walk: inout TreeWalk
    ) throws -> [(database: Int, head: TreeHead)] {
        var heads = [TreeHead?](repeating: nil, count: names.count)
        try walk.walk(main) { key, content, _ in
            guard case .tree(let head) = content,
                let index = names.firstIndex(of: Array(copying: key))
            else { throw FileDamage("something else among the trees") }
            heads[index] = head
        }
        if let missing = heads.indices.first(where: { heads[$0] == nil && !mayLack.contains($0) }) {
            throw FileDamage("tree \(missing) is not there")
        }
        return heads.enumerated()
            .compactMap { index, head in head.map { (index, $0) } }
            .sorted { $0.1.leafPages > $1.1.leafPages }
    }

    /// Reads the trees, each by one of the workers.
    private func read<Rows: Visitor>(
        _ trees: [(database: Int, head: TreeHead)], lastPage: UInt64, _ workers: Workers,
        _ visitor: @Sendable () -> Rows
    ) throws -> [(used: UsedPages, rows: Rows)] {
        typealias Walked = (used: UsedPages, rows: Rows)
        let next = Atomic(0)
        let results = Mutex<[Result<Walked, any Error>]>([])
        workers.run {
            let result = Result<Walked, any Error> {
                var walk = TreeWalk(file: file, lastPage: lastPage)
                var rows = visitor()
                while true {
                    let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard number < trees.count else { return (walk.used, rows) }
                    let (database, head) = trees[number]
                    try walk.walk(head) { key, content, value in
                        guard case .row = content else {
                            throw FileDamage("a tree in tree \(database)")
                        }
                        try rows.visit(database: database, key: key, value: value)
                    }
                }
            }
            // Whoever else still reads comes to an end with its tree.
            if case .failure = result { next.store(trees.count, ordering: .relaxed) }
            results.withLock { $0.append(result) }
        }
        let all = results.withLock { $0 }
        // That a file could not be looked into says less than that it is damaged.
        let damage = all.first { result in
            guard case .failure(let error) = result else { return false }
            return (error as? FileDamage)?.isUnavailable != true
        }
        if let damage { _ = try damage.get() }
        return try all.map { try $0.get() }
    }

    private static func roots(in page: [UInt8]) throws(FileDamage) -> MetaPage {
        guard page.count == PageFile.pageBytes, let meta = MetaPage(page) else {
            throw FileDamage("a page with roots is none")
        }
        return meta
    }

    private func roots(_ commit: UInt64?) throws(FileDamage) -> MetaPage? {
        let bytes = [try file.read(0), try file.read(1)]
        // Who writes meanwhile may have been seen in the middle of it.
        let again = [try file.read(0), try file.read(1)]
        if commit != nil, bytes != again { return nil }
        let metas = bytes.map { MetaPage($0) }
        if let commit { return metas.compactMap(\.self).first { $0.commit == commit } }
        // A new file has written one of them only in part: both are written when it is made.
        guard let first = metas[0], let second = metas[1] else {
            throw FileDamage("a page with roots is none")
        }
        return first.commit > second.commit ? first : second
    }

    private static func freePages(_ bytes: [UInt8]) throws(FileDamage) -> [UInt64] {
        guard bytes.count >= 8, bytes.count % 8 == 0 else {
            throw FileDamage("a free list of \(bytes.count) bytes")
        }
        let count = bytes.word64(0)
        guard count <= UInt64(bytes.count / 8 - 1) else {
            throw FileDamage("\(count) free pages in \(bytes.count) bytes")
        }
        return (0..<Int(count)).map { bytes.word64(8 + 8 * $0) }
    }
}
