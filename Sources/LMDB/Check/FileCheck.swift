/// Reads a whole commit of a data file, page by page, and checks everything that its writer cannot
/// have left otherwise.
///
/// The library trusts its file: a flipped bit in a page can lead it astray, or outside the map,
/// which ends the process. So a file is looked at in this way before the library opens it, and from
/// time to time afterwards. What it finds: pages that are not where they should be, are used twice
/// or lie outside the file; places and sizes outside their page; keys out of order, within a page
/// or between a page and those above it; counts that differ. What is in a value, and whether rows
/// are missing, is for the caller to check.
public struct FileCheck {
    /// What was read.
    public struct Summary: Equatable, Sendable {
        /// The number of the commit.
        public var commit: UInt64 = 0
        /// Pages that hold something of it, free lists included.
        public var pages: UInt64 = 0
        /// Pages that are free.
        public var freePages: UInt64 = 0
    }

    private let file: PageFile
    private let names: [[UInt8]]
    private let mayLack: Set<Int>
    private var summary = Summary()
    private var used: [UInt64]
    private var lastPage: UInt64 = 0

    /// The deepest tree that the library can walk.
    private static let depthMax = 32

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
        used = []
    }

    /// Reads a commit from its roots to its last row.
    ///
    /// - Parameters:
    ///   - commit: the one that a read transaction holds open; nil: that of `metaPage`.
    ///   - metaPage: of a commit in a file that nobody writes; nil: of its newest.
    ///   - visit: called with each row, in the order of the keys within each tree, which is named
    ///     by its place in `databases`.
    /// - Returns: nil when the commit was overtaken by later ones before its roots were read.
    /// - Throws: `FileDamage`, and what `visit` throws.
    public mutating func run(
        commit: UInt64? = nil, metaPage: [UInt8]? = nil,
        visit: (_ database: Int, _ key: [UInt8], _ value: [UInt8]) throws -> Void
    ) throws -> Summary? {
        guard let meta = try metaPage.map(Self.roots(in:)) ?? roots(commit) else { return nil }
        summary = Summary(commit: meta.commit, pages: 2)
        lastPage = meta.lastPage
        let mapped = min(max(lastPage, 1), 1 << 40)
        used = [UInt64](repeating: 0, count: Int(min(mapped, file.pageCount) / 64 + 1))
        var free: [UInt64] = []
        try walk(meta.free, isFreeList: true) { key, content in
            guard case .value(let ids) = content, key.count == 8 else {
                throw FileDamage("a free list that is none")
            }
            free += try Self.freePages(ids)
        }
        var heads = [TreeHead?](repeating: nil, count: names.count)
        let names = names
        try walk(meta.main) { key, content in
            guard case .tree(let head) = content, let index = names.firstIndex(of: key) else {
                throw FileDamage("something else among the trees")
            }
            heads[index] = head
        }
        for (index, head) in heads.enumerated() {
            guard let head else {
                if mayLack.contains(index) { continue }
                throw FileDamage("tree \(index) is not there")
            }
            try walk(head) { key, content in
                guard case .value(let value) = content else {
                    throw FileDamage("a tree in tree \(index)")
                }
                try visit(index, key, value)
            }
        }
        for page in free { try use(page, mayLieBehindTheEnd: true) }
        summary.freePages = UInt64(free.count)
        return summary
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

    /// Notes that a page holds something.
    private mutating func use(
        _ page: UInt64, mayLieBehindTheEnd: Bool = false
    ) throws(FileDamage) {
        guard page >= 2, page <= lastPage else {
            throw FileDamage("there is no such page", page: page)
        }
        let word = Int(page / 64)
        guard word < used.count else {
            // Free pages at the end need not have been written.
            if mayLieBehindTheEnd { return }
            throw FileDamage("behind the end of the file", page: page)
        }
        let bit: UInt64 = 1 << (page % 64)
        guard used[word] & bit == 0 else { throw FileDamage("it is used twice", page: page) }
        used[word] |= bit
        summary.pages += 1
    }

    // MARK: Trees

    /// What was counted in a tree.
    private struct Counts {
        var branch: UInt64 = 0
        var leaf: UInt64 = 0
        var overflow: UInt64 = 0
        var entries: UInt64 = 0
        var last: [UInt8]?
    }

    private mutating func walk(
        _ head: TreeHead, isFreeList: Bool = false,
        _ visit: (_ key: [UInt8], _ content: Page.Content) throws -> Void
    ) throws {
        var counts = Counts()
        if let root = head.root {
            guard head.depth >= 1, head.depth <= Self.depthMax else {
                throw FileDamage("a tree of depth \(head.depth)", page: root)
            }
            try walk(root, depth: head.depth, Bounds(), isFreeList: isFreeList, &counts, visit)
        }
        let isAsSaid =
            counts.branch == head.branchPages && counts.leaf == head.leafPages
            && counts.overflow == head.overflowPages && counts.entries == head.entries
            && (head.root != nil || head.depth == 0)
        guard isAsSaid else {
            throw FileDamage(
                "\(counts.entries) of \(head.entries) rows in \(counts.leaf) of "
                    + "\(head.leafPages) pages", page: head.root)
        }
    }

    /// Between which keys a look-up comes to a page: `from` inclusive, `upTo` exclusive; nil: the
    /// end of the tree.
    private struct Bounds {
        var from: [UInt8]?
        var upTo: [UInt8]?
    }

    private mutating func walk(
        _ number: UInt64, depth: Int, _ bounds: Bounds, isFreeList: Bool, _ counts: inout Counts,
        _ visit: (_ key: [UInt8], _ content: Page.Content) throws -> Void
    ) throws {
        try use(number)
        let page = try Page(file.read(number), number: number)
        guard (page.kind == .leaf) == (depth == 1) else {
            throw FileDamage("a \(page.kind) page \(depth - 1) above the leaves", page: number)
        }
        guard page.kind == .branch else {
            counts.leaf += 1
            return try readLeaf(page, bounds, isFreeList: isFreeList, &counts, visit)
        }
        counts.branch += 1
        for index in 0..<page.count {
            var inner = bounds
            if index > 0 {
                // Everything read so far is less than the key that leads here.
                inner.from = try page.key(index)
                try check(inner.from ?? [], bounds, isFreeList: isFreeList, counts, page)
            }
            if index + 1 < page.count { inner.upTo = try page.key(index + 1) }
            try walk(
                page.child(index), depth: depth - 1, inner, isFreeList: isFreeList, &counts, visit)
        }
    }

    private mutating func readLeaf(
        _ page: Page, _ bounds: Bounds, isFreeList: Bool, _ counts: inout Counts,
        _ visit: (_ key: [UInt8], _ content: Page.Content) throws -> Void
    ) throws {
        for index in 0..<page.count {
            let key = try page.key(index)
            try check(key, bounds, isFreeList: isFreeList, counts, page)
            counts.last = key
            counts.entries += 1
            switch try page.content(index) {
            case .overflow(let first, let size):
                let needed = (Page.headerBytes - 1 + size) / PageFile.pageBytes + 1
                guard first <= lastPage else {
                    throw FileDamage("there is no such page", page: first)
                }
                let bytes = try file.read(first, count: needed)
                let pages = try Page.overflowPages(bytes, number: first, atLeast: needed)
                for offset in 0..<UInt64(pages) { try use(first + offset) }
                counts.overflow += UInt64(pages)
                let value = bytes[Page.headerBytes..<(Page.headerBytes + size)]
                try visit(key, .value(Array(value)))
            case let content: try visit(key, content)
            }
        }
    }

    private func check(
        _ key: [UInt8], _ bounds: Bounds, isFreeList: Bool, _ counts: Counts, _ page: Page
    ) throws(FileDamage) {
        func precedes(_ a: [UInt8], _ b: [UInt8]) -> Bool {
            // The free list's keys are numbers.
            isFreeList && a.count == 8 && b.count == 8
                ? a.word64(0) < b.word64(0) : a.lexicographicallyPrecedes(b)
        }
        let isBehind = counts.last.map { precedes($0, key) } ?? true
        let isWithin =
            bounds.from.map { !precedes(key, $0) } ?? true
            && bounds.upTo.map { precedes(key, $0) } ?? true
        guard isBehind, isWithin, !key.isEmpty else {
            throw FileDamage("keys out of order", page: page.number)
        }
    }
}
