/// One page of a tree, taken apart without trust: whatever its bytes are, no place outside it is
/// looked at.
///
/// Layout of LMDB 0.9 on a 64-bit machine (`mdb.c`, `MDB_page` and `MDB_node`): number of the page
/// (8 bytes), 2 unused, flags (2), end of the places (2), begin of the nodes (2); then a place (2)
/// for each node. A node is (4) size or page, (2) flags or more of the page, (2) size of the key,
/// the key, the data.
struct Page {
    enum Kind: Equatable { case branch, leaf }

    static let headerBytes = 16
    private static let nodeBytes = 8
    private static let overflowFlag = 0x04

    let number: UInt64
    let kind: Kind
    let count: Int
    let bytes: [UInt8]
    // Where the nodes begin.
    private let upper: Int

    /// Checks a page's header.
    init(_ bytes: [UInt8], number: UInt64) throws(FileDamage) {
        self.bytes = bytes
        self.number = number
        guard bytes.word64(0) == number else {
            throw FileDamage("it calls itself \(bytes.word64(0))", page: number)
        }
        switch bytes.word16(10) {
        case 0x01: kind = .branch
        case 0x02: kind = .leaf
        case let flags: throw FileDamage("flags \(flags)", page: number)
        }
        let lower = bytes.word16(12)
        upper = bytes.word16(14)
        guard lower >= Self.headerBytes, lower % 2 == 0, lower <= upper, upper <= bytes.count
        else { throw FileDamage("bounds \(lower) and \(upper)", page: number) }
        count = (lower - Self.headerBytes) / 2
        guard count > 0 else { throw FileDamage("no nodes", page: number) }
    }

    /// Where the key of a node lies; that of the first one in a branch page means nothing.
    func key(_ index: Int) throws(FileDamage) -> Range<Int> {
        let place = try place(index)
        let size = bytes.word16(place + 6)
        guard place + Self.nodeBytes + size <= bytes.count else {
            throw FileDamage("a key of \(size) bytes", page: number)
        }
        return (place + Self.nodeBytes)..<(place + Self.nodeBytes + size)
    }

    /// The page that a node of a branch page names.
    func child(_ index: Int) throws(FileDamage) -> UInt64 {
        let place = try place(index)
        return UInt64(bytes.word32(place)) | UInt64(bytes.word16(place + 4)) << 32
    }

    /// What a node of a leaf page holds.
    enum Content {
        /// Where it lies.
        case value(Range<Int>)
        /// On pages of their own: the first of them, and the size.
        case overflow(UInt64, sizeBytes: Int)
        /// The head of a tree inside this one.
        case tree(TreeHead)
    }

    /// What a node of a leaf page holds.
    func content(_ index: Int) throws(FileDamage) -> Content {
        let place = try place(index)
        let begin = place + Self.nodeBytes + bytes.word16(place + 6)
        let size = bytes.word32(place)
        let flags = bytes.word16(place + 4)
        let held = flags == 1 ? 8 : size
        guard begin + held <= bytes.count else {
            throw FileDamage("a value of \(size) bytes", page: number)
        }
        switch flags {
        case 0: return .value(begin..<(begin + size))
        case 1: return .overflow(bytes.word64(begin), sizeBytes: size)
        case 2 where size == TreeHead.bytes: return .tree(TreeHead(bytes, at: begin))
        default: throw FileDamage("a node with flags \(flags)", page: number)
        }
    }

    /// How many pages there are for one value, by the header of the first of them: more than it
    /// takes, if a transaction has written it over a longer one of its own.
    static func overflowPages(
        _ bytes: [UInt8], number: UInt64, atLeast needed: Int
    ) throws(FileDamage) -> Int {
        let pages = bytes.word32(12)
        guard bytes.word64(0) == number, bytes.word16(10) == overflowFlag, pages >= needed
        else { throw FileDamage("no value begins here", page: number) }
        return pages
    }

    private func place(_ index: Int) throws(FileDamage) -> Int {
        precondition(index >= 0 && index < count, "node \(index) of \(count)")
        let place = bytes.word16(Self.headerBytes + 2 * index)
        guard place >= upper, place % 2 == 0, place + Self.nodeBytes <= bytes.count else {
            throw FileDamage("a node at \(place)", page: number)
        }
        return place
    }
}

/// The head of a tree (`MDB_db`): 4 unused, flags (2), depth (2), branch, leaf and overflow pages,
/// entries and root (8 each).
struct TreeHead: Equatable {
    static let bytes = 48

    var depth: Int
    var branchPages: UInt64
    var leafPages: UInt64
    var overflowPages: UInt64
    var entries: UInt64
    /// nil: it is empty.
    var root: UInt64?

    init(_ bytes: [UInt8], at offset: Int) {
        depth = bytes.word16(offset + 6)
        branchPages = bytes.word64(offset + 8)
        leafPages = bytes.word64(offset + 16)
        overflowPages = bytes.word64(offset + 24)
        entries = bytes.word64(offset + 32)
        let page = bytes.word64(offset + 40)
        root = page == .max ? nil : page
    }
}

/// One of the two pages that name the roots (`MDB_meta`).
struct MetaPage {
    let free: TreeHead
    let main: TreeHead
    /// The last page that was ever used.
    let lastPage: UInt64
    /// The number of the commit that wrote it.
    let commit: UInt64

    /// nil for a page that is none.
    init?(_ bytes: [UInt8]) {
        let isMeta = bytes.word16(10) == 0x08 && bytes.word32(16) == 0xBEEF_C0DE
        guard isMeta, bytes.word32(20) == 1, bytes.word32(40) == PageFile.pageBytes else {
            return nil
        }
        free = TreeHead(bytes, at: 40)
        main = TreeHead(bytes, at: 88)
        lastPage = bytes.word64(136)
        commit = bytes.word64(144)
    }
}
