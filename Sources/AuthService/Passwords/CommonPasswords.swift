/// The passwords that are tried first by whoever guesses.
///
/// An exact set in one sorted text: 30 KB in the binary, twelve comparisons to ask.
enum CommonPasswords {
    private static let text = Array(words.utf8)

    /// Whether this is one of them, in lower case.
    static func contain(_ word: some Collection<UInt8>) -> Bool {
        guard !word.isEmpty, !word.contains(where: isSeparator) else { return false }
        var low = 0
        var high = text.count
        // A word begins at `low`, and none that is asked for at or behind `high`.
        while low < high {
            let middle = begin(around: (low + high) / 2, notBefore: low)
            let end = text[middle...].firstIndex(where: isSeparator) ?? text.count
            let found = text[middle..<end]
            if found.elementsEqual(word) { return true }
            if found.lexicographicallyPrecedes(word) { low = end + 1 } else { high = middle }
        }
        return false
    }

    /// Where the word begins that holds this byte, or stands before it.
    private static func begin(around place: Int, notBefore low: Int) -> Int {
        var begin = place
        while begin > low, !isSeparator(text[begin - 1]) { begin -= 1 }
        return begin
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n")
    }
}
