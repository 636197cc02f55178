internal import ByteCodec
internal import Glibc

/// Walks trees of a file on one thread, and notes which pages they have.
struct TreeWalk {
    private let file: PageFile
    /// The last page that the commit knows.
    private let lastPage: UInt64
    /// The pages of what was walked.
    private(set) var used: UsedPages

    /// The deepest tree that the library can walk.
    private static let depthMax = 32

    /// What a key of a tree has.
    enum Content {
        case row
        /// A tree inside this one: then there is no value.
        case tree(TreeHead)
    }

    /// Takes a key, what it has, and its value, which are lent.
    typealias Visit = (_ key: Span<UInt8>, Content, _ value: Span<UInt8>) throws -> Void

    init(file: PageFile, lastPage: UInt64) {
        self.file = file
        self.lastPage = lastPage
        used = UsedPages(lastPage: lastPage, fileEnd: file.pageCount)
    }

    /// What was counted in a tree.
    private struct Counts {
        var branch: UInt64 = 0
        var leaf: UInt64 = 0
        var overflow: UInt64 = 0
        var entries: UInt64 = 0
        /// The last key of the last leaf.
        var last: [UInt8]?
    }

    /// Between which keys a look-up comes to a page: `from` inclusive, `upTo` exclusive; nil: the
    /// end of the tree.
    private struct Bounds {
        var from: [UInt8]?
        var upTo: [UInt8]?
    }

    /// Visits every key of a tree, in their order.
    ///
    /// - Throws: `FileDamage`, and what `visit` throws.
    mutating func walk(_ head: TreeHead, order: KeyOrder = .bytes, _ visit: Visit) throws {
        var counts = Counts()
        if let root = head.root {
            guard head.depth >= 1, head.depth <= Self.depthMax else {
                throw FileDamage("a tree of depth \(head.depth)", page: root)
            }
            try walk(root, depth: head.depth, Bounds(), order, &counts, visit)
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

    private mutating func walk(
        _ number: UInt64, depth: Int, _ bounds: Bounds, _ order: KeyOrder,
        _ counts: inout Counts, _ visit: Visit
    ) throws {
        try used.use(number)
        let page = try Page(file.read(number), number: number)
        guard (page.kind == .leaf) == (depth == 1) else {
            throw FileDamage("a \(page.kind) page \(depth - 1) above the leaves", page: number)
        }
        guard page.kind == .branch else {
            counts.leaf += 1
            return try readLeaf(page, bounds, order, &counts, visit)
        }
        counts.branch += 1
        for index in 0..<page.count {
            var inner = bounds
            if index > 0 {
                // Everything read so far is less than the key that leads here.
                let key = Array(copying: page.bytes.span.extracting(try page.key(index)))
                try check(
                    page,
                    order.precedes(counts.last, key.span)
                        && !order.precedes(key.span, bounds.from)
                        && order.precedes(key.span, bounds.upTo, orEnd: true))
                inner.from = key
            }
            if index + 1 < page.count {
                inner.upTo = Array(copying: page.bytes.span.extracting(try page.key(index + 1)))
            }
            try walk(page.child(index), depth: depth - 1, inner, order, &counts, visit)
        }
    }

    private mutating func readLeaf(
        _ page: Page, _ bounds: Bounds, _ order: KeyOrder, _ counts: inout Counts,
        _ visit: Visit
    ) throws {
        let bytes = page.bytes.span
        var before: Range<Int>?
        for index in 0..<page.count {
            let place = try page.key(index)
            let key = bytes.extracting(place)
            // Within a page each key is held against the one before, so that the ends are enough.
            var isInOrder =
                before.map { order.precedes(bytes.extracting($0), key) }
                ?? (order.precedes(counts.last, key) && !order.precedes(key, bounds.from))
            if index == page.count - 1 {
                isInOrder = isInOrder && order.precedes(key, bounds.upTo, orEnd: true)
            }
            try check(page, isInOrder && order.admits(key))
            before = place
            counts.entries += 1
            switch try page.content(index) {
            case .value(let value): try visit(key, .row, bytes.extracting(value))
            case .tree(let head): try visit(key, .tree(head), Span())
            case .overflow(let first, let size):
                let value = try readOverflow(first, size, &counts)
                try visit(
                    key, .row,
                    value.span.extracting(Page.headerBytes..<(Page.headerBytes + size)))
            }
        }
        if let before { counts.last = Array(copying: bytes.extracting(before)) }
    }

    /// The pages of a value that has some of its own.
    private mutating func readOverflow(
        _ first: UInt64, _ size: Int, _ counts: inout Counts
    ) throws -> [UInt8] {
        let needed = (Page.headerBytes - 1 + size) / PageFile.pageBytes + 1
        guard first <= lastPage else {
            throw FileDamage("there is no such page", page: first)
        }
        let bytes = try file.read(first, count: needed)
        let pages = try Page.overflowPages(bytes, number: first, atLeast: needed)
        for offset in 0..<UInt64(pages) { try used.use(first + offset) }
        counts.overflow += UInt64(pages)
        return bytes
    }

    private func check(_ page: Page, _ isInOrder: Bool) throws(FileDamage) {
        guard isInOrder else { throw FileDamage("keys out of order", page: page.number) }
    }
}

/// How the keys of a tree are ordered.
enum KeyOrder {
    case bytes
    /// Those of the free list are numbers.
    case numbers

    /// Whether there may be such a key: in bytes' order and in numbers' it would have other places.
    func admits(_ key: Span<UInt8>) -> Bool {
        switch self {
        case .bytes: !key.isEmpty
        case .numbers: key.count == 8
        }
    }

    func precedes(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Bool {
        if case .numbers = self, a.count == 8, b.count == 8 { return a.word64 < b.word64 }
        // The proof: the spans are lent for the call, which reads as many bytes as both have.
        let order = unsafe a.withUnsafeBytes { a in
            unsafe b.withUnsafeBytes { b in
                guard let left = a.baseAddress, let right = b.baseAddress else {
                    return Int32(0)
                }
                return unsafe memcmp(left, right, min(a.count, b.count))
            }
        }
        return order == 0 ? a.count < b.count : order < 0
    }

    /// Whether `a` comes before `b`; where there is no `a`, it does.
    func precedes(_ a: [UInt8]?, _ b: Span<UInt8>) -> Bool {
        guard let a else { return true }
        return precedes(a.span, b)
    }

    /// Whether `a` comes before `b`; where there is no `b`, it does if that stands for the end.
    func precedes(_ a: Span<UInt8>, _ b: [UInt8]?, orEnd: Bool = false) -> Bool {
        guard let b else { return orEnd }
        return precedes(a, b.span)
    }
}

extension Span<UInt8> {
    /// Its first eight bytes as an integer, least significant first.
    fileprivate var word64: UInt64 {
        var word: UInt64 = 0
        for index in 0..<8 { word |= UInt64(self[index]) << (8 * UInt64(index)) }
        return word
    }
}
