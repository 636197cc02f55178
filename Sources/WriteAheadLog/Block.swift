/// The unit in which files are laid out. Every group begins at one and fills whole ones, so that
/// a block with acknowledged bytes is never written again and no assumption is made about what a
/// power cut does to the rest of a block that is being rewritten.
enum Block {
    static let bytes = 4096

    /// How many blocks `count` bytes fill.
    static func count(forBytes count: Int) -> Int { (count + bytes - 1) / bytes }
}

extension [UInt8] {
    /// Whether the bytes at `offset` are `other`.
    func matches(_ other: [UInt8], at offset: Int) -> Bool {
        precondition(offset >= 0 && offset + other.count <= count, "\(other.count) at \(offset)")
        // Words first; every load lies within `other`, and so within the checked range here.
        return unsafe withUnsafeBytes { mine in
            unsafe other.withUnsafeBytes { theirs in
                var step = 0
                while step + 8 <= theirs.count {
                    let word = unsafe mine.loadUnaligned(
                        fromByteOffset: offset + step, as: UInt64.self)
                    guard
                        word
                            == (unsafe theirs.loadUnaligned(
                                fromByteOffset: step, as: UInt64.self))
                    else { return false }
                    step += 8
                }
                while step < theirs.count {
                    guard unsafe mine[offset + step] == theirs[step] else { return false }
                    step += 1
                }
                return true
            }
        }
    }

    /// Whether the bytes in `range` are all zero.
    func isZero(in range: Range<Int>) -> Bool {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "range \(range)")
        // Whole words first: a segment is large. `offset` stays within the checked range.
        return unsafe withUnsafeBytes { buffer in
            var offset = range.lowerBound
            while offset + 8 <= range.upperBound {
                guard unsafe buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self) == 0
                else { return false }
                offset += 8
            }
            while offset < range.upperBound {
                guard unsafe buffer[offset] == 0 else { return false }
                offset += 1
            }
            return true
        }
    }
}
