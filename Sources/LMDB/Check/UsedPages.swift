/// Which pages of a file hold something.
struct UsedPages {
    private var bits: [UInt64]
    private let lastPage: UInt64
    private(set) var count: UInt64 = 0

    /// - Parameters:
    ///   - lastPage: the last one that the commit knows.
    ///   - fileEnd: the number behind the last one in the file.
    init(lastPage: UInt64, fileEnd: UInt64) {
        self.lastPage = lastPage
        let mapped = min(max(lastPage, 1), 1 << 40)
        bits = [UInt64](repeating: 0, count: Int(min(mapped, fileEnd) / 64 + 1))
    }

    /// Notes that a page holds something.
    ///
    /// - Throws: when there is no such page, or it holds something else already.
    mutating func use(
        _ page: UInt64, mayLieBehindTheEnd: Bool = false
    ) throws(FileDamage) {
        guard page >= 2, page <= lastPage else {
            throw FileDamage("there is no such page", page: page)
        }
        let word = Int(page / 64)
        guard word < bits.count else {
            // Free pages at the end need not have been written.
            if mayLieBehindTheEnd { return }
            throw FileDamage("behind the end of the file", page: page)
        }
        let bit: UInt64 = 1 << (page % 64)
        guard bits[word] & bit == 0 else { throw FileDamage("it is used twice", page: page) }
        bits[word] |= bit
        count += 1
    }

    /// Takes the pages of others in.
    ///
    /// - Precondition: both are of one commit.
    /// - Throws: when both have one.
    mutating func add(_ other: UsedPages) throws(FileDamage) {
        precondition(bits.count == other.bits.count, "pages of two files")
        for word in bits.indices {
            let both = bits[word] & other.bits[word]
            guard both == 0 else {
                throw FileDamage(
                    "it is used twice", page: UInt64(64 * word + both.trailingZeroBitCount))
            }
            bits[word] |= other.bits[word]
        }
        count += other.count
    }
}
