import Foundation

/// The data file of a node's state, as far as a drill must know it to hurt it: where the pages of a
/// table lie that the newest commit names (LMDB 0.9, `mdb.c`: `MDB_meta`, `MDB_db`, `MDB_page`).
struct StateFile {
    static let pageBytes = 4096

    /// A page of a tree.
    struct Page {
        let number: UInt64
        let isBranch: Bool
        /// Where its nodes begin, in the page.
        let nodes: [Int]
    }

    private let bytes: [UInt8]
    private let path: String

    /// Reads a file as it is.
    init(path: String) throws {
        self.path = path
        bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        guard bytes.count >= 2 * Self.pageBytes else { throw DrillFailure("\(path) is no state") }
    }

    /// The folder of the state that counts.
    static func current(inFolder folder: String) throws -> String {
        let text = try String(contentsOfFile: "\(folder)/CURRENT", encoding: .utf8)
        let words = text.split(separator: " ")
        guard words.count == 3 else { throw DrillFailure("\(folder)/CURRENT: \(text)") }
        return "\(folder)/\(words[1])"
    }

    /// All pages of the table of sessions, from its root on.
    func pagesOfSessions() throws -> [Page] {
        let newest = try [0, Self.pageBytes].max { try word(144 + $0, 8) < word(144 + $1, 8) } ?? 0
        for leaf in try pages(from: try word(newest + 88 + 40, 8)) where !leaf.isBranch {
            for node in leaf.nodes {
                // The name of a table, and its head behind that.
                let name = Int(leaf.number) * Self.pageBytes + node + 8
                let head = name + Int(try word(name - 2, 2))
                guard bytes[name..<head].elementsEqual("t09".utf8) else { continue }
                return try pages(from: try word(head + 40, 8))
            }
        }
        throw DrillFailure("\(path) has no sessions")
    }

    private func pages(from root: UInt64) throws -> [Page] {
        var found: [Page] = []
        var next = [root]
        while let number = next.popLast() {
            let start = Int(number) * Self.pageBytes
            let isBranch = try word(start + 10, 2) & 1 == 1
            let count = (Int(try word(start + 12, 2)) - 16) / 2
            let nodes = try (0..<max(count, 0)).map { Int(try word(start + 16 + 2 * $0, 2)) }
            found.append(Page(number: number, isBranch: isBranch, nodes: nodes))
            guard isBranch else { continue }
            for node in nodes {
                next.append(try word(start + node, 4) | word(start + node + 4, 2) << 32)
            }
        }
        return found
    }

    /// Flips a bit of a page: of its first row's value, or of the page that its second node names.
    func flip(_ page: Page) throws {
        guard let first = page.nodes.first else { throw DrillFailure("an empty page") }
        let start = Int(page.number) * Self.pageBytes
        if page.isBranch {
            try Self.flip(path, at: start + (page.nodes.count > 1 ? page.nodes[1] : first))
        } else {
            // Behind the head of the node and its key.
            try Self.flip(path, at: start + first + 8 + Int(word(start + first + 6, 2)))
        }
    }

    /// Flips a bit of a file, under whoever has it open.
    static func flip(_ path: String, at offset: Int) throws {
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        defer { file.closeFile() }
        try file.seek(toOffset: UInt64(offset))
        guard let byte = try file.read(upToCount: 1)?.first else {
            throw DrillFailure("\(path) ends before \(offset)")
        }
        try file.seek(toOffset: UInt64(offset))
        try file.write(contentsOf: Data([byte ^ 4]))
        try file.synchronize()
    }

    private func word(_ place: Int, _ count: Int) throws -> UInt64 {
        guard place >= 0, place + count <= bytes.count else {
            throw DrillFailure("\(path): nothing at \(place)")
        }
        return (0..<count).reduce(0) { $0 | UInt64(bytes[place + $1]) << (8 * UInt64($1)) }
    }
}
